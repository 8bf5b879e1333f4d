"""What is stored comes in one row as soon as it is announced, whatever is missed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from gateway.session_store import Attachment, SessionStore
from gemini_worker.incoming import READ_ENTRIES, Entry, Incoming
from shared.bus import Bus, open_bus
from shared.codec import HEADER_BYTES, START, Header, Kind, StreamId, decode, encode
from shared.errors import BusError
from shared.options import SessionOptions
from tests.support.processes import until
from tests.support.redis_server import RedisServer


@dataclass
class Session:
    """A client's side of a session, and the worker's ear."""

    bus: Bus
    store: SessionStore
    held: Attachment
    seq: int = 0
    pictures: int = 0

    def listen(self) -> Incoming:
        return Incoming(self.bus, self.held.keys, START, START)

    async def speak(self, count: int = 1) -> None:
        for _ in range(count):
            self.seq += 1
            await self.store.append(self.held, self.seq, self.chunk(self.seq))

    def chunk(self, seq: int) -> bytes:
        return encode(Header(Kind.MICROPHONE, self.held.epoch, seq, 0.0), b"%d" % seq)

    async def show(self) -> None:
        self.pictures += 1
        header = Header(Kind.PICTURE, self.held.epoch, self.pictures, 0.0)
        await self.store.append_picture(self.held, self.pictures, encode(header, b"jpeg"))

    async def come_back(self) -> Attachment:
        """Connect anew; return the old connection's hold."""
        old = self.held
        held = await self.store.attach(old.session_id, old.user, old.epoch)
        assert held is not None
        self.held = held
        return old

    async def commands(self, name: str) -> int:
        """Return how often Redis has carried out a command."""
        stats = await self.bus.send("INFO", "commandstats")
        return int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"])


@pytest_asyncio.fixture
async def session(bus: Bus) -> AsyncIterator[Session]:
    store = SessionStore(bus, "gateway-1")
    yield Session(bus, store, await store.create("ann", SessionOptions(), "native"))


async def take(incoming: Incoming, count: int) -> list[tuple[str, bytes]]:
    """Return the next ``count`` entries of `up` that are no markers, by id and payload."""
    taken: list[tuple[str, bytes]] = []
    async with asyncio.timeout(5):
        while len(taken) < count:
            taken += spoken((await incoming.read(None))[1])
    return taken


def spoken(entries: list[Entry]) -> list[tuple[str, bytes]]:
    return [(str(i), decode(entry)[1]) for i, entry in entries if i.seq]


async def settled(incoming: Incoming) -> None:
    """Read until there is no news: what comes next is heard."""
    while any(await incoming.read(0.2)):
        pass


async def test_what_was_stored_before_comes_first(session: Session) -> None:
    """A backlog of several reads, then what is said from now on: one row without holes."""
    await session.speak(250)

    with session.listen() as incoming:
        before = await take(incoming, 250)
        await session.speak(3)
        after = await take(incoming, 3)

    assert before + after == [(f"1-{n}", b"%d" % n) for n in range(1, 254)]


async def test_nothing_is_read_unless_the_bell_rang(session: Session) -> None:
    """A session in which nothing happens asks Redis for nothing."""
    with session.listen() as incoming:
        await settled(incoming)
        reads = await session.commands("xread")

        assert await incoming.read(0.3) == ([], [])
        assert await session.commands("xread") == reads

        await session.speak(20)
        assert len(await take(incoming, 20)) == 20
        assert await session.commands("xread") <= reads + 20


async def test_a_lost_bell_harms_nothing(session: Session) -> None:
    """A message that was stored and never announced comes with the next, in its place."""
    with session.listen() as incoming:
        await settled(incoming)
        session.seq += 1
        await session.bus.send("XADD", session.held.keys.up, "1-1", "m", session.chunk(1))
        await session.speak()

        assert [entry_id for entry_id, _ in await take(incoming, 2)] == ["1-1", "1-2"]


async def test_a_break_is_read_over(session: Session) -> None:
    """What is said while the subscription is cut is there once it is back."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.bus.send("CLIENT", "KILL", "TYPE", "pubsub")
        await session.speak(5)

        assert [entry_id for entry_id, _ in await take(incoming, 5)] == [
            f"1-{n}" for n in range(1, 6)
        ]


async def test_an_old_connection_is_not_heard(session: Session) -> None:
    """What Redis refuses is announced all the same, and there is nothing to read."""
    with session.listen() as incoming:
        await session.speak(2)
        await take(incoming, 2)
        await settled(incoming)
        old = await session.come_back()

        refused = session.store.append(old, 3, session.chunk(3))
        assert isinstance(await _error(refused), BusError)
        await session.speak()

        assert await take(incoming, 1) == [("2-3", b"3")]


async def test_what_was_refused_is_not_waited_for(session: Session) -> None:
    """A bell for what never came into the stream costs one read, not one after another."""
    with session.listen() as incoming:
        await settled(incoming)
        reads = await session.commands("xread")

        await session.bus.send("PUBLISH", session.held.keys.said, session.chunk(7)[:HEADER_BYTES])
        await settled(incoming)

        assert await session.commands("xread") == reads + 1


async def _error(future: asyncio.Future[Any]) -> BaseException | None:
    await asyncio.wait([future])
    return future.exception()


async def test_a_picture_is_announced_and_read(session: Session) -> None:
    """Its header is published; it comes from the stream, and before what follows."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.show()
        await session.speak()
        frames: list[Entry] = []
        up: list[Entry] = []
        async with asyncio.timeout(5):
            while not up:
                more = await incoming.read(None)
                frames, up = frames + more[0], up + more[1]

    assert [(entry_id, decode(entry)[1]) for entry_id, entry in frames if entry_id.seq] == [
        (StreamId(1, 1), b"jpeg")
    ]
    assert spoken(up) == [("1-1", b"1")]


async def test_a_slow_reader_leaves_the_rest_in_redis(session: Session) -> None:
    """One read brings no more than its bound; nothing is lost or repeated."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.speak(3 * READ_ENTRIES)
        _, first = await incoming.read(None)

        assert len(first) == READ_ENTRIES
        taken = spoken(first) + await take(incoming, session.seq - READ_ENTRIES)
    assert [entry_id for entry_id, _ in taken] == [f"1-{n}" for n in range(1, session.seq + 1)]


async def test_a_bell_in_mid_read_is_not_forgotten(session: Session) -> None:
    """What is appended while a read is under way comes by the next, though nothing rings again."""
    with session.listen() as incoming:
        await settled(incoming)
        for _ in range(200):
            await session.speak()
            reading = asyncio.create_task(incoming.read(None))
            await session.speak()
            entries = (await reading)[1]
            if len(entries) < 2:
                entries += (await asyncio.wait_for(incoming.read(None), 5))[1]

            assert [i.seq for i, _ in entries] == [session.seq - 1, session.seq]


async def test_a_read_that_failed_is_made_again(redis_server: RedisServer) -> None:
    """With Redis away for too long the reader is told, and goes on from the same place later."""
    async with open_bus(redis_server.url, name="worker", patience_s=0.2) as bus:
        store = SessionStore(bus, "gateway-1")
        session = Session(bus, store, await store.create("ann", SessionOptions(), "native"))
        with session.listen() as incoming:
            await session.speak(2)
            await take(incoming, 2)
            await settled(incoming)
            await redis_server.kill()
            await until(lambda: incoming._is_behind or bus.away_since is None, "it is cut")
            incoming.subscribed()

            assert isinstance(await _error(asyncio.ensure_future(incoming.read(None))), BusError)
            await redis_server.start()
            await session.speak()

            assert [entry_id for entry_id, _ in await take(incoming, 1)] == ["1-3"]
