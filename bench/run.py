"""One case: starts what is measured, loads it, and reads the meters over a window."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic_ns
from typing import Any

from bench.generators import Generators, generators
from bench.load import Job
from bench.meters import cpu_s, machine_cpu_s, resident_kb, summary
from bench.targets import Kind, Size, Target, start
from shared import keys
from tests.support.processes import until

SETTLE_S = 5.0
"""After the first half of the clients has joined, before its memory is read: by then each has said
something, shown something and been answered."""

REST_S = 60.0

_REDIS_FIGURES = ("total_net_input_bytes", "total_net_output_bytes", "total_commands_processed")


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be measured."""

    kind: Kind
    sessions: int
    seconds: float = 6.0
    warm_up_s: float = 3.0
    chunk_ms: int = 40
    """0: the clients are there and say nothing."""
    has_pictures: bool = True
    workers: int = 1
    gateways: int = 1
    generators: int = 2
    park_s: float = 0.0
    """After how long sessions in which nothing happens are parked; 0: never. Where they are, it is
    measured once all of them are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters at one moment."""

    at_ns: int
    cpu_s: dict[str, float]
    memory_kb: dict[str, int]
    redis: dict[str, int]
    machine_cpu_s: tuple[float, float]


class Meter:
    """Reads the counters of all processes of a case."""

    def __init__(self, target: Target, load: Generators) -> None:
        self._target = target
        self._others = {"endpoint": target.endpoint, "generator": load.pids}

    async def read(self) -> Reading:
        """Read them now."""
        servers = self._target.servers
        return Reading(
            monotonic_ns(),
            {name: sum(map(cpu_s, pids)) for name, pids in (servers | self._others).items()},
            {name: sum(map(resident_kb, pids)) for name, pids in servers.items()},
            await self._redis(),
            machine_cpu_s(),
        )

    async def at_rest(self, case: Case) -> None:
        """Wait until all sessions are parked, where they are to be."""
        if not case.park_s or self._target.redis is None:
            return
        async with self._target.redis.client() as client:

            async def is_nobody_served() -> bool:
                return not await client.xlen(keys.DISPATCH)

            await until(is_nobody_served, "all sessions are parked", limit_s=REST_S)

    async def _redis(self) -> dict[str, int]:
        if self._target.redis is None:
            return {}
        async with self._target.redis.client() as client:
            info: dict[str, Any] = await client.info()
        return {name: int(info[name]) for name in (*_REDIS_FIGURES, "used_memory")}


async def measure(case: Case, logs: Path | None = None) -> dict[str, Any]:
    """Carry a case out; return the figures (bench/README.md names them)."""
    size = Size(case.sessions, case.workers, case.gateways, case.park_s)
    async with start(case.kind, size, logs) as target, generators(jobs(case, target)) as load:
        meter = Meter(target, load)
        empty = await meter.read()
        await load.join(case.sessions // 2)
        await asyncio.sleep(SETTLE_S)
        await meter.at_rest(case)
        half = await meter.read()
        await load.join(case.sessions - case.sessions // 2)
        await asyncio.sleep(case.warm_up_s)
        await meter.at_rest(case)
        before = await meter.read()
        await asyncio.sleep(case.seconds)
        after = await meter.read()
        seen = await load.finish(before.at_ns, after.at_ns)
    return {
        "case": asdict(case),
        "cores": os.cpu_count(),
        **costs(case.sessions, before, after),
        "memory": _memory(case.sessions, empty, half, after),
        **sights(seen),
    }


def jobs(case: Case, target: Target) -> list[Job]:
    """Return what each process of the load generator is to do."""
    return [
        Job(
            tongue=target.tongue,
            urls=target.urls,
            tickets=target.tickets[number :: case.generators],
            authority=target.authority,
            chunk_ms=case.chunk_ms,
            has_pictures=case.has_pictures,
            number=number,
            processes=case.generators,
        )
        for number in range(case.generators)
    ]


def costs(sessions: int, before: Reading, after: Reading) -> dict[str, Any]:
    """Return what the window cost, for each session and second of it."""
    lasted_s = (after.at_ns - before.at_ns) / 1e9
    session_s = sessions * lasted_s
    used_s = {name: after.cpu_s[name] - before.cpu_s[name] for name in after.cpu_s}
    cpu_ms = {name: round(1000 * used / session_s, 3) for name, used in used_s.items()}
    busy_s, all_s = (
        late - early for early, late in zip(before.machine_cpu_s, after.machine_cpu_s, strict=True)
    )
    redis = {name: after.redis[name] - before.redis[name] for name in after.redis}
    return {
        "lasted_s": round(lasted_s, 2),
        "cpu_ms_per_session_s": {name: cpu_ms[name] for name in after.memory_kb},
        "servers_cpu_ms_per_session_s": round(sum(cpu_ms[name] for name in after.memory_kb), 3),
        "bench_cpu_ms_per_session_s": {name: cpu_ms[name] for name in ("endpoint", "generator")},
        "cpu_share_of_other_processes": round(
            max(0.0, busy_s - sum(used_s.values())) / all_s if all_s else 0.0, 3
        ),
        "redis_per_session_s": {
            name.removeprefix("total_"): round(redis[name] / session_s, 1)
            for name in _REDIS_FIGURES
            if name in redis
        },
    }


def _memory(sessions: int, empty: Reading, half: Reading, full: Reading) -> dict[str, Any]:
    """Return what sessions add to the memory of each process, in KB."""
    added = sessions - sessions // 2
    return {
        name: {
            "empty_kb": empty.memory_kb[name],
            "per_session_kb": round((full.memory_kb[name] - empty.memory_kb[name]) / sessions, 1),
            "per_further_session_kb": round(
                (full.memory_kb[name] - half.memory_kb[name]) / added, 1
            ),
        }
        for name in full.memory_kb
    }


def sights(seen: dict[str, Any]) -> dict[str, Any]:
    """Return what the clients saw: times summed up, and what was lost."""
    names = ("unanswered", "missing_bytes", "repeated_bytes", "holes", "repeats", "problems")
    return {
        "round_trip_ms": summary(seen["round_trip_ms"]),
        "generator_late_ms": summary(seen["late_ms"]),
        "loss": {name: seen[name] for name in names},
        "first_problems": seen["first_problems"],
        "replies": seen["replies"],
        "pictures": {"sent": seen["pictures_sent"], "at_the_model": seen["pictures_seen"]},
    }


def is_lossless(figures: Mapping[str, Any]) -> bool:
    """Tell whether everything that was said arrived, once, and every reply too."""
    return not any(figures["loss"].values())


def lost(figures: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether any of these runs lost something."""
    return not all(map(is_lossless, figures))
