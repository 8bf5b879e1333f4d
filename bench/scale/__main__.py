"""``python -m bench.scale``: sizes many machines from measured costs, and simulates the crowd."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from bench.report import find, is_behind
from bench.scale.page import publish_plain
from bench.scale.simulation import Outcome, Simulation, World
from bench.scale.sizing import Costs, Machine, need, sessions_per_machine, sessions_per_shard
from bench.targets import Kind

MEASURED = Path(__file__).parents[2] / "docs" / "performance.json"
LOADS = (100, 20)
"""Sessions of the case that the costs are taken from: the first that kept up."""

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
STRANDED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables; return 0, or 1 if orphans were left without a worker."""
    options = _parse(arguments)
    costs = _costs(options.figures)
    machine = Machine(options.cores, options.memory_gb, options.network_gbit, options.busy)
    world = _world(options, costs, machine)
    outcome = Simulation(world).run()
    console = Console(width=100, record=True)
    console.print(_cost_table(costs, machine), "", _size_table(costs, machine), "")
    console.print(_outcome_table(world, outcome))
    if options.publish:
        publish_plain(console, "scale")
    return STRANDED if outcome.stranded else 0


def _costs(file: Path) -> Costs:
    figures = orjson.loads(file.read_bytes())["figures"]
    loads = [find(figures, Kind.NATIVE, sessions) for sessions in LOADS]
    measured = [one for one in loads if one is not None and not is_behind(one)]
    if not measured:
        raise SystemExit(
            f"{file} has no load of 40 ms chunks that was kept up with; run make bench"
        )
    return Costs.of(measured[0])


def _world(options: argparse.Namespace, costs: Costs, machine: Machine) -> World:
    """Build what the sizing asks for, with room to lose what is to fail."""
    wanted = need(options.sessions, costs, machine)
    capacity = int(1000 * machine.busy / costs.worker_ms)
    spare = options.fail_workers + options.parts
    workers = options.workers or int(wanted.workers * (1 + options.spare)) + spare
    return World(
        sessions=options.sessions,
        shards=options.shards or wanted.shards,
        workers=workers,
        gateways=options.gateways or wanted.gateways + options.fail_gateways + 1,
        parts=options.parts,
        capacity=options.capacity or capacity,
        mean_s=options.mean_s,
        seconds=options.seconds,
        fail_at_s=options.seconds // 3,
        failing_workers=options.fail_workers,
        failing_gateways=options.fail_gateways,
        opens_per_s=options.opens_per_s,
        seed=options.seed,
    )


def _cost_table(costs: Costs, machine: Machine) -> Table:
    table = _table("What one session costs, as measured", "", "gateway", "worker", "Redis")
    cpu = (costs.gateway_ms, costs.worker_ms, costs.redis_ms)
    memory = (costs.gateway_kb, costs.worker_kb, costs.redis_kb)
    table.add_row("CPU, ms per second", *(f"{ms:.2f}" for ms in cpu))
    table.add_row("memory, KB", *(f"{kb:.0f}" for kb in memory))
    table.add_row("through it, KB/s", "", "", f"{costs.redis_in_kb + costs.redis_out_kb:.0f}")
    carries = sessions_per_shard(costs, machine)
    table.caption = f"One Redis has CPU for {carries:,}, {machine.busy:.0%} busy."
    return table


def _size_table(costs: Costs, machine: Machine) -> Table:
    alone = sessions_per_machine(costs, machine)
    table = _table(
        f"What so many need: machines of {machine.cores} cores, {machine.busy:.0%} busy",
        *("sessions", "gateways", "workers", "Redis", "limited by", "machines"),
    )
    for sessions in SIZES:
        it = need(sessions, costs, machine)
        counts = (it.gateways, it.workers, it.shards)
        table.add_row(
            f"{sessions:,}", *(f"{n:,}" for n in counts), it.limited_by, f"{it.machines:,}"
        )
    table.caption = f"One machine that runs everything itself carries {alone:,}."
    return table


def _outcome_table(world: World, outcome: Outcome) -> Table:
    title = (
        f"{world.sessions:,} sessions on {world.shards:,} shards, {world.workers:,} workers,"
        f" {world.gateways:,} gateways; {world.parts} parts of dispatch; seed {world.seed}"
    )
    table = _table(title, "", "")
    late = sorted(outcome.recovered_s) or [0]
    p50, p99 = (int(np.percentile(late, share)) for share in (50, 99))
    rows = {
        "fullest shard, worker, gateway over the mean": (
            f"{outcome.shard_spread:.3f}, {outcome.worker_spread:.3f}, {outcome.gateway_spread:.3f}"
        ),
        "arrivals per second": f"{outcome.arrivals_per_s:,.0f}",
        "most sessions that waited for a worker": f"{outcome.most_waiting:,}",
        f"sessions whose worker died ({world.failing_workers} workers)": f"{outcome.orphans:,}",
        "held again after, s (p50, p99, last)": f"{p50}, {p99}, {late[-1]}",
        "most that one worker took over": f"{outcome.busiest_takeover:,}",
        "never held again": f"{outcome.stranded:,}",
        f"clients whose gateway died ({world.failing_gateways} gateways)": (
            f"{outcome.reconnects:,}"
        ),
        "most reconnects at one gateway in a second": f"{outcome.most_reconnects_per_s:,}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left", box=None)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    return table


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description="Sizes many machines from measured costs, and simulates so many sessions.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--figures", type=Path, default=MEASURED, help="what the bench measured (--json)")
    add("--sessions", type=int, default=1_000_000, help="at the same time")
    add("--cores", type=int, default=16, help="of a machine")
    add("--memory-gb", type=float, default=64.0, help="of a machine")
    add("--network-gbit", type=float, default=10.0, help="of a machine")
    add("--busy", type=float, default=0.6, help="share of each core that is to be used")
    add("--spare", type=float, default=0.1, help="workers beyond the need, as a share of it")
    add("--shards", type=int, help="of Redis; by need if not given, and so the next three")
    add("--workers", type=int, help="processes")
    add("--gateways", type=int, help="processes")
    add("--capacity", type=int, help="sessions of one worker")
    add("--parts", type=int, default=64, help="of dispatch")
    add("--mean-s", type=float, default=600.0, help="length of a session")
    add("--seconds", type=int, default=60, help="to simulate")
    add("--fail-workers", type=int, default=15, help="that die together after a third of the time")
    add("--fail-gateways", type=int, default=15, help="that die at the same moment")
    add("--opens-per-s", type=int, default=20, help="Live connections that one worker opens")
    add("--seed", type=int, default=1, help="the same seed gives the same run")
    add("--publish", action="store_true", help="renew the tables of docs/scale.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
