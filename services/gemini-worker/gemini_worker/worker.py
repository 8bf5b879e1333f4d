"""The process: claims its share of the sessions, renews its leases, hands back on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass

import structlog

from gemini_worker.balance import Appetite
from gemini_worker.colleagues import Colleagues
from gemini_worker.conversation import Conversation, Outcome
from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.gemini import LiveEndpoint
from gemini_worker.lease import claim
from gemini_worker.shift import Rules, Shift
from shared.bus import Bus
from shared.errors import BusError, BusUnavailable, Fenced, SessionGone
from shared.presence import BEAT_S
from shared.rounds import Rounds

RENEWALS_PER_LEASE = 4
AWAY_S = 0.5
BACK_OFF_S = 1.0
"""After a session failed here in a way that nobody foresaw: gives another worker the chance."""

PAUSE_S = 0.05
"""Longest pause between two helpings, so that no worker takes all that there is."""

GIVE_WAY_S = 0.5
"""How long sessions are left to those who have more room: they ask four times a second."""

QUIET_S = 5.0
"""How long a session that is to be handed over may take to come to a quiet moment; then another is
tried."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Held:
    """A session of this worker."""

    moving: asyncio.Event
    task: asyncio.Task[None]


class Worker:
    """Sessions of this process, each a task."""

    def __init__(
        self,
        bus: Bus,
        endpoint: LiveEndpoint,
        *,
        worker_id: str,
        capacity: int,
        rules: Rules,
    ) -> None:
        self._bus, self._endpoint, self._worker_id = bus, endpoint, worker_id
        self._capacity, self._rules = capacity, rules
        self._rounds = Rounds()
        self._dispatch = Dispatch(bus, worker_id, rules.lease_s, self._rounds.stir_all)
        self._colleagues = Colleagues(bus, worker_id, capacity, rules.lease_s)
        self._held: dict[str, _Held] = {}
        self._room = asyncio.Event()
        self.stopping = asyncio.Event()
        """Set it, and `run` hands everything over and returns."""

    @property
    def load(self) -> int:
        """How many sessions this worker holds."""
        return len(self._held)

    async def run(self) -> None:
        """Work until `stopping` is set and every session is handed over."""
        renewing = asyncio.create_task(self._renew_forever(), name="renew")
        growing = [
            asyncio.create_task(self._claim_forever(), name="claim"),
            asyncio.create_task(self._balance_forever(), name="balance"),
        ]
        await self.stopping.wait()
        self._rounds.stir_all()
        for task in growing:
            task.cancel()
        await asyncio.gather(*growing, return_exceptions=True)
        log.info("draining", sessions=self.load)
        await asyncio.gather(*(one.task for one in self._held.values()), return_exceptions=True)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with contextlib.suppress(BusError):
            await self._dispatch.leave()

    async def _claim_forever(self) -> None:
        """Take sessions: first those whose worker fell silent, then new ones, in their order."""
        is_prepared = False
        while True:
            if self.load >= self._capacity:
                self._room.clear()
                await self._room.wait()
                continue
            try:
                if not is_prepared:
                    await self._dispatch.prepare()
                    is_prepared = True
                entries = await self._take(self._colleagues.appetite(self.load))
            except BusUnavailable:
                await asyncio.sleep(AWAY_S)
            except BusError as exc:
                log.warning("dispatch cannot be read", cause=str(exc))
                is_prepared = False
                await asyncio.sleep(AWAY_S)
            else:
                for entry in entries:
                    self._start(entry)
                if entries:
                    await asyncio.sleep(random.uniform(0, PAUSE_S))  # noqa: S311 - not a secret

    async def _take(self, appetite: Appetite) -> list[Entry]:
        if not appetite.gives_way:
            found = await self._dispatch.take_over(appetite.most)
            return found or await self._dispatch.take_new(appetite.most)
        await asyncio.sleep(GIVE_WAY_S)
        found = await self._dispatch.take_over(appetite.most, after_s=GIVE_WAY_S)
        return found or await self._dispatch.take_new(1, wait_ms=1)

    async def _balance_forever(self) -> None:
        """Hand sessions over while this worker holds well more than its share."""
        while True:
            await self._colleagues.look()
            if self._held and self._colleagues.has_surplus(self.load):
                await self._hand_one_over()
            await asyncio.sleep(BEAT_S * random.uniform(0.75, 1.25))  # noqa: S311 - not a secret

    async def _hand_one_over(self) -> None:
        held = random.choice(list(self._held.values()))  # noqa: S311 - not a secret
        held.moving.set()
        self._rounds.stir_all()
        await asyncio.wait([held.task], timeout=QUIET_S)
        held.moving.clear()

    def _start(self, entry: Entry) -> None:
        if entry.entry_id in self._held:
            return
        moving = asyncio.Event()
        task = asyncio.create_task(
            self._converse(entry, moving), name=f"session-{entry.session_id}"
        )
        self._held[entry.entry_id] = _Held(moving, task)
        task.add_done_callback(lambda _: self._forget(entry))

    def _forget(self, entry: Entry) -> None:
        self._held.pop(entry.entry_id, None)
        self._room.set()

    async def _converse(self, entry: Entry, moving: asyncio.Event) -> None:
        """Hold one session; whatever ends it, the others go on."""
        structlog.contextvars.bind_contextvars(session=entry.session_id)
        try:
            await self._hold(entry, moving)
        except SessionGone:
            log.info("session is gone")
            await self._dispatch.drop(entry)
        except BusError as exc:
            # The lease runs out by itself; whoever reaches Redis first takes the session over.
            log.warning("session left alone: redis stays away", cause=str(exc))
        except Exception:
            log.exception("session failed; another worker may take it")
            await asyncio.sleep(BACK_OFF_S)
            with contextlib.suppress(BusError):
                await self._dispatch.hand_back(entry)

    async def _hold(self, entry: Entry, moving: asyncio.Event) -> None:
        lease = await claim(self._bus, self._dispatch, entry, self._worker_id)
        if lease is None:
            return
        log.info("session claimed", epoch=lease.epoch, takeover=lease.is_takeover)
        shift = Shift(self._dispatch, self._rules, self.stopping, moving, self._rounds)
        try:
            outcome = await Conversation(lease, self._endpoint, shift).run()
        except (asyncio.CancelledError, Fenced) as exc:
            log.warning("another worker holds the session", told_by=type(exc).__name__)
            await lease.forgive()
            return
        if outcome is Outcome.HANDED_OVER:
            await self._dispatch.hand_back(entry)
        else:
            await self._dispatch.drop(entry)
        log.info(outcome.value)

    async def _renew_forever(self) -> None:
        while True:
            try:
                for entry_id in await self._dispatch.renew(list(self._held)):
                    held = self._held.get(entry_id)
                    if held is not None:
                        held.task.cancel()
            except BusError as exc:
                log.warning("leases cannot be renewed", cause=str(exc))
            await asyncio.sleep(self._rules.lease_s / RENEWALS_PER_LEASE)
