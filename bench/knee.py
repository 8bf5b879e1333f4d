"""How many sessions each carries: more and more join until replies are late or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from time import monotonic_ns
from typing import Any

from rich.table import Table

from bench.generators import Generators, generators
from bench.run import Case, Meter, costs, is_lossless, jobs, sights
from bench.targets import Kind, Size, start

LIMIT_MS = 50.0
"""Of the round trip, p99."""

MOST = 1_000
STEPS = 10
"""Of the sessions asked for: each step adds a tenth of them."""


async def find_knees(
    kinds: Iterable[Kind], case: Case, logs: Path | None = None
) -> list[dict[str, Any]]:
    """Return for each kind what it carried, step by step."""
    return [await find_knee(replace(case, kind=kind), logs) for kind in kinds]


async def find_knee(case: Case, logs: Path | None = None) -> dict[str, Any]:
    """Let more clients join until it is too much; return the last step that was not, and all."""
    step = max(1, case.sessions // STEPS)
    size = Size(MOST, case.workers, case.gateways)
    steps: list[dict[str, Any]] = []
    async with start(case.kind, size, logs) as target, generators(jobs(case, target)) as load:
        meter = Meter(target, load)
        sessions = 0
        while sessions < MOST and (not steps or steps[-1]["holds"]):
            joining = min(step if sessions else case.sessions, MOST - sessions)
            sessions += joining
            await load.join(joining)
            await asyncio.sleep(case.warm_up_s)
            steps.append(await _step(meter, load, sessions, case.seconds))
        await load.finish(monotonic_ns(), monotonic_ns())
    held = [one["sessions"] for one in steps if one["holds"]]
    return {
        "kind": case.kind,
        "chunk_ms": case.chunk_ms,
        "knee": max(held, default=0),
        "steps": steps,
    }


async def _step(meter: Meter, load: Generators, sessions: int, seconds: float) -> dict[str, Any]:
    before = await meter.read()
    await asyncio.sleep(seconds)
    after = await meter.read()
    seen = sights(await load.report(before.at_ns, after.at_ns))
    in_time = seen["round_trip_ms"].get("p99", LIMIT_MS + 1) <= LIMIT_MS
    return {
        "sessions": sessions,
        **costs(sessions, before, after),
        **seen,
        "holds": in_time and is_lossless(seen),
    }


def knee_table(knees: Iterable[dict[str, Any]]) -> Table:
    """Return the steps as a table."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("who", "sessions", "CPU ms/s", "p50 ms", "p99 ms", "generator late", "others", ""):
        table.add_column(name, justify="left" if name == "who" else "right")
    for knee in knees:
        for step in knee["steps"]:
            trip, late = step["round_trip_ms"], step["generator_late_ms"]
            table.add_row(
                knee["kind"],
                f"{step['sessions']}",
                f"{step['servers_cpu_ms_per_session_s']:.2f}",
                f"{trip.get('p50', 0):.1f}",
                f"{trip.get('p99', 0):.1f}",
                f"{late.get('p99', 0):.1f}",
                f"{step['cpu_share_of_other_processes']:.0%}",
                "" if step["holds"] else "too much",
            )
    return table
