"""From one client to Redis: what may be acknowledged, and what ends a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway import uplink as uplink_module
from gateway.rest import Rest
from gateway.session_store import Attachment, SessionStore
from gateway.uplink import Uplink
from shared.bus import Bus, open_bus
from shared.codec import Header, Kind, PictureFlag
from shared.errors import BusUnavailable, Superseded
from shared.options import SessionOptions
from tests.support.processes import until
from tests.support.redis_server import RedisServer
from tests.support.replies import told


class Held:
    """A session and one connection's way up."""

    def __init__(self, bus: Bus, store: SessionStore, held: Attachment) -> None:
        self.bus, self.store, self.held = bus, store, held
        self.uplink = Uplink(
            store, held, lambda: None, Rest(lambda: None, lambda: None, is_parked=False)
        )

    async def say(self, *seqs: int) -> None:
        for seq in seqs:
            await self.uplink.append(seq, b"%d" % seq, "audio")

    def show(self, seq: int, overview: int = 0) -> None:
        flags = PictureFlag.CLOSE_UP if overview else 0
        header = Header(Kind.PICTURE, 1, seq, 0.0, overview, flags)
        self.uplink.append_picture(header, b"%d" % seq)

    async def acked(self, seq: int, picture: int = 0) -> None:
        await until(
            lambda: (self.uplink.acked, self.uplink.acked_picture) == (seq, picture),
            f"acknowledged; got {self.uplink.acked} {self.uplink.acked_picture}",
            5.0,
        )

    async def stored(self, stream: str) -> list[bytes]:
        entries = await self.bus.send("XRANGE", stream, "(1-0", "+")
        return [fields[b"m"] for _, fields in entries]


@pytest_asyncio.fixture
async def session(bus: Bus) -> AsyncIterator[Held]:
    store = SessionStore(bus, "gateway-1")
    one = Held(bus, store, await store.create("ann", SessionOptions(), "native"))
    yield one
    if not one.uplink._failure.done():
        await one.uplink.settle(1.0)


async def test_what_is_stored_is_acknowledged(session: Held) -> None:
    """Everything arrives in order, and the newest number is what may be acknowledged."""
    await session.say(*range(1, 101))

    await session.acked(100)
    assert await session.stored(session.held.keys.up) == [b"%d" % n for n in range(1, 101)]


async def test_an_append_that_was_stored_before_is_acknowledged(session: Held) -> None:
    """A number whose first reply was lost is known to be there, and no error."""
    await told(session.store.append, session.held, 1, b"1")

    await session.say(1, 2)

    await session.acked(2)
    assert await session.stored(session.held.keys.up) == [b"1", b"2"]


async def test_a_newer_connection_ends_this_one(session: Held) -> None:
    """What the old connection still sends tells it that it was taken over."""
    await session.store.attach(session.held.session_id, "ann", 1)

    await session.say(1)

    with pytest.raises(Superseded):
        await session.uplink.watch()
    assert session.uplink.acked == 0


async def test_of_pictures_in_a_hurry_the_newest_goes(session: Held) -> None:
    """While one is on its way only the newest behind it is kept."""
    for seq in range(1, 6):
        session.show(seq)

    await session.acked(0, 5)
    assert await session.stored(session.held.keys.frames) == [b"1", b"5"]


async def test_close_ups_wait_with_their_overview(session: Held) -> None:
    """Behind the picture that is on its way, an overview and its close-ups are kept in order."""
    for seq, overview in ((1, 0), (2, 1), (3, 0), (4, 3), (5, 3)):
        session.show(seq, overview)

    await session.acked(0, 5)
    assert await session.stored(session.held.keys.frames) == [b"1", b"3", b"4", b"5"]


async def test_a_question_follows_the_picture_it_is_about(session: Held) -> None:
    """A picture that was held back is sent before the question is, in the same row."""
    session.show(1)
    session.show(2)
    session.uplink.flush_pictures()
    await session.say(1)

    await session.acked(1, 2)
    assert await session.stored(session.held.keys.frames) == [b"1", b"2"]


async def test_the_client_waits_while_too_much_is_on_its_way(
    session: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Redis slow the client's socket is not read on, instead of filling this process."""
    monkeypatch.setattr(uplink_module, "MAX_PENDING", 3)
    await session.bus.send("CLIENT", "PAUSE", 300, "WRITE")
    saying = asyncio.create_task(session.say(1, 2, 3, 4))

    await asyncio.sleep(0.1)
    assert not saying.done()

    await saying
    await session.acked(4)


async def test_redis_away_for_too_long_ends_the_connection(redis_server: RedisServer) -> None:
    """The client is closed and told to come back; nothing later is stored behind the hole."""
    async with open_bus(redis_server.url, name="gateway", patience_s=0.2) as bus:
        store = SessionStore(bus, "gateway-1")
        session = Held(bus, store, await store.create("ann", SessionOptions(), "native"))
        await redis_server.kill()
        await session.say(1)

        with pytest.raises(BusUnavailable):
            await session.uplink.watch()
        await redis_server.start()
        await session.say(2)
        session.show(1)
        await session.uplink.settle(1.0)

        assert await session.stored(session.held.keys.up) == []
        assert session.uplink.acked == 0


async def test_settling_waits_for_what_is_on_its_way(session: Held) -> None:
    """At the end everything that was said is stored before the connection is forgotten."""
    await session.say(*range(1, 51))

    await session.uplink.settle(5.0)

    assert session.uplink.acked == 50


async def test_settling_has_an_end(redis_server: RedisServer, session: Held) -> None:
    """With Redis away the connection's end does not wait for ever."""
    await redis_server.kill()
    await session.say(1)

    async with asyncio.timeout(2):
        await session.uplink.settle(0.1)
