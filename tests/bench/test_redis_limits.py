"""The saturation of one Redis, in short, and what is said where it cannot be measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from bench.scale import redis_limits
from bench.scale.redis_limits import LOADS, Limit, Load, as_table, measure
from shared.bus import open_bus
from tests.support.redis_server import start_redis


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
async def test_every_load_is_a_command_that_redis_takes(tmp_path: Path, load: Load) -> None:
    """None is refused; what redis-benchmark would only count as done."""
    redis = await start_redis(tmp_path)

    async with open_bus(redis.url, name="test") as bus:
        reply = await bus.send(*load.command, "x" * load.payload_bytes)

    await redis.stop()
    assert reply is not None


async def test_the_tool_is_asked_for_the_load_and_read(tmp_path: Path) -> None:
    """Of its table the last line counts, and Redis' own time is divided by the commands."""
    tool = tmp_path / "tool"
    tool.write_text(
        '#!/bin/sh\necho "$@" > "$0.words"\necho \'"test","rps"\'\necho \'"X","1000.5"\'\n'
    )
    tool.chmod(0o755)
    redis = await start_redis(tmp_path)

    limit = await measure(redis, str(tool), LOADS[0], (50, 16))

    await redis.stop()
    words = (tmp_path / "tool.words").read_text().split()
    assert words[:4] == ["-p", str(redis.port), "-n", str(LOADS[0].count)]
    assert words[7:11] == ["-c", "50", "-P", "16"]
    assert words[-1] == "x" * LOADS[0].payload_bytes
    assert limit.per_s == 1_000.5
    assert 0 <= limit.server_us < 1_000


def test_the_table_names_what_was_sent() -> None:
    """With its size, the shape of the load, and both figures."""
    console = Console(width=120, color_system=None)

    with console.capture() as capture:
        console.print(as_table([Limit(LOADS[0], 50, 16, 70_000.0, 12.34)]))

    assert "40 ms of speech (1,300 bytes)" in capture.get()
    assert capture.get().split()[-4:] == ["50", "16", "70,000", "12.3"]


def test_a_machine_without_the_tool_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes with Redis, but not with every package of it."""
    monkeypatch.setenv("PATH", "")

    assert redis_limits.main([]) == 1
    assert "no redis-benchmark" in capsys.readouterr().err
