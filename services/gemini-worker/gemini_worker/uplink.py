"""From the session's streams to the Live connection: in order, once, and knowing where it stands.

Speech and control are taken from ``up`` after the id that the resumption handle stands for; of
``frames`` only what still matters is taken. The pictures that are there come with a question or
before it, and are sent before it, so it never overtakes the one that it is about.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

import structlog

from gemini_worker.frames import Frame, Frames, Shown
from gemini_worker.incoming import Incoming
from gemini_worker.sent import Position, Sent
from gemini_worker.tools import Calls, ToolAnswer
from gemini_worker.turn import Question
from shared.bus import Bus
from shared.bus_messages import (
    UPLINK,
    End,
    Gap,
    Microphone,
    Played,
    Share,
    Stop,
    Talk,
    Text,
    ToolResult,
)
from shared.bus_messages import Uplink as Control
from shared.codec import START, Header, Kind, StreamId, decode
from shared.errors import BusUnavailable
from shared.keys import SessionKeys

AWAY_S = 0.2

log = structlog.get_logger()


class Model(Protocol):
    """What the uplink needs of a Live connection."""

    def send_audio_now(self, pcm16: bytes) -> bool:
        """Send microphone audio if that can be done without waiting; tell whether it was."""
        ...

    async def send_audio(self, pcm16: bytes) -> None:
        """Send microphone audio."""

    async def send_picture(self, jpeg: bytes) -> None:
        """Send a picture."""

    async def send_text(self, text: str) -> None:
        """Send a typed question."""

    async def send_activity(self, *, active: bool) -> None:
        """Send push-to-talk."""

    async def send_audio_end(self) -> None:
        """Send the end of the speech."""

    async def send_interruption(self) -> None:
        """Stop the answer that is being given."""

    async def send_tool_answer(self, answer: ToolAnswer) -> None:
        """Send the result of a function."""


class Desk(Protocol):
    """Who is told of what the client says that is not for the model alone."""

    @property
    def is_answering(self) -> bool:
        """Tell whether an answer is being given."""
        ...

    def asked(self, question: Question) -> None:
        """Take note of a typed question."""

    def saw(self, overview: int) -> None:
        """Take note of an overview that was sent."""

    def called(self) -> None:
        """Take note that somebody has written a wish to the session's hash."""

    async def lost(self, gap: Gap) -> None:
        """Tell of a hole in the numbers: what fell out of the stream before it was read."""

    async def stopped(self, turn: int) -> bool:
        """Let a turn end; tell whether the model has to be told."""
        ...

    async def played(self, turn: int, played_ms: float) -> None:
        """Take note of how much of a turn was heard."""


class ClientEnded(Exception):
    """The client ended the conversation."""


@dataclass(slots=True)
class Counters:
    """What went to the model, over all connections of the session."""

    chunks: int = 0
    frames: int = 0
    texts: int = 0
    heard_seq: int = 0
    """Up to this number of the client everything was heard, and nothing of it waits for an answer:
    what is missing there is no loss, whatever the next connection replays."""
    heard_turn: int = 0
    heard_ms: float = 0.0
    seen_picture: int = 0
    """Number of the newest picture that was read, sent or not."""
    hidden_picture: int = 0
    """Number of the newest picture from before the user last stopped sharing: none up to it goes to
    the model any more, on this connection or a later one."""


@dataclass(slots=True)
class Uplink:
    """One Live connection's way through a session's streams."""

    bus: Bus
    keys: SessionKeys
    model: Model
    sent: Sent
    push_to_talk: bool
    counters: Counters
    desk: Desk
    calls: Calls
    shown: Shown
    _frames: Frames = field(default_factory=Frames)
    _is_new: bool = True
    """Nothing has been read yet."""

    @property
    def position(self) -> Position:
        """How far the uplink has been sent."""
        return self.sent.position

    async def run(self) -> None:
        """Send what the client says until cancelled.

        Raises:
            ClientEnded: When the client says so.
            LiveClosed: When the model's side is gone.
        """
        incoming = Incoming(
            self.bus, self.keys, self.position, START, self._speak_now, self.desk.called
        )
        with incoming:
            await self._send_all(incoming)

    def _speak_now(self, entry_id: StreamId, pcm16: bytes) -> bool:
        """Send the chunk that follows the last one, while nothing else is to be done."""
        if not self.model.send_audio_now(pcm16):
            return False
        self.sent.message(_at(entry_id))
        self.counters.chunks += 1
        return True

    async def _send_all(self, incoming: Incoming) -> None:
        while True:
            await self._send_what_comes(incoming)

    async def _send_what_comes(self, incoming: Incoming) -> None:
        """Wait for the next things to be read, and send them.

        In a call of its own: what it holds of a picture is gone when the next wait begins.
        """
        try:
            pictures, entries = await incoming.read(self._frames.wait_s(_now_s()))
        except BusUnavailable:
            await asyncio.sleep(AWAY_S)
            return
        for entry in pictures:
            header, payload = decode(entry.frame)
            if header.kind == Kind.PICTURE:
                self._frames.add(header, payload)
            seq = header.seq if entry.last is None else entry.last
            self.counters.seen_picture = max(self.counters.seen_picture, seq)
        if self._is_new:
            self._frames.keep_newest()
            self._is_new = False
        self._frames.hide(self.counters.hidden_picture)
        for entry in entries:
            if entry.last is None:
                await self._notice_hole(entry.id)
                await self._forward(entry.id, *decode(entry.frame))
            else:
                # The marker that opens a connection, where the numbers go on from before; or
                # from earlier, if Redis has lost what was heard.
                seq = min(self.position.seq, entry.last)
                self.counters.heard_seq = min(self.counters.heard_seq, entry.last)
                self.sent.pass_over(Position(entry.id, seq))
        while frame := self._frames.take_due(_now_s()):
            await self._send_picture(frame)

    async def answer(self, answer: ToolAnswer) -> None:
        """Tell the model what became of a call, beside what the client says."""
        self.sent.message()
        await self.model.send_tool_answer(answer)

    async def _notice_hole(self, entry_id: StreamId) -> None:
        """Tell of numbers that are missing: they fell out of the stream before they were read."""
        first = max(self.position.seq, self.counters.heard_seq) + 1
        if entry_id.seq > first:
            await self.desk.lost(Gap(kind="audio", first=first, last=entry_id.seq - 1))

    async def _forward(self, entry_id: StreamId, header: Header, payload: bytes) -> None:
        if entry_id.seq <= self.position.seq:
            # Heard already: told as it came, by a connection that Redis refused a moment later.
            self.sent.pass_over(Position(entry_id, self.position.seq))
        elif header.kind == Kind.MICROPHONE:
            self.sent.message(_at(entry_id))
            await self.model.send_audio(payload)
            self.counters.chunks += 1
        else:
            await self._forward_control(entry_id, UPLINK.validate_json(payload))

    async def _forward_control(self, entry_id: StreamId, control: Control) -> None:
        match control:
            case Text():
                await self._send_pictures()
                self.desk.asked(Question(control.seq, control.text))
                self.sent.message(_at(entry_id))
                await self.model.send_text(control.text)
                self.counters.texts += 1
            case Talk() if self.push_to_talk:
                await self._send_pictures()
                self.sent.message(_at(entry_id))
                await self.model.send_activity(active=control.active)
            case Microphone(active=False) if not self.push_to_talk:
                self.sent.message(_at(entry_id))
                await self.model.send_audio_end()
            case Stop() if await self.desk.stopped(control.turn):
                self.sent.message(_at(entry_id))
                await self.model.send_interruption()
            case ToolResult():
                await self._send_tool_result(entry_id, control)
            case End():
                raise ClientEnded
            case _:
                await self._note(control)
                self.sent.pass_over(_at(entry_id))

    async def _send_tool_result(self, entry_id: StreamId, result: ToolResult) -> None:
        """Send the picture that a result names, then the result; nothing if nobody waits for it."""
        if self.calls.waits_for(result.call):
            await self._send_pictures()
        answer = self.calls.finish(result, is_speaking=self.desk.is_answering)
        if answer is None:
            self.sent.pass_over(_at(entry_id))
        else:
            self.sent.message(_at(entry_id))
            await self.model.send_tool_answer(answer)

    async def _note(self, control: Control) -> None:
        """Take what is not for the model."""
        match control:
            case Share() if control.paused or not control.active:
                # Read again after a break, this may come with pictures of a later sharing.
                hidden = max(self.counters.hidden_picture, control.picture or 0)
                self.counters.hidden_picture = hidden
                self._frames.hide(hidden)
            case Played():
                self.counters.heard_turn = control.turn
                self.counters.heard_ms = control.played_ms
                await self.desk.played(control.turn, control.played_ms)

    async def _send_pictures(self) -> None:
        """Send all pictures that wait, whatever the pace: what comes next is about them."""
        while frame := self._frames.take_next(_now_s()):
            await self._send_picture(frame)

    async def _send_picture(self, frame: Frame) -> None:
        # A picture moves nothing on `up`: whoever resumes from here sends the newest ones anyway.
        self.sent.message()
        await self.model.send_picture(frame.item)
        self.counters.frames += 1
        self.shown.note(frame)
        if not frame.is_close_up:
            self.desk.saw(frame.seq)


def _now_s() -> float:
    return monotonic()


def _at(entry_id: StreamId) -> Position:
    return Position(entry_id, entry_id.seq)
