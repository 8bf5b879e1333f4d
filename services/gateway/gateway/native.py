"""Our own protocol, `overshoulder.v1` (docs/protocol.md), on ``/v1/live``."""

from __future__ import annotations

import asyncio

from gateway import metrics
from gateway.client_messages import (
    Ack,
    CloseCode,
    Error,
    Hello,
    Ping,
    Pong,
    Ready,
    Resume,
    parse,
)
from gateway.closing import Closing
from gateway.door import HELLO_S, STALE_AUDIO_MS, Door
from gateway.downlink import Downlink
from gateway.outbox import Item, Outbox
from gateway.session_store import Attachment
from shared.bus_messages import End, HistoryTurn, Message, Played, Share, State
from shared.bus_messages import Uplink as Control
from shared.codec import HEADER_BYTES, START, Kind, StreamId, decode, speech_of
from shared.errors import DecodeError, TicketRefused
from shared.keys import is_session_id
from shared.tickets import check_resume_token, resume_token

_SPEECH = bytes((Kind.MICROPHONE,))
"""How a frame of it begins."""


class NativeDoor(Door):
    """A client that speaks `overshoulder.v1`."""

    name = "native"

    async def greet(self) -> tuple[Attachment, Downlink, Outbox]:
        """Take `hello`, answer `ready`."""
        hello = await self._hello()
        try:
            user = (await self.house.doorkeeper.check(hello.ticket)).user
        except TicketRefused:
            await self.tell(
                Error(
                    code="bad_ticket",
                    message="The ticket is not valid any more.",
                    action="Get a new one from POST /api/ticket.",
                )
            )
            raise
        held = await self._resume(hello.resume, user) if hello.resume else None
        if hello.resume is not None and held is None:
            await self.tell(
                Error(
                    code="no_session",
                    message="That conversation is over.",
                    action="Nothing: a new one has been started.",
                )
            )
        resumed = held is not None
        held = held or await self.house.store.create(user, hello.options, self.name)
        self._next_seq, self._newest_picture = held.last_seq + 1, held.last_picture
        downlink, outbox, history = await self._go_on(held, hello.resume if resumed else None)
        metrics.OPENED.labels(self.name, str(resumed).lower()).inc()
        await self._say_ready(held, resumed, history)
        return held, downlink, outbox

    def take_now(self, message: str | bytes) -> bool:
        """Take the next chunk of speech."""
        if isinstance(message, str) or message[:1] != _SPEECH or len(message) < HEADER_BYTES:
            return False
        seq, entry = speech_of(message, self.held.epoch)
        if seq != self._next_seq or not self.intake.put_speech_now(seq, entry):
            return False
        self._next_seq += 1
        return True

    async def handle(self, message: str | bytes) -> None:
        """Take one message after `hello`."""
        if isinstance(message, bytes):
            await self._handle_media(message)
            return
        try:
            parsed = parse(message)
        except DecodeError as exc:
            if exc.seq is not None:
                self._is_new(exc.seq)  # its number is used, so the next one leaves no hole
            raise
        match parsed:
            case Ping():
                self.intake.count_message()
                await self.tell(Pong(time_ms=parsed.time_ms))
            case Hello():
                raise DecodeError("bad_message", "hello was said already.", "Say it once.")
            case _ if self._is_new(parsed.seq):
                await self._take(parsed)

    async def _take(self, control: Control) -> None:
        """Store what the worker is to get, and do what is the gateway's part of it."""
        if isinstance(control, Share):
            control = control.model_copy(update={"picture": self._newest_picture})
        await self.intake.put_control(control)
        if isinstance(control, Played):
            self.downlink.played(control.turn, control.played_ms)
        elif isinstance(control, End):
            await self._end()

    async def _end(self) -> None:
        """End a session that no worker has; one that a worker holds is ended by that."""
        if await self.house.store.cancel(self.held):
            await self.tell(State(state="ended", reason="client"))
            raise Closing(CloseCode.ENDED, "ended: client")

    async def deliver(self, item: Item) -> None:
        """Pass a message of the worker on as it is: Redis holds what the client gets."""
        await self.send(item.data)

    async def tell(self, message: Message) -> None:
        """Send a message as JSON."""
        await self.send(message.model_dump_json(exclude_none=True))

    def acknowledgement(self) -> str:
        """Return an `Ack`."""
        ack = Ack(seq=self.uplink.acked, picture=self.uplink.acked_picture)
        return ack.model_dump_json()

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_S):
                message = await self.socket.receive()
        except TimeoutError as exc:
            raise Closing(CloseCode.TOO_SLOW, f"no hello in {HELLO_S:.0f} s") from exc
        if isinstance(message, bytes):
            raise DecodeError("bad_message", "Media came before hello.", "Say hello first.")
        hello = parse(message)
        if not isinstance(hello, Hello):
            raise DecodeError("bad_message", f"{hello.type} came before hello.", "Say hello first.")
        return hello

    async def _resume(self, resume: Resume, user: str) -> Attachment | None:
        """Return the session to go on with; None if it is over or not this user's."""
        if not is_session_id(resume.session):
            return None
        try:
            key = await self.house.doorkeeper.key()
            epoch = check_resume_token(key, resume.token, resume.session, user)
        except TicketRefused:
            return None
        return await self.house.store.attach(resume.session, user, epoch)

    async def _go_on(
        self, held: Attachment, resume: Resume | None
    ) -> tuple[Downlink, Outbox, list[HistoryTurn]]:
        """Decide after which id the client goes on, and which speech is too old for it."""
        if resume is None:
            return *self.open_downlink(held), []
        newest = await self.house.store.newest_down(held)
        if resume.last is not None:
            last = StreamId.parse(resume.last)
            following = await self.house.store.down_after(held, last, 1)
            if not following or following[0][0].seq in {0, last.seq + 1}:
                silent = newest if held.away_ms > STALE_AUDIO_MS else None
                return *self.open_downlink(held, last, silent), []
        # Reloaded, or away for longer than Redis keeps what was said: finished turns as text, then
        # whatever has been said of the unfinished one, without its sound.
        history, finished = await self.house.store.history(held)
        after = min(finished, newest) if history else START
        return *self.open_downlink(held, after, newest), history

    async def _say_ready(self, held: Attachment, resumed: bool, history: list[HistoryTurn]) -> None:
        key = await self.house.doorkeeper.key()
        await self.tell(
            Ready(
                session=held.session_id,
                token=resume_token(key, held.session_id, held.user, held.epoch),
                resumed=resumed,
                last_seq=held.last_seq,
                last_picture=held.last_picture,
                history=history,
            )
        )
        if not resumed:
            return
        state, model = await self.house.store.state(held)
        if state in {"connecting", "live", "parked", "resuming"}:
            await self.tell(State.model_validate({"state": state, "model": model}))

    async def _handle_media(self, frame: bytes) -> None:
        header, payload = decode(frame)
        if header.kind == Kind.MICROPHONE:
            if self._is_new(header.seq):
                await self.intake.put_speech(*speech_of(frame, self.held.epoch))
        elif header.kind == Kind.PICTURE:
            if header.seq <= self.held.last_picture:
                return  # sent again after a break, and stored already
            if header.seq <= self._newest_picture:
                raise _out_of_step(header.seq, self._newest_picture + 1)
            self.intake.put_picture(header._replace(epoch=self.held.epoch), payload)
            self._newest_picture = header.seq
        else:
            raise DecodeError(
                "bad_frame",
                f"There is no frame of kind {header.kind} from a client.",
                "Send kind 1 (microphone) or 2 (picture).",
            )

    def _is_new(self, seq: int) -> bool:
        """Tell whether ``seq`` is the next number; what was stored before a break is passed over.

        Raises:
            Closing: If it leaves a hole, or is one that this connection has used.
        """
        if seq <= self.held.last_seq:
            return False
        if seq != self._next_seq:
            raise _out_of_step(seq, self._next_seq)
        self._next_seq += 1
        return True


def _out_of_step(seq: int, expected: int) -> Closing:
    return Closing(CloseCode.OUT_OF_STEP, f"got number {seq} instead of {expected}")
