"""``python -m bench.scale.takeover``: what it costs when a worker dies and another takes over."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic_ns

import uvloop
from rich.console import Console

from bench.generators import generators
from bench.lock import alone
from bench.meters import cpu_s
from bench.run import Case, jobs
from bench.scale.page import publish_plain
from bench.targets import Kind, Size, start
from shared import log
from shared.bus import Bus, open_bus
from shared.keys import SESSIONS, SessionKeys

STEADY_S = 6.0
AFTERMATH_S = 8.0
"""Long enough that everything that a takeover costs falls into it."""

LIMIT_S = 60.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Storm:
    """What was measured."""

    taken_over: int
    after_s: list[float]
    """For each of them: from the kill until it had a worker and an open Live connection again."""
    extra_cpu_ms: dict[str, float]
    """Of each kind of process, for each of them, beyond what all sessions cost afterwards."""


async def measure(case: Case) -> Storm:
    """Kill one of two workers under load, and watch.

    Raises:
        TimeoutError: If sessions are left without a worker after a minute.
    """
    # Either of the two has room for everything.
    size = Size(2 * case.sessions, workers=2)
    async with start(case.kind, size) as target, generators(jobs(case, target)) as load:
        assert target.redis is not None
        await load.join(case.sessions)
        await asyncio.sleep(case.warm_up_s)
        async with open_bus(target.redis.url, name="bench") as bus:
            victim, orphans = await _kill_one(bus)
            left = {
                name: [pid for pid in pids if pid != victim]
                for name, pids in target.servers.items()
            }
            at_ns, before = monotonic_ns(), _cpu_s(left)
            after_s = await _watch(bus, victim, orphans)
            await asyncio.sleep(max(0.0, AFTERMATH_S - after_s[-1]))
            lasted_s, after = (monotonic_ns() - at_ns) / 1e9, _cpu_s(left)
            # Afterwards, because the same sessions cost one worker less than two.
            rates = await _rates(left)
        await load.finish(at_ns, at_ns)
    extra = {name: after[name] - before[name] - rates[name] * lasted_s for name in rates}
    return Storm(
        taken_over=len(orphans),
        after_s=after_s,
        extra_cpu_ms={name: 1000 * used_s / len(orphans) for name, used_s in extra.items()},
    )


async def _rates(servers: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return what each kind of process uses in a second while nothing happens."""
    before = _cpu_s(servers)
    await asyncio.sleep(STEADY_S)
    return {name: (used_s - before[name]) / STEADY_S for name, used_s in _cpu_s(servers).items()}


def _cpu_s(servers: Mapping[str, Sequence[int]]) -> dict[str, float]:
    return {name: sum(map(cpu_s, pids)) for name, pids in servers.items()}


async def _kill_one(bus: Bus) -> tuple[int, list[str]]:
    """Kill the worker of the first session; return its pid and all of its sessions."""
    sessions = [name.decode() for name in await bus.send("ZRANGE", SESSIONS, 0, -1)]
    workers = [(await _holding(bus, session))[0] for session in sessions]
    victim = _pid(workers[0])
    os.kill(victim, signal.SIGKILL)
    held = zip(sessions, workers, strict=True)
    return victim, [session for session, worker in held if _pid(worker) == victim]


async def _watch(bus: Bus, victim: int, orphans: list[str]) -> list[float]:
    """Return when each of the orphans was live again, s after now, in order."""
    start_ns, waiting, after_s = monotonic_ns(), set(orphans), list[float]()
    async with asyncio.timeout(LIMIT_S):
        while waiting:
            await asyncio.sleep(LOOK_S)
            for session in tuple(waiting):
                worker, state = await _holding(bus, session)
                if state == "live" and _pid(worker) not in {victim, 0}:
                    waiting.remove(session)
                    after_s.append((monotonic_ns() - start_ns) / 1e9)
    return after_s


async def _holding(bus: Bus, session: str) -> tuple[str, str]:
    """Return who holds a session, and its state."""
    fields = await bus.send("HMGET", SessionKeys.of(session).session, "worker", "state")
    worker, state = ((field or b"").decode() for field in fields)
    return worker, state


def _pid(worker: str) -> int:
    """Return the pid in a worker's id, which is host, pid and six random digits; 0 for nobody."""
    return int(worker.rsplit("-", 2)[1]) if worker else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.takeover", description=__doc__)
    parser.add_argument("--sessions", type=int, default=60, help="of both workers (default 60)")
    parser.add_argument("--publish", action="store_true", help="renew the line of docs/scale.md")
    options = parser.parse_args(arguments)
    log.configure(service="bench", level="WARNING")
    with alone():
        storm = uvloop.run(measure(Case(Kind.NATIVE, options.sessions)))
    after_s = storm.after_s
    console = Console(width=100, record=True, highlight=False)
    console.print(
        f"{storm.taken_over} sessions taken over: the first after {after_s[0]:.2f} s,"
        f" half after {after_s[len(after_s) // 2]:.2f} s, all after {after_s[-1]:.2f} s;"
        f" CPU of each beyond its usual cost:"
        f" {', '.join(f'{name} {ms:.1f} ms' for name, ms in storm.extra_cpu_ms.items())}"
    )
    if options.publish:
        publish_plain(console, "takeover")
    return 0


if __name__ == "__main__":
    sys.exit(main())
