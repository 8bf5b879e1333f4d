"""Sessions made by a gateway and workers that want them, on a real Redis."""

from __future__ import annotations

from gateway.session_store import Attachment, SessionStore
from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.lease import Lease, claim
from gemini_worker.turn import Said
from shared import keys
from shared.bus import Bus
from shared.bus_messages import Transcript
from shared.options import SessionOptions

LEASE_S = 60.0
"""Longer than any test: a worker falls silent only when a test says so."""


class Shop:
    """Sessions made by a gateway, and workers that want them."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.store = SessionStore(bus, "gateway-1")

    async def worker(self, name: str) -> Dispatch:
        dispatch = Dispatch(self.bus, name, LEASE_S)
        await dispatch.prepare()
        return dispatch

    async def session(self) -> Attachment:
        return await self.store.create("ann", SessionOptions(), "native")

    async def silence(self, entry: Entry, worker: str) -> None:
        """Let the lease of ``worker`` run out without waiting for it."""
        await Dispatch(self.bus, worker, LEASE_S).hand_back(entry)
        await calm(self.bus)

    async def claimed(self, worker: str) -> tuple[Dispatch, Entry, Lease]:
        """Make a session and let ``worker`` take it."""
        dispatch = await self.worker(worker)
        await self.session()
        (entry,) = await dispatch.take_new(1)
        lease = await claim(self.bus, dispatch, entry, worker)
        assert lease is not None
        return dispatch, entry, lease

    async def taken_over(self, entry: Entry, old: str, new: str) -> Lease:
        """Let ``old`` fall silent and ``new`` take its session."""
        await self.silence(entry, old)
        dispatch = await self.worker(new)
        assert await dispatch.take_over(10) == [entry]
        lease = await claim(self.bus, dispatch, entry, new)
        assert lease is not None
        return lease


def word(turn: int = 1, text: str = "x") -> Said:
    """Return a piece of the assistant's transcript."""
    return Said(Transcript(turn=turn, role="assistant", text=text), turn)


async def calm(bus: Bus) -> None:
    """Let a lease's time pass since the first renewal, without waiting for it."""
    await Dispatch(bus, "passer-by", LEASE_S).renew([])
    await bus.send("HSET", keys.PULSE, "calm_from", 0)
