"""The bench: its arithmetic by itself, then a short run for correctness only."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench import run
from bench.lock import alone
from bench.marks import REPLY_MS
from bench.media import screen_jpeg
from bench.meters import cpu_s, percentile, resident_kb, summary
from bench.publish import publish, renew
from bench.report import COLUMNS, added_ms, as_markdown, as_tables, ratios, short_name, warnings
from bench.run import Case, is_lossless, measure
from bench.suite import default_cases, together
from bench.targets import Kind
from gateway.pictures import check_jpeg
from tests.support.processes import Process


def test_percentiles_are_values_that_occurred() -> None:
    """The p50 of a hundred is the fiftieth, the p99 the ninety-ninth; of one value, that one."""
    hundred = [float(n) for n in range(1, 101)]

    assert [percentile(hundred, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert summary([7.0]) == {"count": 1, "p50": 7.0, "p90": 7.0, "p99": 7.0, "max": 7.0}
    assert summary([]) == {"count": 0}


def test_the_meters_read_this_process() -> None:
    """Work shows as CPU time, and a process has memory."""
    before = cpu_s(os.getpid())
    while cpu_s(os.getpid()) < before + 0.02:
        sum(range(10_000))

    assert resident_kb(os.getpid()) > 1_000


def test_the_picture_has_the_size_and_passes_the_gateway() -> None:
    """It has exactly the bytes asked for, and is a JPEG to those who check."""
    jpeg = screen_jpeg(60_000)

    check_jpeg(jpeg, 1)
    assert len(jpeg) == 60_000


def test_only_one_bench_runs_at_a_time(tmp_path: Path) -> None:
    """The second gets in when the first is done."""
    lock = tmp_path / "lock"

    with alone(lock), lock.open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_default_suite_measures_every_kind_at_twenty_sessions() -> None:
    """Side by side, and this system in every profile."""
    cases = default_cases(1.0)

    assert {case.kind for case in cases if case.sessions == 20} == set(Kind)
    assert {case.chunk_ms for case in cases if case.kind is Kind.NATIVE} == {0, 20, 40, 100}
    assert [case.park_s > 0 for case in cases if not case.chunk_ms] == [True]


def test_runs_of_one_case_are_put_together() -> None:
    """Times and costs by their median, losses by their sum; a first problem is kept."""
    runs = [_figures(Kind.NATIVE, cpu_ms) for cpu_ms in (3.0, 5.0)]
    runs[1]["loss"]["holes"] = 2
    runs[1]["first_problems"] = ["cut off"]

    [one] = together(runs)

    assert one["servers_cpu_ms_per_session_s"] == 4.0
    assert one["loss"]["holes"] == 2
    assert one["first_problems"] == ["cut off"]
    assert one["runs"] == 2


def test_added_latency_is_the_difference_to_the_direct_connection() -> None:
    """Of the same load; none is said where that was not measured."""
    direct, native = _figures(Kind.DIRECT, 0.0, p50=0.5), _figures(Kind.NATIVE, 4.0, p50=2.0)

    assert added_ms(native, [direct, native]) == {"p50": 1.5, "p90": 1.5, "p99": 1.5}
    assert added_ms(direct, [direct, native]) is None
    assert added_ms(native, [native]) is None


def test_the_report_compares_and_warns() -> None:
    """Ratios of what does the same work; whatever makes a figure doubtful is said."""
    door, relay = _figures(Kind.DOOR, 4.0), _figures(Kind.RELAY, 8.0)
    relay["loss"]["holes"] = 3
    relay["cpu_share_of_other_processes"] = 0.5
    relay["generator_late_ms"] = {"count": 1, "p99": 30.0}
    console = Console(width=250, color_system=None)

    with console.capture() as capture:
        console.print(as_tables([door, relay], {}))

    assert not is_lossless(relay)
    assert "3 holes" in capture.get()
    [ratio] = ratios([door, relay])
    assert "tutorial's door takes 0.50 times the CPU of plain relay at 20 sessions" in ratio
    [doubt] = warnings([door, relay])
    assert doubt.startswith("plain relay, 20 sessions, 40 ms: other processes took 50%")
    assert doubt.endswith("; the load generator itself was late by 30 ms (p99).")


def test_what_cannot_keep_up_is_not_compared() -> None:
    """Work that is put off costs nothing yet."""
    door, relay = _figures(Kind.DOOR, 4.0, p50=900.0), _figures(Kind.RELAY, 8.0)

    assert ratios([door, relay]) == []
    assert "could not keep up" in "".join(warnings([door, relay]))


def test_what_is_missing_is_said() -> None:
    """A comparator that could not be installed is a line below the table."""
    reason = "Pipecat cannot be installed: no network"

    text = as_markdown([_figures(Kind.NATIVE, 4.0)], {Kind.PIPECAT: reason})

    assert text.endswith(f"- {reason}")
    assert text.count("|") == 3 * (len(COLUMNS) + 1)


def test_publishing_renews_table_plot_and_figures(tmp_path: Path) -> None:
    """And leaves the rest of the page alone."""
    (tmp_path / "images").mkdir()
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n")
    figures = [_figures(Kind.NATIVE, 4.0)]

    publish({"figures": figures, "missing": {}}, tmp_path)

    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| Overshoulder |" in text
    assert "old" not in text
    assert (tmp_path / "images" / "performance.svg").read_text().startswith("<?xml")
    assert json.loads((tmp_path / "performance.json").read_bytes())["figures"] == figures


def test_a_page_without_a_place_for_it_is_not_touched(tmp_path: Path) -> None:
    """Rather than to lose what was measured without a word."""
    page = tmp_path / "page.md"
    page.write_text("<!-- other: begin -->\n<!-- other: end -->\n")

    with pytest.raises(ValueError, match=r"page\.md has no place for bench"):
        renew(page, "bench", "a table")


@pytest.mark.parametrize("kinds", ["direct,native", "door,relay"])
async def test_a_short_run_loses_nothing_and_fills_every_figure(tmp_path: Path, kinds: str) -> None:
    """Six sessions, three at a time: all arrives, every process costs something, it is printed."""
    file = tmp_path / "figures.json"
    load = ("--sessions", "6", "--seconds", "3", "--warm-up", "1", "--rounds", "1")
    command = ("-m", "bench", *load, "--generators", "2", "--against", kinds)

    process = await Process.start(
        "bench", sys.executable, *command, "--json", file, env={"PWD": str(tmp_path)}
    )

    assert await process.ended(120) == 0, process.text
    figures = json.loads(file.read_text(encoding="utf-8"))["figures"]
    assert [one["case"]["kind"] for one in figures] == kinds.split(",")
    for one in figures:
        assert is_lossless(one)
        assert one["replies"] >= 1_000 // REPLY_MS
        assert one["round_trip_ms"]["count"] > 0
        assert one["pictures"]["at_the_model"] > 0
    servers = [name for one in figures for name in one["cpu_ms_per_session_s"]]
    others = ["relay"] if "relay" in kinds else []
    assert servers == ["gateway", "worker", "redis", *others]


async def test_silent_sessions_are_measured_once_they_are_parked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody holds them by then, and nobody was cut off."""
    monkeypatch.setattr(run, "SETTLE_S", 0.0)
    silent = Case(
        Kind.NATIVE, 4, seconds=1.0, warm_up_s=0.0, chunk_ms=0, has_pictures=False, park_s=0.5
    )

    figures = await measure(silent)

    assert is_lossless(figures)
    assert figures["replies"] == 0
    assert short_name(figures["case"]) == "Overshoulder, 4 sessions, parked"


def _figures(kind: Kind, cpu_ms: float, p50: float = 1.0) -> dict[str, Any]:
    parts = {"gateway": cpu_ms / 2, "worker": cpu_ms / 2} if cpu_ms else {}
    return {
        "case": {"kind": kind, "sessions": 20, "chunk_ms": 40, "workers": 1},
        "cpu_ms_per_session_s": parts,
        "servers_cpu_ms_per_session_s": cpu_ms,
        "cpu_share_of_other_processes": 0.0,
        "redis_per_session_s": {},
        "memory": {"gateway": {"per_further_session_kb": 100.0}},
        "round_trip_ms": {"count": 9, "p50": p50, "p90": p50 + 1, "p99": p50 + 2},
        "generator_late_ms": {"count": 9, "p99": 1.0},
        "loss": {"holes": 0},
        "first_problems": [],
    }
