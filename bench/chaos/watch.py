"""Watches from outside while the system runs: what the model hears, what the workers publish."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from bench.chaos.client import Client
from bench.chaos.ledger import Reply
from bench.chaos.signs import Signs
from shared.bus import Bus
from shared.codec import START, Kind, StreamId, decode
from shared.keys import SessionKeys
from tests.support.processes import START_S
from tests.support.system import System

LISTEN_S = 0.1
READ_S = 0.5
READ_ENTRIES = 500
_CUT = b'{"type":"interrupted"'


@contextlib.asynccontextmanager
async def control_door(system: System) -> AsyncIterator[ClientConnection]:
    """Yield one connection to local-live's control door, for many requests."""
    context = ssl.create_default_context(cafile=system.env["SSL_CERT_FILE"])
    url = f"wss://localhost:{system.live_port}/control"
    async with connect(
        url, ssl=context, proxy=None, max_size=None, ping_interval=None, open_timeout=START_S
    ) as socket:
        yield socket


async def ask(socket: ClientConnection, **request: Any) -> dict[str, Any]:
    """Ask the control door."""
    await socket.send(orjson.dumps(request).decode())
    reply: dict[str, Any] = orjson.loads(await socket.recv())
    if "error" in reply:
        raise ValueError(reply["error"])
    return reply


@dataclass(slots=True)
class Seen:
    """What is known of one client's session from outside."""

    hears: Signs = field(default_factory=Signs)
    """The model takes in what is said."""
    published: list[Reply] = field(default_factory=list)
    worker: str = ""
    gateway: str = ""
    received: dict[str, int] = field(default_factory=dict)
    """Live session to how many messages it has taken in."""
    open_sessions: int = 0
    """Live sessions open now."""
    is_parked: bool = False


class Watch:
    """Polls local-live and Redis."""

    def __init__(self, system: System, bus: Bus, clients: Sequence[Client]) -> None:
        self._system, self._bus, self._clients = system, bus, clients
        self.seen = {client.number: Seen() for client in clients}

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._read_forever())

    def figures(self) -> list[tuple[int, int, int]]:
        """Return figures that stand still when nothing is said any more."""
        return [
            (
                sum(seen.received.values()),
                len(seen.published),
                len(client.record.received),
            )
            for client in self._clients
            for seen in [self.seen[client.number]]
        ]

    def is_settled(self, client: Client) -> bool:
        """Tell whether all that a client said is stored, and one Live session has listened."""
        seen = self.seen[client.number]
        return client.is_acknowledged and seen.open_sessions == (0 if seen.is_parked else 1)

    async def _listen(self) -> None:
        by_tag = {client.tag: self.seen[client.number] for client in self._clients}
        async with control_door(self._system) as socket:
            while True:
                sessions = (await ask(socket, op="sessions"))["sessions"]
                now_s = asyncio.get_running_loop().time()
                for tag, seen in by_tag.items():
                    mine = [one for one in sessions if tag in one["instruction"]]
                    seen.open_sessions = len(mine)
                    for session in mine:
                        _note(seen, session, now_s)
                await asyncio.sleep(LISTEN_S)

    async def _read_forever(self) -> None:
        while True:
            await self.read()
            await asyncio.sleep(READ_S)

    async def read(self) -> None:
        """Read all that was published since the last time."""
        await asyncio.gather(*(self._read(client) for client in self._clients if client.session_id))

    async def _read(self, client: Client) -> None:
        seen, names = self.seen[client.number], SessionKeys.of(client.session_id)
        worker, gateway, state = await self._bus.send(
            "HMGET", names.session, "worker", "gateway", "state"
        )
        seen.worker, seen.gateway = (worker or b"").decode(), (gateway or b"").decode()
        seen.is_parked = state == b"parked"
        while True:
            last = seen.published[-1].id if seen.published else START
            entries = await self._bus.send(
                "XRANGE", names.down, f"({last}", "+", "COUNT", READ_ENTRIES
            )
            replies = [_reply(entry_id, fields[b"m"]) for entry_id, fields in entries]
            # Between our question and its answer nobody else reads: one reader for each session.
            seen.published += [reply for reply in replies if reply.id.seq]
            if len(entries) < READ_ENTRIES:
                return


def _note(seen: Seen, session: dict[str, Any], now_s: float) -> None:
    name, received = session["session"], session["received"]
    if received > seen.received.get(name, 0):
        seen.hears.seen(now_s)
    seen.received[name] = received


def _reply(entry_id: bytes, frame: bytes) -> Reply:
    header, payload = decode(frame)
    return Reply(
        StreamId.parse(entry_id),
        header.kind == Kind.ASSISTANT_AUDIO,
        header.turn,
        header.time_ms,
        payload.startswith(_CUT),
    )
