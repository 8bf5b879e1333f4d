"""What both doors share: one client's connection to one session, from check-in to close.

A door is the protocol that a client speaks: our own (native.py) or the tutorial's (tutorial.py).
It reads the client's messages and says how a message of the worker looks to that client; all else
is here.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

import structlog

from gateway import metrics
from gateway.client_messages import CloseCode, Error
from gateway.closing import Closing, first_of, verdict
from gateway.downlink import Downlink
from gateway.house import House
from gateway.intake import Intake
from gateway.outbox import Item, Outbox
from gateway.rest import Rest
from gateway.session_store import Attachment
from gateway.socket import ClientLeft, ClientSocket
from gateway.upkeep import Upkeep
from gateway.uplink import Uplink
from shared.bus_messages import Message, State
from shared.codec import START, StreamId
from shared.errors import (
    BusUnavailable,
    DecodeError,
    OvershoulderError,
)

HELLO_S = 5.0
"""How long a client may take for its first message."""

SEND_S = 5.0
"""How long one message may take to leave: a client further behind than this is sent away."""

ACK_S = 0.5
"""How long what was stored may wait for its acknowledgement, so that one stands for many."""

SETTLE_S = 5.0
STALE_AUDIO_MS = 6_000.0
"""A client that was away longer has no use for speech from before."""

MAX_SKIPPED = 20

log = structlog.get_logger()


class Door(ABC):
    """One client, by one protocol. `serve` runs from the accepted socket to its close."""

    name: str

    def __init__(self, house: House, socket: ClientSocket) -> None:
        self.house, self.socket = house, socket
        self._loop = asyncio.get_running_loop()
        self._skipped = 0
        self._acknowledging: asyncio.TimerHandle | None = None
        self._place = 0
        self._is_away = False
        self._changed = asyncio.Event()
        """There is something new to tell: either of these."""
        self.upkeep = Upkeep(house, self, self._redis_is_away)

    # --- what a door must say ---

    @abstractmethod
    async def greet(self) -> tuple[Attachment, Downlink, Outbox]:
        """Check the client in and tell it so; return its session and where it goes on."""

    @abstractmethod
    async def handle(self, message: str | bytes) -> None:
        """Take one message of the client; raise `DecodeError` to skip it, `Closing` to close."""

    @abstractmethod
    def take_now(self, message: str | bytes) -> bool:
        """Take a message in which nothing is wrong and for which nothing must be awaited.

        That is nearly all speech, without a task being woken for it. Whatever else there is to a
        message, it is declined and comes by `handle`, as if this had not been.
        """

    @abstractmethod
    async def deliver(self, item: Item) -> None:
        """Send one message of the worker as this client understands it."""

    @abstractmethod
    async def tell(self, message: Message) -> None:
        """Send one of the gateway's own messages as this client understands it."""

    @abstractmethod
    def acknowledgement(self) -> str | None:
        """Return what tells the client what is stored, if its protocol has a word for that."""

    # --- the life of a connection ---

    async def serve(self) -> None:
        """Serve the client until either side ends it, then close; nothing foreseen is raised."""
        code, reason = await self._run(self._check_in)
        if code is None:
            try:
                code, reason = await self._run(self._converse)
            finally:
                await self._check_out()
        metrics.CLOSED.labels(str(code)).inc()
        await self.socket.close(code or CloseCode.GOING_AWAY, reason)

    async def _run(self, step: Callable[[], Awaitable[None]]) -> tuple[int | None, str]:
        """Run a step; return the close code and reason that it ended with, if it did."""
        try:
            await step()
        except (Closing, ClientLeft, OvershoulderError) as exc:
            return verdict(exc)
        except BaseExceptionGroup as group:
            foreseen, rest = group.split((Closing, ClientLeft, OvershoulderError))
            if rest is not None or foreseen is None:
                raise
            return verdict(first_of(foreseen))
        return None, ""

    async def _check_in(self) -> None:
        try:
            self.held, self.downlink, self.outbox = await self.greet()
        except BusUnavailable as exc:
            await self.tell(_unavailable())
            raise Closing(CloseCode.BUSY, "storage is away, come back soon") from exc
        except DecodeError as exc:
            await self.tell(_as_error(exc))
            raise Closing(CloseCode.PROTOCOL_ERROR, exc.code) from exc
        structlog.contextvars.bind_contextvars(session=self.held.session_id)
        store, is_parked = self.house.store, self.held.state == "parked"
        self.rest = Rest(partial(store.wake, self.held), self.upkeep.stir, is_parked=is_parked)
        self.uplink = Uplink(store, self.held, self._stored, self.rest)
        self.intake = Intake(self.uplink, self.held.epoch)
        self.house.queue.attend(self.held.session_id, self._at_place)
        metrics.CONNECTIONS.labels(self.name).inc()
        log.info("client checked in", door=self.name, epoch=self.held.epoch)

    async def _converse(self) -> None:
        channel = self.held.keys.live
        self.house.subscriptions.add(channel, self.downlink)
        try:
            with self.house.rounds.joined_by(self.upkeep.look):
                async with asyncio.TaskGroup() as tasks:
                    for run in (
                        self._listen,
                        self._speak,
                        self.downlink.fill,
                        self._tell_changes,
                    ):
                        tasks.create_task(run(), name=f"{self.name}{run.__name__}")
                    await self.uplink.watch()
        finally:
            self.house.subscriptions.remove(channel, self.downlink)

    async def _check_out(self) -> None:
        self.house.queue.leave(self.held.session_id, self._at_place)
        await self.uplink.settle(SETTLE_S)
        if self._acknowledging is not None:
            self._acknowledging.cancel()
        metrics.CONNECTIONS.labels(self.name).dec()
        log.info("client gone", door=self.name, epoch=self.held.epoch)

    async def _listen(self) -> None:
        self.socket.offer(self.take_now)
        while True:
            await self._hear()

    async def _hear(self) -> None:
        """Take one message; in a call of its own, so that the next wait holds none of it."""
        message = await self.socket.receive()
        try:
            await self.handle(message)
        except DecodeError as exc:
            metrics.SKIPPED.labels(exc.code).inc()
            self._skipped += 1
            await self.tell(_as_error(exc))
            if self._skipped > MAX_SKIPPED:
                raise Closing(CloseCode.PROTOCOL_ERROR, "too many bad messages") from exc

    async def _speak(self) -> None:
        while True:
            item = await self.downlink.next()
            metrics.TRAFFIC.sent["audio" if item.audio_ms else "control"] += 1
            if self.rest.is_on and not self.rest.is_parked:
                self.rest.said(monotonic())
            await self.deliver(item)
            if isinstance(item.data, str) and item.data.startswith('{"type":"state"'):
                self._hear_state(State.model_validate_json(item.data))

    def _hear_state(self, state: State) -> None:
        if state.state == "ended":
            raise Closing(CloseCode.ENDED, f"ended: {state.reason}")
        self.rest.told(is_parked=state.state == "parked")
        if state.state == "parked":
            self.upkeep.called()  # has the client said something since?

    async def send(self, data: str | bytes) -> None:
        """Send one message, or close a client that has stopped reading."""
        if self.socket.is_congested:
            try:
                async with asyncio.timeout(SEND_S):
                    await self.socket.relieved()
            except TimeoutError as exc:
                raise Closing(CloseCode.TOO_SLOW, "the client does not read") from exc
        self.socket.send(data)

    def _stored(self) -> None:
        """Something was stored: one acknowledgement soon stands for all that is by then."""
        if self._acknowledging is None:
            self._acknowledging = self._loop.call_later(ACK_S, self._acknowledge)

    def _acknowledge(self) -> None:
        self._acknowledging = None
        told = self.acknowledgement()
        if told is not None and not self.socket.is_congested:
            # One that cannot leave now is no loss: whoever is behind hears a later one. And whoever
            # is gone is noticed where the socket is read.
            with contextlib.suppress(ClientLeft):
                self.socket.send(told)

    def _redis_is_away(self) -> None:
        self._is_away = True
        self._changed.set()

    def _at_place(self, place: int) -> None:
        self._place = place
        self._changed.set()

    async def _tell_changes(self) -> None:
        """Tell the client that Redis is away; and its place in line, while no worker serves it."""
        told = 0
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._is_away:
                self._is_away = False
                await self.tell(_unavailable())
            if self._place != told:
                told = self._place
                await self.tell(State(state="queued", position=told))

    def open_downlink(
        self, held: Attachment, after: StreamId = START, silent_until: StreamId | None = None
    ) -> tuple[Downlink, Outbox]:
        """Return the way from the worker to this client, going on after ``after``."""
        outbox = Outbox(silent_until=silent_until)
        holes_until = silent_until or START
        downlink = Downlink(self.house.store, held, outbox, after, self.upkeep.called, holes_until)
        return downlink, outbox


def _as_error(exc: DecodeError) -> Error:
    return Error(code=exc.code, message=exc.message, action=exc.action, seq=exc.seq)


def _unavailable() -> Error:
    return Error(
        code="unavailable",
        message="The storage behind this service does not answer.",
        action="Wait; what you say is kept and sent when it is back.",
    )
