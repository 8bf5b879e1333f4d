"""The monitor: rows and tables by themselves, then everything against real processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from shared import keys
from shared.bus import Bus, open_bus
from tests.support.client import Client
from tests.support.media import jpeg, silence
from tests.support.processes import Process, until
from tests.support.system import System
from web.monitor_end import CannotEnd, EndedBy, end_session
from web.monitor_snapshot import (
    GatewayRow,
    SessionRow,
    Snapshot,
    WorkerRow,
    gateway_row,
    number_of,
    session_row,
    take_snapshot,
    worker_row,
)
from web.monitor_view import as_json, as_tables, count, duration

NOW_MS = 1_700_000_100_000
SESSION_ID = "q1Zt8cC0RrO5u0m7C1cJ2w"
FIELDS = {
    "user": "u-7",
    "state": "live",
    "door": "native",
    "created_ms": str(NOW_MS - 65_000),
    "seen_ms": str(NOW_MS - 1_200),
    "model": "gemini-3.8-live",
    "worker": "host-12-a1b2c3",
    "gateway": "host-9-0f0f0f",
    "turn": "4",
    "chunks": "1234",
    "frames": "61",
    "texts": "3",
    "tokens_prompt": "100",
    "tokens_response": "20",
    "tokens_total": "120",
    "lease_epoch": "3",
    "crashes": "1",
}
WORKER = WorkerRow("host-12-a1b2c3", True, 0.4, 1, 100, "gemini-3.8-live", False)
GATEWAY = GatewayRow("host-9-0f0f0f", True, 0.9, 1, 2_000, False)


def _snapshot(*sessions: SessionRow) -> Snapshot:
    return Snapshot(NOW_MS, 2, sessions, (WORKER,), (GATEWAY,))


def _printed(snapshot: Snapshot, width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(as_tables(snapshot, console))
    return capture.get()


# --- rows and tables ------------------------------------------------------------------------------


def test_a_row_counts_ages_lag_and_takeovers() -> None:
    """Times are since then, lag is 40 ms for each entry, and the first claim is no takeover."""
    row = session_row(SESSION_ID, FIELDS, 25, NOW_MS)

    assert (row.age_s, row.seen_s) == (65.0, 1.2)
    assert (row.lag_entries, row.lag_ms) == (25, 1_000)
    assert (row.takeovers, row.crashes, row.tokens_total) == (2, 1, 120)


def test_a_session_that_nobody_holds_yet_has_a_row() -> None:
    """Of a queued session most fields are missing: numbers are 0 and names are none."""
    row = session_row(SESSION_ID, {"user": "u", "state": "queued"}, 3, NOW_MS)

    assert (row.worker, row.model, row.gateway) == (None, None, None)
    assert (row.chunks, row.takeovers, row.age_s) == (0, 0, 0.0)


def test_a_marker_stands_for_the_number_before_it() -> None:
    """The entry that opens a connection has number 0 in its id, and the last one in a field."""
    assert number_of((b"2-0", {b"m": b"", b"last": b"57"})) == 57
    assert number_of((b"2-58", {b"m": b""})) == 58


def test_a_process_without_fields_is_not_alive() -> None:
    """The fields go when a process stops beating, and the row says so."""
    assert worker_row("w", {}, 9.0) == WorkerRow("w", False, 9.0, 0, 0, None, False)
    assert gateway_row("g", {"draining": "1", "connections": "2"}, 0.1).draining


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (12.4, "12 s"), (185, "3 m 05 s"), (7_800, "2 h 10 m")]
)
def test_durations_read_well(seconds: float, said: str) -> None:
    """The unit grows with the time."""
    assert duration(seconds) == said


def test_numbers_are_grouped() -> None:
    """Three digits each, kept together by a narrow space."""
    assert count(1_234_567) == "1\u202f234\u202f567"


def test_a_wide_terminal_shows_every_column() -> None:
    """With room enough, nothing is left out."""
    printed = _printed(_snapshot(session_row(SESSION_ID, FIELDS, 25, NOW_MS)), 240)

    for words in (
        *("u-7", "live", "1 m 05 s", "gemini-3.8-live", "12-a1b2c3", "9-0f0f0f", "native"),
        *("1\u202f234", "61", "120", "25 = 1\u202f000 ms", "1.2 s ago", "1/100", "1/2000"),
        "sessions 1 · waiting 2 · workers 1 · gateways 1",
    ):
        assert words in printed


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_a_narrow_terminal_loses_columns_and_never_the_id(width: int) -> None:
    """Rows stay one line each, and the session's id stays whole: it is what `--end` takes."""
    printed = _printed(_snapshot(session_row(SESSION_ID, FIELDS, 25, NOW_MS)), width)

    lines = [line.rstrip() for line in printed.splitlines()]
    assert max(len(line) for line in lines) <= width
    assert len([line for line in lines if line.startswith(f"{SESSION_ID}  ")]) == 1
    assert "…" not in printed
    assert "TAKEOVERS" not in printed


def test_text_from_redis_is_shown_as_it_is() -> None:
    """Markup is not obeyed, and control characters do not reach the terminal."""
    row = replace(session_row(SESSION_ID, FIELDS, 0, NOW_MS), user="[red]x[/red]\x1b[2J\n")

    printed = _printed(_snapshot(row), 240)

    assert "[red]x[/red]·[2J·" in printed
    assert "\x1b" not in printed


def test_json_has_the_documented_fields() -> None:
    """Scripts find each figure under its own name."""
    parsed = json.loads(as_json(_snapshot(session_row(SESSION_ID, FIELDS, 25, NOW_MS))))

    assert parsed["queue"] == 2
    assert parsed["sessions"][0]["lag_ms"] == 1_000
    assert parsed["workers"][0]["alive"] is True
    assert parsed["gateways"][0]["connections"] == 1


# --- against a real system ------------------------------------------------------------------------


async def _monitor(system: System, *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it wrote."""
    command: Sequence[str] = (sys.executable, "-m", "web.monitor", *arguments)
    env = {**system.env, "COLUMNS": "200"}
    process = await Process.start("monitor", *command, env=env)
    code = await process.ended(30)
    return code, process.text


async def _row_of(bus: Bus, client: Client) -> SessionRow:
    rows = {row.id: row for row in (await take_snapshot(bus)).sessions}
    return rows[client.ready["session"]]


async def test_a_snapshot_shows_the_session_with_its_figures(system: System) -> None:
    """What was sent is counted, and who holds the session is named as the processes name it."""
    client = await system.client("watched")
    await client.connect(system.url())
    await client.wait_for("state", state="live")
    for chunk in silence(first=1, chunks=20):
        await client.speak(chunk)
    await client.show(jpeg(640, 360))
    await client.say("text", text="Good morning", picture=1)
    await client.wait_for("turn_end")

    async with open_bus(system.redis.url, name="test") as bus:

        async def counted() -> bool:
            row = await _row_of(bus, client)
            counted = (row.chunks, row.lag_entries, row.texts) == (20, 0, 1)
            return counted and row.tokens_total > 0

        await until(counted, "all is counted and nothing lags")
        snapshot = await take_snapshot(bus, user="watched")

    (row,) = snapshot.sessions
    assert (row.user, row.state, row.door, row.model) == (
        *("watched", "live", "native", "gemini-3.8-live"),
    )
    assert (row.frames, row.takeovers, row.crashes) == (1, 0, 0)
    assert row.seen_s < 5
    assert [w.sessions >= 1 and w.alive for w in snapshot.workers if w.id == row.worker] == [True]
    assert [g.alive for g in snapshot.gateways if g.id == row.gateway] == [True]
    await client.say("end")
    await client.wait_closed()


async def test_the_command_prints_json_and_a_table(system: System) -> None:
    """`--json` is one object on standard output; `--once` is a table; neither shows any content."""
    client = await system.client("secretive")
    await client.connect(system.url(), instructions="Never mention the walrus.")
    await client.say("text", text="What about the walrus?")
    await client.wait_for("turn_end")

    code, text = await _monitor(system, "--json", "--user", "secretive")
    once_code, table = await _monitor(system, "--once")

    session_id = client.ready["session"]
    assert (code, once_code) == (0, 0)
    assert [row["id"] for row in json.loads(text)["sessions"]] == [session_id]
    assert session_id in table
    assert "walrus" not in text + table
    await client.say("end")
    await client.wait_closed()


async def test_ending_a_session_tells_its_client(system: System) -> None:
    """`--end` has the worker end it: the client is told why, and the command says who did it."""
    client = await system.client()
    await client.connect(system.url())
    await client.wait_for("state", state="live")

    code, text = await _monitor(system, "--end", client.ready["session"])

    assert (code, EndedBy.WORKER.value in text) == (0, True), text
    ended = await client.wait_for("state", state="ended", reason="operator")
    assert ended["message"] == "The operator ended this conversation."
    assert await client.wait_closed() == (4501, "ended: operator")


async def test_a_session_that_is_over_cannot_be_ended(system: System) -> None:
    """The second `--end` says that it is over, an unknown or impossible id that there is none."""
    client = await system.client()
    await client.connect(system.url())
    await client.wait_for("state", state="live")
    await client.say("end")
    await client.wait_closed()

    over = await _monitor(system, "--end", client.ready["session"])
    unknown = await _monitor(system, "--end", keys.new_session_id())
    impossible = await _monitor(system, "--end", "*")

    assert over == (1, f"Session {client.ready['session']} is over already (reason: client).\n")
    assert (unknown[0], "There is no session" in unknown[1]) == (1, True)
    assert (impossible[0], "is not the id of a session" in impossible[1]) == (1, True)


async def test_a_queued_session_that_no_worker_holds_can_be_ended(empty_system: System) -> None:
    """With no worker at all the client is told just the same, and nothing is left for a worker."""
    await empty_system.start_gateway()
    client = await empty_system.client()
    await client.connect(empty_system.url())
    await client.wait_for("state", state="queued", position=1)

    async with open_bus(empty_system.redis.url, name="test") as bus:
        waiting = await take_snapshot(bus)
        ended_by = await end_session(bus, client.ready["session"])
        after = await take_snapshot(bus)

        assert (waiting.queue, waiting.sessions[0].state) == (1, "queued")
        assert ended_by is EndedBy.OPERATOR
        await client.wait_for("state", state="ended", reason="operator")
        assert await client.wait_closed() == (4501, "ended: operator")
        assert (after.queue, after.sessions) == (0, ())
        assert await bus.send("XLEN", keys.DISPATCH) == 0


async def test_sessions_that_no_worker_has_been_given_are_counted(empty_system: System) -> None:
    """With one worker that is full, the second session waits, and the first does not count."""
    await empty_system.start_live()
    await empty_system.start_worker(WORKER_CAPACITY="1")
    await empty_system.start_gateway()
    first, second = await empty_system.client(), await empty_system.client()
    await first.connect(empty_system.url())
    await first.wait_for("state", state="live")

    await second.connect(empty_system.url())

    async with open_bus(empty_system.redis.url, name="test") as bus:
        snapshot = await take_snapshot(bus)
    assert snapshot.queue == 1
    assert [row.state for row in snapshot.sessions] == ["live", "queued"]
    assert [row.capacity for row in snapshot.workers] == [1]


async def test_a_session_whose_worker_hangs_is_ended_over_its_head(own_system: System) -> None:
    """A worker that does not answer is not waited for, and when it wakes up it is fenced."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.wait_for("state", state="live")
    own_system.workers[0].signal(19)  # SIGSTOP

    async with open_bus(own_system.redis.url, name="test") as bus:
        ended_by = await end_session(bus, client.ready["session"], holder_s=0.5)
        await client.wait_closed()
        own_system.workers[0].signal(18)  # SIGCONT
        await own_system.workers[0].says("another worker holds the session")

        with pytest.raises(CannotEnd, match="is over already"):
            await end_session(bus, client.ready["session"])
    assert ended_by is EndedBy.OPERATOR
    assert client.messages[-1]["state"] == "ended"


async def test_a_wish_never_makes_a_session_of_nothing(bus: Bus) -> None:
    """Ending what is not there leaves no key behind."""
    with pytest.raises(CannotEnd):
        await end_session(bus, SESSION_ID)

    assert await bus.send("DBSIZE") == 0


async def test_a_redis_that_is_away_is_told_in_a_sentence(empty_system: System) -> None:
    """No traceback, exit code 1, and where to look."""
    env_url = "redis://127.0.0.1:1/0"

    code, text = await _monitor(empty_system, "--json", "--redis-url", env_url)

    assert code == 1
    assert "Redis did not answer" in text
    assert "REDIS_URL" in text
    assert "Traceback" not in text


async def test_it_watches_until_it_is_told_to_stop(system: System) -> None:
    """On a terminal it draws again and again, and SIGINT ends it with code 0."""
    leader, follower = os.openpty()
    process = await Process.start(
        "monitor",
        *("bash", "-c", f'exec {sys.executable} -m web.monitor >"$1"', "-", os.ttyname(follower)),
        env={**system.env, "COLUMNS": "120", "LINES": "30", "TERM": "xterm"},
    )
    os.set_blocking(leader, False)
    drawn = bytearray()

    def twice() -> bool:
        try:
            drawn.extend(os.read(leader, 65_536))
        except BlockingIOError:
            return False
        return drawn.count(b"Overshoulder ") >= 2

    await until(twice, f"two drawings; it said {process.text}")
    process.signal(2)

    assert await process.ended(10) == 0
    os.close(leader)
    os.close(follower)
