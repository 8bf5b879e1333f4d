"""Three workers, a client and one session on a real Redis, in any order of events.

The property that the whole takeover rests on: at any time at most one worker can say something,
lease epochs only grow, and what the client is told has no hole and no repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.session_store import Attachment, SessionStore
from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.lease import Lease, claim
from gemini_worker.turn import Said
from shared.bus import Bus, open_bus
from shared.bus_messages import Transcript
from shared.codec import Header, Kind, StreamId, encode
from shared.errors import Fenced
from shared.options import SessionOptions
from tests.gemini_worker.shop import calm
from tests.support.redis_server import RedisServer, start_redis
from tests.support.replies import told

WORKERS = ("one", "two", "three")
LEASE_S = 60.0
"""Longer than the test runs: a worker is silent when a step says so, and at no other time."""

workers = st.sampled_from(WORKERS)


class Takeovers(RuleBasedStateMachine):
    """What workers may do to one session, and a plain model of who holds it."""

    runner: ClassVar[asyncio.Runner]
    bus: ClassVar[Bus]

    def __init__(self) -> None:
        super().__init__()
        self.dispatches = {name: Dispatch(self.bus, name, LEASE_S) for name in WORKERS}
        self.leases: dict[str, Lease] = {}
        """What each worker believes to hold; some of it is long outdated."""
        self.listed_for: str | None = None
        """Who stands in the table of leases."""
        self.is_free = True
        self.may_write: str | None = None
        self.epoch = 0
        self.said: list[StreamId] = []
        self.heard_seq = 0
        """How much the client has said by the time of the last claim."""
        self.uttered = 0
        self.is_parked = False

    @initialize()
    def open_session(self) -> None:
        """A client comes; the first worker takes its session."""
        self.runner.run(self._open_session())

    async def _open_session(self) -> None:
        await self.bus.send("FLUSHDB")
        await self.dispatches["one"].prepare()
        self.store = SessionStore(self.bus, "gateway")
        self.held: Attachment = await self.store.create("ann", SessionOptions(), "native")
        (self.entry,) = await self.dispatches["one"].take_new(1)
        await self._claim("one", self.entry)

    async def _status(self) -> str:
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.store.touch(self.held, lambda pulse: found.set_result(pulse.status))  # type: ignore[union-attr]
        await self.bus.send("PING")  # what nobody waits for may take its time
        return await found

    async def _claim(self, name: str, entry: Entry) -> None:
        lease = await claim(self.bus, self.dispatches[name], entry, name)
        assert lease is not None
        assert lease.epoch > self.epoch, "an epoch did not grow"
        # Crashes are not what is tested here: a session of many takeovers goes on.
        await lease.checkpoint({"crashes": 0})
        self.leases[name] = lease
        self.listed_for = self.may_write = name
        self.is_free, self.epoch = False, lease.epoch
        self.is_parked = False

    @rule()
    def utter(self) -> None:
        """The client says something; of a parked session a touch tells so."""
        self.runner.run(self._utter())

    async def _utter(self) -> None:
        self.uttered += 1
        entry = encode(Header(Kind.CONTROL, 1, self.uttered, 0.0), b"{}")
        await asyncio.gather(
            told(self.store.append, self.held, self.uttered, entry), self.bus.send("PING")
        )

    @rule(name=workers, has_heard=st.booleans())
    def park(self, name: str, has_heard: bool) -> None:
        """The holder lets the session go, if it has heard all; nobody else can."""
        lease = self.leases.get(name)
        if lease is None or self.is_parked:
            return
        heard = self.uttered if has_heard else 0
        try:
            is_parked = self.runner.run(lease.park(heard, 0))
        except Fenced:
            assert name != self.may_write, "the holder was fenced"
            return
        assert name == self.may_write, "somebody else let it go"
        assert is_parked == (heard == self.uttered)
        if is_parked:
            self.is_parked, self.heard_seq = True, self.uttered
            self.runner.run(self.dispatches[name].drop(self.entry))
            self.listed_for, self.is_free = None, False

    @precondition(lambda self: self.is_parked)
    @rule(name=workers, times=st.integers(1, 3))
    def wake(self, name: str, times: int) -> None:
        """Its gateway puts it in line, perhaps more than once: one worker gets it."""
        for _ in range(times):
            self.store.wake(self.held)
        first, *others = self.runner.run(self.dispatches[name].take_new(10))
        self.entry = first
        self.runner.run(self._claim(name, first))
        for entry in others:
            assert self.runner.run(claim(self.bus, self.dispatches[name], entry, name)) is None

    @rule()
    def touch(self) -> None:
        """The client's gateway learns whether something is unheard that nobody will hear."""
        parked = "unheard" if self.uttered > self.heard_seq else "parked"
        assert self.runner.run(self._status()) == (parked if self.is_parked else "ok")

    @rule(name=workers)
    def ask_for_work(self, name: str) -> None:
        """A worker takes the session exactly if its holder is silent or let it go."""
        self.runner.run(calm(self.bus))
        entries = self.runner.run(self.dispatches[name].take_over(10))

        assert bool(entries) == self.is_free
        if entries:
            self.runner.run(self._claim(name, entries[0]))

    @precondition(lambda self: not self.is_free and not self.is_parked)
    @rule()
    def fall_silent(self) -> None:
        """The holder gives no sign of life for the time of a lease, and works on."""
        assert self.listed_for is not None
        self.runner.run(self.dispatches[self.listed_for].hand_back(self.entry))
        self.is_free = True

    @rule(name=workers)
    def renew(self, name: str) -> None:
        """A sign of life keeps what is still one's own, and takes nothing back."""
        lost = self.runner.run(self.dispatches[name].renew([self.entry.entry_id]))

        assert bool(lost) == (self.listed_for != name)
        if not lost:
            self.is_free = False

    @rule(name=workers)
    def speak(self, name: str) -> None:
        """Only the worker of the newest claim is heard; every other is fenced."""
        lease = self.leases.get(name)
        if lease is None:
            return
        try:
            self.runner.run(lease.publish(Said(Transcript(turn=1, role="assistant", text="x"), 1)))
        except Fenced:
            assert name != self.may_write, "the holder was fenced"
        else:
            assert name == self.may_write, "two workers could speak"
            self.said.append(StreamId(lease.epoch, lease._seq))

    @rule(name=workers)
    def speak_again(self, name: str) -> None:
        """A message whose reply was lost is sent again, and is there once."""
        lease = self.leases.get(name)
        if lease is None or name != self.may_write:
            return
        if not self.said or self.said[-1] != (lease.epoch, lease._seq):
            return
        lease._seq -= 1
        self.runner.run(lease.publish(Said(Transcript(turn=1, role="assistant", text="x"), 1)))

    @rule(name=workers)
    def note(self, name: str) -> None:
        """A checkpoint is written by the holder and by nobody else."""
        lease = self.leases.get(name)
        if lease is None:
            return
        try:
            self.runner.run(lease.checkpoint({"position": "1-0"}))
        except Fenced:
            assert name != self.may_write
        else:
            assert name == self.may_write

    @precondition(lambda self: not self.is_parked)  # who has parked it has nothing to release
    @rule(name=workers)
    def release(self, name: str) -> None:
        """A worker that stops lets the session go; one that lost it changes nothing."""
        lease = self.leases.pop(name, None)
        if lease is None:
            return
        try:
            self.runner.run(lease.hand_over({"state": "resuming"}))
        except Fenced:
            assert name != self.may_write
        self.runner.run(self.dispatches[name].hand_back(self.entry))
        if self.listed_for == name:
            self.is_free = True

    @invariant()
    def what_the_client_is_told_has_no_hole_and_no_repeat(self) -> None:
        """The stream holds what was said, numbered through over all epochs."""
        if not self.epoch:
            return
        entries = self.runner.run(_ids(self.bus, self.held.keys.down))
        told = [one for one in entries if one.seq > 0]
        assert told == self.said
        assert [one.seq for one in told] == list(range(1, len(told) + 1))
        assert entries == sorted(entries)


async def _ids(bus: Bus, stream: str) -> list[StreamId]:
    return [StreamId.parse(entry_id) for entry_id, _ in await bus.send("XRANGE", stream, "-", "+")]


@pytest.fixture
def _redis_of_the_machine(tmp_path: Path) -> Iterator[None]:
    async def start() -> tuple[RedisServer, Bus]:
        server = await start_redis(tmp_path)
        bus = open_bus(server.url, name="machine", patience_s=5.0)
        await bus.__aenter__()
        return server, bus

    async def stop() -> None:
        await bus.__aexit__(None, None, None)
        await server.stop()

    with asyncio.Runner() as runner:
        server, bus = runner.run(start())
        Takeovers.runner, Takeovers.bus = runner, bus
        yield
        runner.run(stop())


@pytest.mark.usefixtures("_redis_of_the_machine")
def test_at_most_one_worker_speaks_in_any_order_of_events() -> None:
    """Random orders of claims, silences, renewals, releases and messages keep the property."""
    run_state_machine_as_test(
        Takeovers,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
