"""The bench: its arithmetic by itself, then a short run for correctness only."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from bench.clients import GatewayClient, Media, wire_bytes_per_s
from bench.media import quiet_chunk, screen_jpeg
from bench.meters import Recorder, cpu_s, percentile, resident_kb, summary
from bench.report import added_ms, as_tables, is_lossless
from gateway.pictures import check_jpeg
from shared.codec import StreamId
from tests.support.processes import Process


def test_percentiles_are_values_that_occurred() -> None:
    """The p50 of a hundred is the fiftieth, the p99 the ninety-ninth; of one value, that one."""
    hundred = [float(n) for n in range(1, 101)]

    assert [percentile(hundred, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert summary([7.0]) == {"count": 1, "p50": 7.0, "p90": 7.0, "p99": 7.0, "max": 7.0}
    assert summary([]) == {"count": 0}


def test_only_the_window_counts() -> None:
    """What was sent before the window or after it is in no figure."""
    recorder = Recorder(pings=[(0.9, 50.0), (1.0, 2.0), (1.9, 4.0), (2.0, 90.0)])

    assert recorder.between(1.0, 2.0)["ping_ms"]["max"] == 4.0


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


@pytest.mark.parametrize(("chunk_ms", "bytes_per_s"), [(20, 93_020), (40, 92_520), (100, 92_220)])
def test_a_client_sends_at_the_rate_of_its_profile(chunk_ms: int, bytes_per_s: int) -> None:
    """32 KB of speech a second however it is cut, 60 KB of picture, and a header for each."""
    media = Media(chunk_ms, quiet_chunk(chunk_ms), screen_jpeg())

    assert wire_bytes_per_s(media) == bytes_per_s


def test_holes_and_repeats_are_counted() -> None:
    """Numbers run on by one, also over a change of epoch; anything else is counted."""
    client = GatewayClient(cast("Any", None), Media(40, b"", b""), Recorder())

    for epoch, seq in [(1, 1), (1, 2), (2, 3), (2, 6), (2, 5)]:
        client._count(StreamId(epoch, seq))

    assert (client.holes, client.repeats) == (2, 1)


async def test_a_short_run_loses_nothing_and_fills_every_figure(tmp_path: Path) -> None:
    """Two sessions for four seconds: all arrives, every process costs something, it is printed."""
    file = tmp_path / "figures.json"
    command = (
        "-m",
        "bench",
        "--sessions",
        "2",
        "--seconds",
        "3",
        "--warm-up",
        "3",
        "--direct",
        "1",
    )
    env = {"PWD": str(tmp_path), "COLUMNS": "120"}

    process = await Process.start("bench", sys.executable, *command, "--json", file, env=env)

    assert await process.ended(120) == 0, process.text
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert is_lossless(figures)
    assert figures["loss"]["sent"] >= 2 * 4 * 25
    assert figures["loss"]["questions"] >= 2
    assert all(ms > 0 for ms in figures["cpu_ms_per_session_s"].values())
    assert figures["redis_per_session_s"]["in_bytes"] > 80_000
    assert figures["through"]["ping_ms"]["count"] >= 2
    assert added_ms(figures).keys() == {"p50", "p90", "p99"}
    assert "typed question to first sound" in process.text
    _check_report(figures)


def _check_report(figures: dict[str, Any]) -> None:
    """The table says it where something was lost, or where the machine was busy."""
    figures["loss"]["holes"] = 3
    figures["cpu_share_of_other_processes"] = 0.5
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(as_tables(figures))

    assert not is_lossless(figures)
    assert "3 holes" in capture.get()
    assert "Other processes took 50%" in capture.get()
