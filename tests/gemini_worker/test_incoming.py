"""What a client says comes in one row: speech as it is published, the rest from the streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from gateway.session_store import Attachment, SessionStore
from gemini_worker.incoming import READ_ENTRIES, Entry, Incoming
from gemini_worker.sent import BEGINNING
from shared.bus import Bus, open_bus
from shared.codec import BELL, HEADER_BYTES, START, Header, Kind, StreamId, decode, encode
from shared.errors import BusError
from shared.options import SessionOptions
from tests.support.processes import until
from tests.support.redis_server import RedisServer
from tests.support.replies import told


@dataclass
class Session:
    """A client's side of a session, and the worker's ear."""

    bus: Bus
    store: SessionStore
    held: Attachment
    seq: int = 0
    pictures: int = 0
    takes: bool = True
    """The worker takes speech as it comes, or has it read."""
    calls: list[int] = field(default_factory=list)
    """The bell rang for no entry."""
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    """What was taken as it came, by id."""

    def listen(self) -> Incoming:
        return Incoming(
            self.bus, self.held.keys, BEGINNING, START, self.take_now, lambda: self.calls.append(1)
        )

    def take_now(self, entry_id: StreamId, pcm16: bytes) -> bool:
        if self.takes:
            self.heard.append((str(entry_id), pcm16))
        return self.takes

    async def speak(self, count: int = 1) -> None:
        stored = []
        for _ in range(count):
            self.seq += 1
            chunk = self.chunk(self.seq)
            stored.append(told(self.store.append_speech, self.held, self.seq, chunk))
        await asyncio.gather(*stored)

    async def type(self) -> None:
        self.seq += 1
        header = Header(Kind.CONTROL, self.held.epoch, self.seq, 0.0)
        await told(self.store.append, self.held, self.seq, encode(header, b"%d" % self.seq))

    def chunk(self, seq: int) -> bytes:
        return encode(Header(Kind.MICROPHONE, self.held.epoch, seq, 0.0), b"%d" % seq)

    async def show(self) -> None:
        self.pictures += 1
        header = Header(Kind.PICTURE, self.held.epoch, self.pictures, 0.0)
        await told(self.store.append_picture, self.held, self.pictures, encode(header, b"jpeg"))

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


async def take(session: Session, incoming: Incoming, count: int) -> list[tuple[str, bytes]]:
    """Return the next ``count`` of what is said, by id and payload, however it came."""
    taken: list[tuple[str, bytes]] = []
    async with asyncio.timeout(5):
        while len(taken) < count:
            read = spoken((await incoming.read(0.05))[1])
            taken += session.heard + read
            session.heard.clear()
    return taken


def spoken(entries: list[Entry]) -> list[tuple[str, bytes]]:
    """Leave out the markers that open a connection."""
    return [(str(one.id), decode(one.frame)[1]) for one in entries if one.last is None]


async def settled(incoming: Incoming) -> None:
    """Read until there is no news: what comes next is heard."""
    while any(await incoming.read(0.2)):
        pass


async def test_what_was_stored_before_comes_first(session: Session) -> None:
    """A backlog of several reads, then what is said from now on: one row without holes."""
    await session.speak(250)

    with session.listen() as incoming:
        before = await take(session, incoming, 250)
        await session.speak(3)
        after = await take(session, incoming, 3)

    assert before + after == [(f"1-{n}", b"%d" % n) for n in range(1, 254)]


async def test_speech_is_taken_as_it_comes(session: Session) -> None:
    """A session in which somebody only speaks asks Redis for nothing."""
    with session.listen() as incoming:
        await settled(incoming)
        reads = await session.commands("xread")
        reading = asyncio.create_task(incoming.read(None))
        await asyncio.sleep(0)

        await session.speak(20)
        await until(lambda: len(session.heard) == 20, "it is heard")

        assert session.heard == [(f"1-{n}", b"%d" % n) for n in range(1, 21)]
        assert await session.commands("xread") == reads
        assert not reading.done()
        reading.cancel()


async def test_what_is_declined_is_read(session: Session) -> None:
    """Speech that cannot be taken at once comes from the stream, in order."""
    with session.listen() as incoming:
        await settled(incoming)
        await session.speak(2)
        assert len(await take(session, incoming, 2)) == 2

        session.takes = False
        await session.speak(3)

        read = await take(session, incoming, 3)
    assert read == [("1-3", b"3"), ("1-4", b"4"), ("1-5", b"5")]


async def test_nothing_overtakes_what_is_read(session: Session) -> None:
    """Speech after a typed word is taken at once only when that has been handed over."""
    with session.listen() as incoming:
        await settled(incoming)
        row: list[bytes] = []
        for _ in range(50):
            await session.speak()
            await session.type()
            await session.speak()
            row += [payload for _, payload in await take(session, incoming, 3)]

    assert row == [b"%d" % n for n in range(1, 151)]


async def test_speech_while_the_reader_is_busy_is_read(session: Session) -> None:
    """Between two reads nothing is taken: what was read is still on its way to the model."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.speak(3)

        assert session.heard == []
        assert [i for i, _ in spoken((await incoming.read(1))[1])] == ["1-1", "1-2", "1-3"]


async def test_a_lost_bell_harms_nothing(session: Session) -> None:
    """A message that was stored and never announced comes with the next, in its place."""
    with session.listen() as incoming:
        await settled(incoming)
        session.seq += 1
        await session.bus.send("XADD", session.held.keys.up, "1-1", "m", session.chunk(1))
        await session.speak()

        assert [entry_id for entry_id, _ in await take(session, incoming, 2)] == ["1-1", "1-2"]


async def test_a_break_is_read_over(session: Session) -> None:
    """What is said while the subscription is cut is there once it is back."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.bus.send("CLIENT", "KILL", "TYPE", "pubsub")
        await session.speak(5)

        assert [entry_id for entry_id, _ in await take(session, incoming, 5)] == [
            f"1-{n}" for n in range(1, 6)
        ]


async def test_an_old_connection_is_not_heard(session: Session) -> None:
    """What Redis refuses is published, and passed over, though its number would be the next."""
    with session.listen() as incoming:
        await session.speak(2)
        await take(session, incoming, 2)
        await settled(incoming)
        old = await session.come_back()

        stale = session.chunk(3) + b"old"
        with pytest.raises(BusError, match="equal or smaller"):
            await told(session.store.append_speech, old, 3, stale)
        await session.speak()

        assert await take(session, incoming, 1) == [("2-3", b"3")]


async def test_a_chunk_that_was_sent_again_is_heard_once(session: Session) -> None:
    """A repeated append is refused and published again, and passed over."""
    with session.listen() as incoming:
        await settled(incoming)
        reading = asyncio.create_task(incoming.read(None))
        await asyncio.sleep(0)
        await session.speak()

        with pytest.raises(BusError, match="equal or smaller"):
            await told(session.store.append_speech, session.held, 1, session.chunk(1))
        await session.speak()
        await until(lambda: len(session.heard) == 2, "both are heard")

        assert [entry_id for entry_id, _ in session.heard] == ["1-1", "1-2"]
        reading.cancel()


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

    assert spoken(frames) == [("1-1", b"jpeg")]
    assert spoken(up) == [("1-1", b"1")]


async def test_a_slow_reader_leaves_the_rest_in_redis(session: Session) -> None:
    """One read brings no more than its bound; nothing is lost or repeated."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.speak(3 * READ_ENTRIES)
        _, first = await incoming.read(None)

        assert len(first) == READ_ENTRIES
        taken = spoken(first) + await take(session, incoming, session.seq - READ_ENTRIES)
    assert [entry_id for entry_id, _ in taken] == [f"1-{n}" for n in range(1, session.seq + 1)]


async def test_a_bell_in_mid_read_is_not_forgotten(session: Session) -> None:
    """What is appended while a read is under way comes by the next, though nothing rings again."""
    with session.listen() as incoming:
        await settled(incoming)
        for _ in range(200):
            await session.speak()
            reading = asyncio.create_task(incoming.read(None))
            await session.speak()
            entries = (await asyncio.wait_for(reading, 5))[1]
            if len(entries) < 2:
                entries += (await asyncio.wait_for(incoming.read(None), 5))[1]

            assert [one.id.seq for one in entries] == [session.seq - 1, session.seq]


async def test_a_read_that_failed_is_made_again(redis_server: RedisServer) -> None:
    """With Redis away for too long the reader is told, and goes on from the same place later."""
    async with open_bus(redis_server.url, name="worker", patience_s=0.2) as bus:
        store = SessionStore(bus, "gateway-1")
        session = Session(bus, store, await store.create("ann", SessionOptions(), "native"))
        with session.listen() as incoming:
            await session.speak(2)
            await take(session, incoming, 2)
            await settled(incoming)
            await redis_server.kill()
            await until(lambda: incoming._is_behind or bus.away_since is None, "it is cut")
            incoming.subscribed()

            assert isinstance(await _error(asyncio.ensure_future(incoming.read(None))), BusError)
            await redis_server.start()
            await session.speak()

            assert [entry_id for entry_id, _ in await take(session, incoming, 1)] == ["1-3"]


async def test_a_bell_for_no_message_calls_the_worker(session: Session) -> None:
    """Something has been written to the hash."""
    with session.listen() as incoming:
        await settled(incoming)

        await session.bus.send("PUBLISH", session.held.keys.said, BELL)

        await until(lambda: bool(session.calls), "it is called")


async def test_the_numbers_go_on_from_what_redis_still_has(session: Session) -> None:
    """A Redis that lost its last second has the client number anew what was heard already."""
    with session.listen() as incoming:
        await settled(incoming)
        await session.speak(5)
        assert len(await take(session, incoming, 5)) == 5
        await session.bus.send("XDEL", session.held.keys.up, "1-4", "1-5")

        await session.come_back()
        assert session.held.last_seq == 3
        session.seq = 3
        await session.speak(2)

        assert await take(session, incoming, 2) == [("2-4", b"4"), ("2-5", b"5")]
