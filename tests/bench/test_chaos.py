"""The chaos run: its plan and its ledger by themselves, then a short seeded run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.chaos import media
from bench.chaos.ledger import (
    Judgement,
    Reply,
    judge_downlink,
    judge_uplink,
    owned,
    stories_of,
)
from bench.chaos.plan import Kind, draw, parse_kinds
from bench.chaos.record import Absence, Hidden, Record, Sent
from bench.chaos.report import as_tables, is_balanced
from bench.chaos.script import Moment, moments
from bench.chaos.signs import Breaks, Signs, Silence
from shared.codec import StreamId
from tests.support.processes import Process

NUMBERS = range(1, 11)
WORKER_AND_GATEWAY = "worker-kill,gateway-kill,live-drop,dead-handle,network-cut"


def _record() -> Record:
    """Return a client that said ten chunks."""
    sent = [Sent(n, "audio", f"chunk-{n}") for n in NUMBERS]
    return Record(sent=sent)


def _history(numbers: Sequence[int], *, is_live: bool = True) -> dict[str, Any]:
    """Return an entry of local-live's ledger that holds these chunks."""
    items = [{"kind": "audio", "digest": f"chunk-{n}"} for n in numbers]
    return {"session": "x" if is_live else None, "items": items}


def _judged(record: Record, *histories: dict[str, Any], is_parked: bool = False) -> Judgement:
    mine = owned(stories_of(histories), record.sent)
    return judge_uplink(record, mine, is_parked=is_parked)


def test_a_seed_fixes_the_plan() -> None:
    """The same seed draws the same faults, another seed others; each kind comes once in turn."""
    plan = draw(5, 120.0, 4.0)

    assert plan == draw(5, 120.0, 4.0) != draw(6, 120.0, 4.0)
    assert {one.kind for one in plan[: len(Kind)]} == set(Kind)
    assert all(a.at_s < b.at_s for a, b in pairwise(plan))


def test_kinds_are_named() -> None:
    """A list of faults is read by name, and one that there is not is refused."""
    assert parse_kinds("redis-kill, go-away") == [Kind.REDIS_KILL, Kind.GO_AWAY]
    with pytest.raises(ValueError, match="earthquake"):
        parse_kinds("earthquake")


def test_chunks_differ_and_quiet_ones_are_quiet() -> None:
    """No two chunks of any client are the same bytes; the number alone makes none loud."""
    chunks = [media.chunk(client, n, loud=False) for client in (1, 2) for n in (1, 4_096, 4_097)]

    assert len(set(chunks)) == len(chunks)
    samples = memoryview(chunks[-1]).cast("h")
    assert sum(sample**2 for sample in samples[:320]) / 320 < 500**2


def test_a_whole_history_balances() -> None:
    """Every chunk once and in order: nothing is missing, twice or out of order."""
    judgement = _judged(_record(), _history(NUMBERS))

    assert judgement.uplink.is_balanced
    assert (judgement.uplink.sent, judgement.uplink.reached) == (10, 10)
    assert judgement.details == []


@pytest.mark.parametrize(
    ("numbers", "missing", "twice", "disordered"),
    [
        ([1, 2, 3, 5, 6, 7, 8, 9, 10], 1, 0, 0),
        ([1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10], 0, 1, 0),
        ([1, 2, 3, 5, 4, 6, 7, 8, 9, 10], 0, 0, 1),
    ],
)
def test_what_is_wrong_is_counted(
    numbers: list[int], missing: int, twice: int, disordered: int
) -> None:
    """A hole, a repeat and a swap each show in their own column."""
    row = _judged(_record(), _history(numbers)).uplink

    assert (row.missing, row.twice, row.disordered) == (missing, twice, disordered)


def test_a_fresh_history_is_joined_to_the_one_before() -> None:
    """What came before the replay point counts from the older history, cut at that point."""
    judgement = _judged(
        _record(), _history(range(1, 8), is_live=False), _history(range(5, 11), is_live=True)
    )

    assert judgement.uplink.is_balanced


@pytest.mark.parametrize("older", [[1, 2, 3], [1, 2, 2, 3, 4, 5], [1, 3, 4, 5]])
def test_an_older_history_must_hold_all_before_the_replay(older: list[int]) -> None:
    """A hole or a repeat before the replay point is found in the older history too."""
    judgement = _judged(_record(), _history(older, is_live=False), _history(range(5, 11)))

    assert not judgement.uplink.is_balanced


def test_a_session_has_one_live_history() -> None:
    """Two open Live sessions for one client are told."""
    judgement = _judged(_record(), _history(NUMBERS), _history(NUMBERS))

    assert judgement.details == ["2 live histories of a session"]


def test_a_parked_session_has_none() -> None:
    """Its histories are joined all the same, and one that is open is told."""
    older, newer = _history(range(1, 8), is_live=False), _history(range(5, 11), is_live=False)

    judgement = _judged(_record(), older, newer, is_parked=True)
    assert judgement.uplink.is_balanced
    assert judgement.details == []

    open_too = _judged(_record(), older, _history(range(5, 11)), is_parked=True)
    assert open_too.details == ["1 live histories of a parked session"]


def test_a_hidden_picture_may_come_before_the_stop_only() -> None:
    """A picture from before the stop is found if something said after the stop came first."""
    record = replace(_record(), pictures={"p1": 1}, hidden=[Hidden(sent_before=3, picture=1)])
    history = _history(NUMBERS)
    picture = {"kind": "video", "digest": "p1"}

    before = {**history, "items": [*history["items"][:3], picture, *history["items"][3:]]}
    after = {**history, "items": [*history["items"][:5], picture, *history["items"][5:]]}

    assert _judged(record, before).hidden_shown == 0
    assert _judged(record, after).hidden_shown == 1


def _reply(seq: int, *, turn: int = 1, is_audio: bool = False, cuts: bool = False) -> Reply:
    return Reply(StreamId(1, seq), is_audio, turn, time_ms=seq * 1_000.0, cuts=cuts)


def _received(*seqs: int, **fields: Any) -> Record:
    return Record(received=[StreamId(1, seq) for seq in seqs], **fields)


def test_replies_must_come_once_and_in_order() -> None:
    """A reply that is lost, or comes twice, shows; so does the wrong order."""
    published = [_reply(seq) for seq in (1, 2, 3, 4)]
    judgement = Judgement()

    judge_downlink(_received(1, 3, 3, 2), published, judgement)

    row = judgement.downlink
    assert (row.missing, row.twice, row.disordered) == (1, 1, 1)


def test_speech_of_an_interrupted_turn_may_be_left_out() -> None:
    """Speech before an `interrupted` of its turn need not come; its words must."""
    published = [_reply(1, is_audio=True), _reply(2), _reply(3, cuts=True), _reply(4, turn=2)]
    judgement = Judgement()

    judge_downlink(_received(3, 4), published, judgement)

    assert (judgement.downlink.left_out, judgement.downlink.missing) == (1, 1)


@pytest.mark.parametrize(("left_ms", "left_out"), [(0.0, 1), (3_000.0, 0)])
def test_old_speech_may_be_left_out_after_a_long_absence(left_ms: float, left_out: int) -> None:
    """Only a client that was away for long is spared the speech of that time."""
    away = Absence(StreamId(1, 1), left_ms, 5_000.0)
    published = [_reply(1), _reply(2, is_audio=True), _reply(3)]
    judgement = Judgement()

    judge_downlink(_received(1, 3, absences=[away]), published, judgement)

    assert judgement.downlink.left_out == left_out
    assert judgement.downlink.missing == 1 - left_out


def test_silences_are_noticed() -> None:
    """Only a time without signs that is longer than usual counts."""
    signs = Signs()

    for now_s in (0.0, 0.1, 0.2, 2.2, 2.3):
        signs.seen(now_s)

    assert signs.silences == [Silence(0.2, 2.2)]


def test_a_break_explains_the_silence_that_came_of_it() -> None:
    """From its first moment to its last, and nothing before or after."""
    breaks = Breaks()
    for second, is_on in enumerate((False, True, True, False, False)):
        breaks.seen(10.0 + second, is_on=is_on)

    assert breaks.spans == [[11.0, 13.0]]
    assert breaks.explain(Silence(10.9, 13.5))
    assert breaks.explain(Silence(12.9, 14.0))
    assert not breaks.explain(Silence(9.0, 10.9))
    assert not breaks.explain(Silence(13.1, 14.0))


def test_clients_make_breaks() -> None:
    """Long enough for a session to be parked, and nothing is said in them."""
    script = list(islice(moments(1, 1), 5_000))

    breaks = groupby(moment.is_break for moment in script)
    lengths = [len(list(group)) for is_break, group in breaks if is_break]
    assert len(lengths) > 3
    assert max(lengths) * media.CHUNK_S > 3.0
    assert {moment for moment in script if moment.is_break} == {Moment(is_break=True)}


async def test_a_short_run_balances(tmp_path: Path) -> None:
    """Six clients, and five faults with a worker and a gateway killed: all once, in order."""
    file = tmp_path / "figures.json"
    options = ("--sessions", "6", "--seconds", "15", "--seed", "147", "--every", "2.2")

    process = await Process.start(
        "chaos",
        sys.executable,
        *("-m", "bench.chaos", *options, "--faults", WORKER_AND_GATEWAY, "--json", file),
        env={"PWD": str(tmp_path), "COLUMNS": "120"},
    )

    assert await process.ended(120) == 0, process.text
    figures = json.loads(file.read_text(encoding="utf-8"))
    struck = {kind: row["faults"] for kind, row in figures["silences"].items()}
    assert struck["worker-kill"] >= 1
    assert struck["gateway-kill"] >= 1
    assert figures["said"]["sent"] >= 6 * 15 * 20
    assert figures["replies"]["sent"] > 100
    assert "The ledger balances." in process.text
    figures["said"]["missing"] = 1
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(as_tables(figures))
    assert not is_balanced(figures)
    assert "does not balance" in capture.get()
