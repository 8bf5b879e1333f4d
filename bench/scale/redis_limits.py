"""``python -m bench.scale.redis_limits``: where one Redis saturates, by redis-benchmark.

The commands and sizes are those of a session: speech of 40 ms and a picture as they are appended,
and 100 ms of a reply as it is published. Redis is started as the system starts it, with its
append-only file, so that the price of writing that is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench.lock import alone
from bench.meters import cpu_s
from bench.scale.page import publish_plain
from tests.support.redis_server import RedisServer, start_redis

STREAMS = 200
_KEY = "__rand_int__"


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of command, many times over."""

    name: str
    command: tuple[str, ...]
    payload_bytes: int
    count: int


LOADS = (
    Load(
        "append 40 ms of speech",
        ("XADD", f"u:{_KEY}", "MAXLEN", "~", "750", "*", "m"),
        1_300,
        200_000,
    ),
    Load("append a picture", ("XADD", f"f:{_KEY}", "MAXLEN", "2", "*", "m"), 60_020, 20_000),
    Load(
        "append 100 ms of a reply",
        ("XADD", f"d:{_KEY}", "MAXLEN", "~", "1200", "*", "m"),
        4_820,
        100_000,
    ),
    Load("publish 100 ms of a reply", ("PUBLISH", f"l:{_KEY}"), 4_820, 100_000),
)
SHAPES = ((50, 1), (50, 16))
"""Connections, and commands in one pipeline."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What was measured."""

    load: Load
    connections: int
    pipeline: int
    per_s: float
    server_us: float
    """CPU of Redis for one command, all of its threads."""


async def measure(redis: RedisServer, tool: str, load: Load, shape: tuple[int, int]) -> Limit:
    """Run one load."""
    connections, pipeline = shape
    assert redis.process is not None
    pid = redis.process.process.pid
    before = cpu_s(pid)
    process = await asyncio.create_subprocess_exec(
        *(tool, "-p", str(redis.port), "-n", str(load.count), "-r", str(STREAMS), "--csv"),
        *("-c", str(connections), "-P", str(pipeline)),
        *(*load.command, "x" * load.payload_bytes),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    used_s = cpu_s(pid) - before
    row = list(csv.reader(output.decode().splitlines()))[-1]
    return Limit(load, connections, pipeline, float(row[1]), 1e6 * used_s / load.count)


async def measure_all(tool: str) -> list[Limit]:
    """Run every load in every shape."""
    limits = []
    with TemporaryDirectory(prefix="overshoulder-redis-") as folder:
        redis = await start_redis(Path(folder))
        try:
            for load in LOADS:
                for shape in SHAPES:
                    limits.append(await measure(redis, tool, load, shape))  # noqa: PERF401
        finally:
            await redis.stop()
    return limits


def as_table(limits: Sequence[Limit]) -> Table:
    """Return it for a terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("command", "connections", "in a pipeline", "per second", "CPU of Redis, µs"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for limit in limits:
        name = f"{limit.load.name} ({limit.load.payload_bytes:,} bytes)"
        shape = (f"{limit.connections}", f"{limit.pipeline}")
        table.add_row(name, *shape, f"{limit.per_s:,.0f}", f"{limit.server_us:.1f}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 1 where there is no redis-benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.redis_limits")
    parser.add_argument("--publish", action="store_true", help="renew the table of docs/scale.md")
    options = parser.parse_args(arguments)
    tool = shutil.which("redis-benchmark")
    if tool is None:
        print("There is no redis-benchmark on PATH; it comes with Redis.", file=sys.stderr)
        return 1
    with alone():
        limits = asyncio.run(measure_all(tool))
    console = Console(width=100, record=True)
    console.print(as_table(limits))
    if options.publish:
        publish_plain(console, "redis")
    return 0


if __name__ == "__main__":
    sys.exit(main())
