"""The load generator: several processes, so that it is not what limits a run."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from bench.load import Job
from tests.support.processes import ROOT, SOURCES

_LINE_BYTES = 256 * 1024 * 1024
_SUMS = (
    *("replies", "unanswered", "missing_bytes", "repeated_bytes", "holes", "repeats"),
    *("pictures_sent", "pictures_seen", "problems"),
)
_LISTS = ("round_trip_ms", "late_ms", "first_problems")


@dataclass
class Generators:
    """All processes together."""

    processes: list[asyncio.subprocess.Process]
    _joined: int = 0

    @property
    def pids(self) -> list[int]:
        """Return their ids."""
        return [process.pid for process in self.processes]

    async def join(self, count: int) -> None:
        """Let so many more clients join, and speak: client n in process n modulo their number."""
        newcomers = range(self._joined, self._joined + count)
        self._joined += count
        number = len(self.processes)
        shares = [len([n for n in newcomers if n % number == index]) for index in range(number)]
        await self._ask([{"join": share} for share in shares])

    async def report(self, start_ns: int, end_ns: int) -> dict[str, Any]:
        """Return what was seen in the window."""
        return _together(await self._ask([{"report": (start_ns, end_ns)}] * len(self.processes)))

    async def finish(self, start_ns: int, end_ns: int) -> dict[str, Any]:
        """Stop, wait until everything that was sent has arrived, and leave; report the window."""
        return _together(await self._ask([{"finish": (start_ns, end_ns)}] * len(self.processes)))

    async def _ask(self, commands: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        pairs = zip(self.processes, commands, strict=True)
        return await asyncio.gather(*(_ask(process, command) for process, command in pairs))


class GeneratorDied(RuntimeError):
    """A process of the load generator ended before its time; it has said why."""


@asynccontextmanager
async def generators(jobs: Sequence[Job]) -> AsyncIterator[Generators]:
    """Start a process for each job, and end them all."""
    processes = [await _start(job) for job in jobs]
    try:
        yield Generators(processes)
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes))


async def _start(job: Job) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, SOURCES))},
    )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(asdict(job)) + b"\n")
    return process


async def _ask(process: asyncio.subprocess.Process, command: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orjson.dumps(command) + b"\n")
    line = await process.stdout.readline()
    if not line:
        raise GeneratorDied
    answer: dict[str, Any] = orjson.loads(line)
    return answer


def _together(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sums = {name: sum(report[name] for report in reports) for name in _SUMS}
    lists = {name: [item for report in reports for item in report[name]] for name in _LISTS}
    return {**sums, **lists}
