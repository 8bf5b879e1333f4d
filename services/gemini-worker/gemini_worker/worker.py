"""The process: claims sessions up to its capacity, renews its leases, hands back on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import random

import structlog

from gemini_worker.conversation import Conversation
from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.exchange import Rules, Shift
from gemini_worker.gemini import LiveEndpoint
from gemini_worker.lease import claim
from shared.bus import Bus
from shared.errors import BusError, BusUnavailable, Fenced, SessionGone

RENEWALS_PER_LEASE = 4
AWAY_S = 0.5
BACK_OFF_S = 1.0
"""After a session failed here in a way that nobody foresaw: gives another worker the chance."""

log = structlog.get_logger()


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
        self._dispatch = Dispatch(bus, worker_id, rules.lease_s)
        self._held: dict[str, asyncio.Task[None]] = {}
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
        claiming = asyncio.create_task(self._claim_forever(), name="claim")
        await self.stopping.wait()
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)
        log.info("draining", sessions=self.load)
        await asyncio.gather(*self._held.values(), return_exceptions=True)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with contextlib.suppress(BusError):
            await self._dispatch.leave()

    async def _claim_forever(self) -> None:
        """Take sessions: first those whose worker fell silent, then new ones, in their order."""
        is_prepared = False
        while True:
            free = self._capacity - self.load
            if free <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            try:
                if not is_prepared:
                    await self._dispatch.prepare()
                    is_prepared = True
                # Few at a time and at odd moments, so that the sessions of a dead worker spread
                # over those that live instead of all going to the first that asks.
                entries = await self._dispatch.take_over(min(free, 10))
                if not entries:
                    entries = await self._dispatch.take_new(min(free, 10))
                    await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311 - not a secret
            except BusUnavailable:
                await asyncio.sleep(AWAY_S)
            except BusError as exc:
                log.warning("dispatch cannot be read", cause=str(exc))
                is_prepared = False
                await asyncio.sleep(AWAY_S)
            else:
                for entry in entries:
                    self._start(entry)

    def _start(self, entry: Entry) -> None:
        if entry.entry_id in self._held:
            return
        task = asyncio.create_task(self._converse(entry), name=f"session-{entry.session_id}")
        self._held[entry.entry_id] = task
        task.add_done_callback(lambda _: self._forget(entry))

    def _forget(self, entry: Entry) -> None:
        self._held.pop(entry.entry_id, None)
        self._room.set()

    async def _converse(self, entry: Entry) -> None:
        """Hold one session; whatever ends it, the others go on."""
        structlog.contextvars.bind_contextvars(session=entry.session_id)
        try:
            await self._hold(entry)
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

    async def _hold(self, entry: Entry) -> None:
        lease = await claim(self._bus, self._dispatch, entry, self._worker_id)
        if lease is None:
            return
        log.info("session claimed", epoch=lease.epoch, takeover=lease.is_takeover)
        shift = Shift(self._dispatch, self._rules, self.stopping)
        try:
            is_over = await Conversation(lease, self._endpoint, shift).run()
        except (asyncio.CancelledError, Fenced) as exc:
            log.warning("another worker holds the session", told_by=type(exc).__name__)
            await lease.forgive()
            return
        if is_over:
            await self._dispatch.drop(entry)
            log.info("session over")
        else:
            await self._dispatch.hand_back(entry)
            log.info("session handed over")

    async def _renew_forever(self) -> None:
        while True:
            try:
                for entry_id in await self._dispatch.renew(list(self._held)):
                    task = self._held.get(entry_id)
                    if task is not None:
                        task.cancel()
            except BusError as exc:
                log.warning("leases cannot be renewed", cause=str(exc))
            await asyncio.sleep(self._rules.lease_s / RENEWALS_PER_LEASE)
