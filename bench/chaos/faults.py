"""Carries faults out: on processes by signal, on Redis by command, on the model by its door."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bench.chaos.client import Client
from bench.chaos.fleet import Fleet
from bench.chaos.plan import Kind, Planned
from bench.chaos.watch import Watch
from shared.bus import Bus
from tests.support.processes import Process, until

REPLACED_AFTER_S = (0.5, 2.5)
PAUSED_S = (3.0, 6.0)
"""Longer than the lease of 2 s."""

REDIS_PAUSED_S = 2.0
REDIS_AWAY_S = (0.3, 2.0)
CUT_S = (0.5, 5.0)
GO_AWAY_S = (5.0, 10.0)
HOLD_WRITES_MS = 10_000

_CLOSES = {
    Kind.LIVE_1000: (1000, "bye"),
    Kind.LIVE_1011: (1011, "Internal error occurred."),
    Kind.LIVE_1008: (1008, "BidiGenerateContent session not found"),
}


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that happened."""

    kind: Kind
    at_s: float
    """By the loop's clock."""
    clients: frozenset[int]
    """Whom it concerned."""


@dataclass
class Saboteur:
    """Breaks one system."""

    fleet: Fleet
    bus: Bus
    clients: Sequence[Client]
    watch: Watch
    struck: list[Struck] = field(default_factory=list)

    async def run(self, planned: Sequence[Planned]) -> None:
        """Strike when it is time; return when everything is repaired."""
        how = self._how()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for one in planned:
            await asyncio.sleep(max(0.0, began_s + one.at_s - loop.time()))
            await how[one.kind](one)
        await self.fleet.repaired()

    def _how(self) -> dict[Kind, Callable[[Planned], Awaitable[None]]]:
        live = (Kind.GO_AWAY, Kind.LIVE_DROP, Kind.DEAD_HANDLE, *_CLOSES)
        return {
            Kind.WORKER_KILL: self._end_worker,
            Kind.WORKER_TERM: self._end_worker,
            Kind.WORKER_PAUSE: self._pause_worker,
            Kind.GATEWAY_KILL: self._end_gateway,
            Kind.GATEWAY_TERM: self._end_gateway,
            **dict.fromkeys(live, self._break_live),
            Kind.PUBSUB_KILL: self._kill_pubsub,
            Kind.REDIS_PAUSE: self._pause_redis,
            Kind.REDIS_KILL: self._kill_redis,
            Kind.NETWORK_CUT: self._cut_network,
        }

    def _note(self, one: Planned, clients: Iterable[int]) -> None:
        now_s = asyncio.get_running_loop().time()
        self.struck.append(Struck(one.kind, now_s, frozenset(clients)))

    # --- processes ---

    async def _end_worker(self, one: Planned) -> None:
        victim = await self.fleet.worker(one.pick)
        self._note(one, self._served_by(victim))
        number = signal.SIGKILL if one.kind is Kind.WORKER_KILL else signal.SIGTERM
        start = self.fleet.system.start_worker
        self.fleet.end(victim, number, one.between(*REPLACED_AFTER_S), start)

    async def _end_gateway(self, one: Planned) -> None:
        victim = await self.fleet.gateway(one.pick)
        self._note(one, self._served_by(victim))
        number = signal.SIGKILL if one.kind is Kind.GATEWAY_KILL else signal.SIGTERM
        start = self.fleet.system.start_gateway
        self.fleet.end(victim, number, one.between(*REPLACED_AFTER_S), start)

    async def _pause_worker(self, one: Planned) -> None:
        victim = await self.fleet.worker(one.pick)
        self._note(one, self._served_by(victim))
        self.fleet.pause(victim, one.between(*PAUSED_S))

    def _served_by(self, victim: Process) -> list[int]:
        mark = f"-{victim.process.pid}-"
        return [
            number
            for number, seen in self.watch.seen.items()
            if mark in seen.worker or mark in seen.gateway
        ]

    # --- the model's side ---

    async def _break_live(self, one: Planned) -> None:
        client = self.clients[one.pick(len(self.clients))]
        system, tag = self.fleet.system, client.tag
        self._note(one, [client.number])
        match one.kind:
            case Kind.GO_AWAY:
                await system.fault(kind="go_away", seconds=one.between(*GO_AWAY_S), tag=tag)
            case Kind.LIVE_DROP:
                await system.fault(kind="drop", tag=tag)
            case Kind.DEAD_HANDLE:
                await system.fault(kind="dead_handle", tag=tag)
                await system.fault(kind="drop", tag=tag)
            case kind:
                code, reason = _CLOSES[kind]
                await system.fault(kind="close", code=code, reason=reason, tag=tag)

    # --- Redis ---

    async def _kill_pubsub(self, one: Planned) -> None:
        self._note(one, self.watch.seen)
        await self.bus.send("CLIENT", "KILL", "TYPE", "pubsub")

    async def _pause_redis(self, one: Planned) -> None:
        server = self.fleet.system.redis.process
        assert server is not None
        self._note(one, self.watch.seen)
        server.signal(signal.SIGSTOP)
        await asyncio.sleep(REDIS_PAUSED_S)
        server.signal(signal.SIGCONT)

    async def _kill_redis(self, one: Planned) -> None:
        """Kill Redis once its file has what it has answered to, and start it again.

        What the fsync policy gives up is Redis' own, and not what this ledger is about.
        """
        redis = self.fleet.system.redis
        await self.bus.send("CLIENT", "PAUSE", HOLD_WRITES_MS, "WRITE")
        await until(self._is_written, "Redis has written its file", 5.0)
        self._note(one, self.watch.seen)
        await redis.kill()
        await asyncio.sleep(one.between(*REDIS_AWAY_S))
        await redis.start()

    async def _is_written(self) -> bool:
        persistence = await self.bus.send("INFO", "persistence")
        return int(persistence["aof_buffer_length"]) == 0

    # --- the client's side ---

    async def _cut_network(self, one: Planned) -> None:
        client = self.clients[one.pick(len(self.clients))]
        self._note(one, [client.number])
        client.cut_network(one.between(*CUT_S))
