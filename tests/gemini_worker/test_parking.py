"""A session in which nothing happens is let go in Redis, and found by what its client says."""

from __future__ import annotations

import asyncio

import pytest

from gateway.session_store import Attachment
from gemini_worker.lease import Lease, claim
from shared import keys, limits
from shared.bus import Bus
from shared.codec import Header, Kind, encode
from shared.errors import Fenced, SessionGone
from tests.gemini_worker.shop import Shop, word
from tests.support.replies import told
from web.monitor_end import EndedBy, end_session


class Lot(Shop):
    """One session, said and shown something, and the worker that holds it."""

    async def open(self) -> None:
        self.dispatch, self.entry, self.lease = await self.claimed("one")
        self.held = Attachment(self.entry.session_id, "ann", epoch=1)
        await self.say(1)
        await self.say(2)
        await self.show(1)

    async def say(self, seq: int) -> None:
        entry = encode(Header(Kind.MICROPHONE, self.held.epoch, seq, 0.0), b"\0\0")
        assert await told(self.store.append, self.held, seq, entry) is not None

    async def show(self, seq: int) -> None:
        entry = encode(Header(Kind.PICTURE, self.held.epoch, seq, 0.0), b"\0\0")
        assert await told(self.store.append_picture, self.held, seq, entry) is not None

    async def park(self) -> None:
        """Let the worker park the session, as it does when it has heard all."""
        assert await self.lease.park(2, 1)
        await self.dispatch.drop(self.entry)

    async def status(self) -> str:
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.store.touch(self.held, lambda pulse: heard.set_result(pulse.status))  # type: ignore[union-attr]
        return await heard

    async def state(self) -> bytes | None:
        found: bytes | None = await self.bus.send("HGET", self.held.keys.session, "state")
        return found

    async def woken(self, worker: str) -> Lease:
        """Wake the session, and let a worker take it."""
        self.store.wake(self.held)
        dispatch = await self.worker(worker)
        (entry,) = await dispatch.take_new(10)
        lease = await claim(self.bus, dispatch, entry, worker)
        assert lease is not None
        return lease


@pytest.fixture
async def lot(bus: Bus) -> Lot:
    lot = Lot(bus)
    await lot.open()
    return lot


async def test_a_parked_session_is_nobodys(lot: Lot) -> None:
    """No worker holds it or waits for it, and its client's touches keep it."""
    await lot.park()

    assert await lot.bus.send("XLEN", keys.DISPATCH) == 0
    assert await lot.bus.send("HMGET", lot.held.keys.session, "state", "worker") == [b"parked", b""]
    assert await lot.status() == "parked"
    for key in lot.held.keys.stored()[:4]:
        assert 0 < await lot.bus.send("TTL", key) <= limits.SESSION_TTL_S


@pytest.mark.parametrize("heard", [(1, 1), (2, 0)], ids=["a chunk", "a picture"])
async def test_nothing_is_parked_with_something_unheard(lot: Lot, heard: tuple[int, int]) -> None:
    """What came while the worker made up its mind keeps the session where it is."""
    assert not await lot.lease.park(*heard)

    assert await lot.state() == b"connecting"
    assert await lot.status() == "ok"


@pytest.mark.parametrize("what", ["say", "show"])
async def test_what_is_said_to_a_parked_session_is_found_by_a_touch(lot: Lot, what: str) -> None:
    """Also where whoever said it did not know."""
    await lot.park()

    await getattr(lot, what)(3)

    assert await lot.status() == "unheard"


async def test_who_comes_back_does_not_wake_it(lot: Lot) -> None:
    """A page loaded again, or a gateway replaced, says nothing to the model."""
    await lot.park()

    for _ in range(3):
        back = await lot.store.attach(lot.held.session_id, "ann", lot.held.epoch)
        assert back is not None
        assert (back.state, back.last_seq, back.last_picture) == ("parked", 2, 1)
        lot.held = back
        assert await lot.status() == "parked"

    await lot.say(3)
    assert await lot.status() == "unheard"


async def test_a_woken_session_goes_on_where_it_stood(lot: Lot) -> None:
    """Another worker takes it, with what is known of it; nobody has died on it."""
    await lot.lease.publish(word())
    await lot.lease.checkpoint({"handle": "a-handle", "handle_position": "1-2"})
    await lot.park()

    lease = await lot.woken("two")

    assert (lease.epoch, lease.is_takeover) == (2, True)
    assert (
        lease.fields.items()
        >= {
            "state": "connecting",
            "handle": "a-handle",
            "handle_position": "1-2",
            "crashes": "0",
            "wakes": "1",
        }.items()
    )
    await lease.publish(word())
    assert await lot.status() == "ok"


async def test_woken_twice_it_has_one_worker(lot: Lot) -> None:
    """An entry too many, or one that its worker had no time to take away, is dropped."""
    assert await lot.lease.park(2, 1)  # and dies before it takes its entry off the table
    lease = await lot.woken("two")
    three = await lot.worker("three")
    lot.store.wake(lot.held)
    (again,) = await three.take_new(10)
    await lot.silence(lot.entry, "one")
    (left_behind,) = await three.take_over(10)

    for entry in (again, left_behind):
        assert await claim(lot.bus, three, entry, "three") is None

    assert await lot.bus.send("XLEN", keys.DISPATCH) == 1
    await lease.publish(word())


async def test_the_worker_that_parked_it_can_say_nothing_more(lot: Lot) -> None:
    """Once another one has it."""
    await lot.park()
    await lot.woken("two")

    for writing in (lot.lease.publish(word()), lot.lease.park(2, 1), lot.lease.checkpoint({})):
        with pytest.raises(Fenced):
            await writing


async def test_parking_what_is_gone_is_told(lot: Lot) -> None:
    """A session whose keys ran out is over for its worker."""
    await lot.bus.send("DEL", *lot.held.keys.stored())

    with pytest.raises(SessionGone):
        await lot.lease.park(2, 1)


async def test_parking_twice_is_no_error(lot: Lot) -> None:
    """The reply to the first time was lost."""
    assert await lot.lease.park(2, 1)
    assert await lot.lease.park(2, 1)


async def test_its_client_may_end_it(lot: Lot) -> None:
    """At once, without a worker; nothing of it is left but that it is over."""
    await lot.lease.checkpoint({"handle": "a-handle"})
    await lot.park()

    assert await lot.store.cancel(lot.held)

    assert await lot.state() == b"ended"
    assert not await lot.bus.send("EXISTS", *lot.held.keys.stored()[1:])
    assert not await lot.bus.send("HEXISTS", lot.held.keys.session, "handle")


async def test_the_operator_may_end_it(lot: Lot) -> None:
    """As one that nobody holds."""
    await lot.park()

    assert await end_session(lot.bus, lot.held.session_id) is EndedBy.OPERATOR

    assert await lot.state() == b"ended"
