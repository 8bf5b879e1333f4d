"""One run: starts the system, lets clients talk while things break, and draws up the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.chaos.client import Client
from bench.chaos.faults import Saboteur
from bench.chaos.fleet import Fleet
from bench.chaos.leaks import Holdings, find_leaks
from bench.chaos.ledger import (
    Judgement,
    Row,
    Story,
    judge_downlink,
    judge_uplink,
    owned,
    stories_of,
)
from bench.chaos.plan import Kind, draw
from bench.chaos.report import silences
from bench.chaos.script import moments
from bench.chaos.watch import Watch
from shared.bus import Bus, open_bus
from shared.tickets import TICKET_S, sign, signing_key
from tests.support.processes import until
from tests.support.system import System, bare_system

WORKERS, GATEWAYS = 3, 3
JOIN_PAUSE_S = 0.02
QUIET_S = 2.0
"""Silence after the last word, so that every utterance is over and answered."""

SETTLE_S = 60.0
"""The longest answers are still being played; whoever has not settled by then, never will."""

STILL_S = 5.0
"""Longer than a worker waits between two dials."""

END_S = 20.0
LOOK_S = 0.5
SCRIPT_PACE = "2"
PATIENCE_S = 60.0
PARK_S = "1"
"""Sessions are parked in most of the breaks that their clients make."""

EXCEPTION = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run."""

    sessions: int
    seconds: float
    seed: int
    every_s: float
    kinds: tuple[Kind, ...] = tuple(Kind)


@dataclass
class Stage:
    """Everything that takes part in a run."""

    system: System
    bus: Bus
    fleet: Fleet
    clients: list[Client]
    watch: Watch
    saboteur: Saboteur


async def break_everything(plan: Plan, logs: Path | None = None) -> dict[str, Any]:
    """Carry a plan out; return its figures.

    What the processes log is written to ``logs``, and to standard error if the run fails.
    """
    async with _stage(plan, logs) as stage:
        before = await Holdings.of(stage.system, stage.bus)
        async with _connected(stage):
            await _talk(plan, stage)
            unsettled = await _settle(stage)
            ledger = (await stage.system.control(op="ledger"))["ledger"]
            parked = {number for number, seen in stage.watch.seen.items() if seen.is_parked}
            left = await _end(stage, before)
            await stage.watch.read()
        stories = stories_of(ledger)
        judgements = [
            _judge(stage, client, stories, is_parked=client.number in parked)
            for client in stage.clients
        ]
        problems = [*unsettled, *_problems(stage, judgements)]
    return {
        "plan": asdict(plan),
        **_totals(judgements),
        "silences": silences(stage.clients, stage.watch.seen, stage.saboteur.struck),
        "leaks": left,
        "problems": problems,
        "notices": Counter(note for client in stage.clients for note in client.record.notices),
    }


@contextlib.asynccontextmanager
async def _stage(plan: Plan, logs: Path | None) -> AsyncIterator[Stage]:
    """Start Redis, the scripted Live endpoint, workers and gateways; nobody is connected yet."""
    with TemporaryDirectory(prefix="overshoulder-chaos-") as folder, _output_to(logs):
        async with bare_system(Path(folder)) as system:
            system.env["WORKER_PARK_S"] = PARK_S
            await system.start_live(
                LOCAL_LIVE_SCRIPT_PACE=SCRIPT_PACE,
                LOCAL_LIVE_MAX_SESSIONS=str(3 * plan.sessions + 10),
                LOCAL_LIVE_CONNECTION_S="3600",
            )
            for _ in range(WORKERS):
                await system.start_worker()
            for _ in range(GATEWAYS):
                await system.start_gateway()
            async with open_bus(system.redis.url, name="chaos", patience_s=PATIENCE_S) as bus:
                key = await signing_key(bus)
                fleet = Fleet(system)
                clients = [_client(plan, fleet, key, number) for number in range(plan.sessions)]
                watch = Watch(system, bus, clients)
                saboteur = Saboteur(fleet, bus, clients, watch)
                yield Stage(system, bus, fleet, clients, watch, saboteur)


@contextlib.contextmanager
def _output_to(logs: Path | None) -> Iterator[None]:
    """Take what a system prints at its end, which is what its processes wrote."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            yield
    except BaseException:
        sys.stderr.write(output.getvalue())
        raise
    finally:
        if logs is not None:
            logs.write_text(output.getvalue(), encoding="utf-8")


def _client(plan: Plan, fleet: Fleet, key: bytes, number: int) -> Client:
    return Client(
        number,
        ticket=lambda: sign(key, f"user-{number}", "gateway", TICKET_S),
        gateways=fleet.addresses,
        script=moments(plan.seed, number),
    )


@contextlib.asynccontextmanager
async def _connected(stage: Stage) -> AsyncIterator[None]:
    """Connect every client and wait until each has a Live session; watch from then on."""
    tasks = [asyncio.create_task(stage.watch.run())]
    try:
        for client in stage.clients:
            tasks.append(asyncio.create_task(client.stay_connected()))
            await asyncio.sleep(JOIN_PAUSE_S)
        await until(lambda: all(client.is_live for client in stage.clients), "all are live")
        yield
        await asyncio.gather(*tasks[1:])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _talk(plan: Plan, stage: Stage) -> None:
    """Let everybody talk while things break, then be quiet."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for client in stage.clients:
            tasks.create_task(client.talk(stop, QUIET_S))
        tasks.create_task(
            stage.saboteur.run(draw(plan.seed, plan.seconds, plan.every_s, plan.kinds))
        )
        await asyncio.sleep(plan.seconds)
        stop.set()


async def _settle(stage: Stage) -> list[str]:
    """Wait until everything is acknowledged and nothing moves; name those who never settle."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + SETTLE_S
    still_since_s, last = loop.time(), stage.watch.figures()
    while loop.time() < deadline_s:
        await asyncio.sleep(LOOK_S)
        now = stage.watch.figures()
        if now != last or not all(map(stage.watch.is_settled, stage.clients)):
            still_since_s, last = loop.time(), now
        elif loop.time() - still_since_s > STILL_S:
            return []
    unsettled = [c.number for c in stage.clients if not stage.watch.is_settled(c)]
    return [f"not settled after {SETTLE_S:.0f} s: clients {unsettled or 'all'}"]


async def _end(stage: Stage, before: Holdings) -> dict[str, int]:
    """Let every client say `end`; return what is left of it all."""
    for client in stage.clients:
        client.end()
    left: dict[str, int] = {}

    async def is_empty() -> bool:
        nonlocal left
        left = await find_leaks(stage.system, stage.bus, before)
        return not any(left.values())

    with contextlib.suppress(AssertionError):
        await until(is_empty, "nothing is left", END_S)
    return left


def _judge(stage: Stage, client: Client, stories: Sequence[Story], *, is_parked: bool) -> Judgement:
    mine = owned(stories, client.record.sent)
    judgement = judge_uplink(client.record, mine, is_parked=is_parked)
    judge_downlink(client.record, stage.watch.seen[client.number].published, judgement)
    return judgement


def _totals(judgements: Sequence[Judgement]) -> dict[str, Any]:
    said, replies = Row(), Row()
    for judgement in judgements:
        said.add(judgement.uplink)
        replies.add(judgement.downlink)
    return {
        "said": asdict(said),
        "replies": asdict(replies),
        "hidden_pictures_shown": sum(judgement.hidden_shown for judgement in judgements),
        "histories": sum(judgement.histories for judgement in judgements),
    }


def _problems(stage: Stage, judgements: Sequence[Judgement]) -> list[str]:
    """Return a line for everything that should not have been seen by anybody."""
    lines = []
    for client, judgement in zip(stage.clients, judgements, strict=True):
        found = [*client.record.problems, *judgement.details]
        lines += [f"client {client.number} ({client.session_id}): {line}" for line in found]
    for process in stage.system.processes:
        if count := process.text.count(EXCEPTION):
            lines.append(f"{process.name} {process.process.pid}: {count} exceptions in its log")
    return lines
