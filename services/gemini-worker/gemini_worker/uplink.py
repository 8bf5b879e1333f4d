"""From the session's streams to the Live connection: in order, once, and knowing where it stands.

Speech and control are read from ``up`` after the id that the resumption handle stands for; of
``frames`` only the newest picture is taken. Both come by one read, and a picture that is there is
sent before what came with it, so a question never overtakes the picture that it is about.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from shared.bus import Bus
from shared.bus.commands import BLOCK_MS
from shared.bus_messages import (
    UPLINK,
    End,
    Gap,
    Microphone,
    Played,
    Share,
    Talk,
    Text,
)
from shared.bus_messages import Uplink as Control
from shared.codec import START, Header, Kind, StreamId, decode
from shared.errors import BusUnavailable
from shared.keys import SessionKeys

READ_ENTRIES = 100
"""Entries per read: 4 s of speech; more is read at once only after a break."""

PICTURE_INTERVAL_S = 1.0
"""The model looks at one picture a second."""

AWAY_S = 0.2
SENT_IDS = 100_000
"""Sent messages whose positions are remembered: an hour of speech between two handles."""

log = structlog.get_logger()


class Model(Protocol):
    """What the uplink needs of a Live connection."""

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


class Position(NamedTuple):
    """How far the uplink has been sent."""

    after: StreamId
    """Id of the last entry that was sent or passed over; reading goes on after it."""
    seq: int
    """Sequence number of the last message among them; the ids of markers do not tell it."""


BEGINNING = Position(START, 0)


class ClientEnded(Exception):
    """The client ended the conversation."""


@dataclass(slots=True)
class Counters:
    """What went to the model, over all connections of the session."""

    chunks: int = 0
    frames: int = 0
    texts: int = 0
    heard_turn: int = 0
    heard_ms: float = 0.0
    hidden_picture: int = 0
    """Number of the newest picture from before the user last stopped sharing: none up to it goes to
    the model any more, on this connection or a later one."""


@dataclass(slots=True)
class Uplink:
    """One Live connection's way through a session's streams."""

    bus: Bus
    keys: SessionKeys
    model: Model
    position: Position
    push_to_talk: bool
    counters: Counters
    asked: Callable[[str], None]
    """Told of each typed question."""
    lost: Callable[[Gap], Awaitable[None]]
    """Told of a hole in the numbers: what fell out of the stream before it was read."""
    _frames_position: StreamId = START
    _picture: bytes | None = None
    _picture_seq: int = 0
    _picture_sent_at: float = float("-inf")
    sent_before: int = 0
    """Messages that this connection sent after its setup and before the uplink: the history."""
    resumed: bool = False
    """The connection went on from a handle, which stands for ``position``."""
    _is_first_handle: bool = True
    _sent: deque[Position] | None = field(default_factory=lambda: deque(maxlen=SENT_IDS))
    """Position with each message that was sent since the newest handle; None where the endpoint
    does not say which message a handle stands for."""
    _forgotten: int = 0
    _began: Position = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.position

    def sent_with(self, consumed: int | None) -> Position:
        """Return how far the uplink was sent with message ``consumed`` of this connection.

        Counted from 0 after the setup; None, from an endpoint that does not say, stands for the
        last one sent. Earlier messages are forgotten: the next handle stands for later ones.
        """
        is_first, self._is_first_handle = self._is_first_handle, False
        if consumed is None and is_first and self.resumed:
            # The handle that greets a connection which goes on: it has no index because nothing
            # of this connection is in it, whatever was sent until it was read.
            return self._began
        if consumed is None:
            self._sent = None
        if self._sent is None or consumed is None:
            return self.position
        for _ in range(min(consumed - self.sent_before - self._forgotten + 1, len(self._sent))):
            self._began = self._sent.popleft()
            self._forgotten += 1
        return self._began

    async def run(self) -> None:
        """Send what the client says until cancelled.

        Raises:
            ClientEnded: When the client says so.
            LiveClosed: When the model's side is gone.
        """
        while True:
            try:
                pictures, entries = await self._read()
            except BusUnavailable:
                await asyncio.sleep(AWAY_S)
                continue
            for entry_id, entry in pictures:
                self._frames_position = entry_id
                header, payload = decode(entry)
                if header.kind == Kind.PICTURE and header.seq > self.counters.hidden_picture:
                    self._picture, self._picture_seq = payload, header.seq
            for entry_id, entry in entries:
                await self._notice_hole(entry_id)
                await self._forward(entry_id, *decode(entry))
            await self._send_picture(urgent=False)

    async def _read(
        self,
    ) -> tuple[list[tuple[StreamId, bytes]], list[tuple[StreamId, bytes]]]:
        reply = await self.bus.read(
            *("XREAD", "COUNT", READ_ENTRIES, "BLOCK", self._block_ms(), "STREAMS"),
            *(self.keys.frames, self.keys.up, str(self._frames_position), str(self.position.after)),
        )
        streams = {
            name.decode(): [(StreamId.parse(i), fields[b"m"]) for i, fields in entries]
            for name, entries in reply or []
        }
        return streams.get(self.keys.frames, []), streams.get(self.keys.up, [])

    def _block_ms(self) -> int:
        if self._picture is None:
            return BLOCK_MS
        due_s = self._picture_sent_at + PICTURE_INTERVAL_S - _now_s()
        return max(1, min(BLOCK_MS, int(due_s * 1000)))

    async def _notice_hole(self, entry_id: StreamId) -> None:
        """Tell of numbers that are missing: they fell out of the stream before they were read."""
        first = self.position.seq + 1
        if entry_id.seq > first:
            await self.lost(Gap(kind="audio", first=first, last=entry_id.seq - 1))

    async def _forward(self, entry_id: StreamId, header: Header, payload: bytes) -> None:
        if entry_id.seq == 0:
            # The marker that opens a connection epoch; the numbers go on from before.
            self.position = Position(entry_id, self.position.seq)
        elif header.kind == Kind.MICROPHONE:
            await self.model.send_audio(payload)
            self.counters.chunks += 1
            self._sent_up_to(entry_id)
        else:
            await self._forward_control(entry_id, payload)

    async def _forward_control(self, entry_id: StreamId, payload: bytes) -> None:
        control = UPLINK.validate_json(payload)
        was_sent = True
        match control:
            case Text():
                await self._send_picture(urgent=True)
                self.asked(control.text)
                await self.model.send_text(control.text)
                self.counters.texts += 1
            case Talk() if self.push_to_talk:
                await self._send_picture(urgent=True)
                await self.model.send_activity(active=control.active)
            case Microphone(active=False) if not self.push_to_talk:
                await self.model.send_audio_end()
            case End():
                raise ClientEnded
            case _:
                self._note(control)
                was_sent = False
        if was_sent:
            self._sent_up_to(entry_id)
        else:
            self.position = Position(entry_id, entry_id.seq)

    def _note(self, control: Control) -> None:
        """Take what is not for the model."""
        match control:
            case Share(active=False, picture=newest):
                # Read again after a break, this may come with pictures of a later sharing.
                self.counters.hidden_picture = max(self.counters.hidden_picture, newest or 0)
                if self._picture_seq <= self.counters.hidden_picture:
                    self._picture = None
            case Played():
                self.counters.heard_turn = control.turn
                self.counters.heard_ms = control.played_ms

    async def _send_picture(self, *, urgent: bool) -> None:
        """Send the newest picture that was not sent yet, if one may be looked at by now."""
        if self._picture is None:
            return
        if not urgent and _now_s() < self._picture_sent_at + PICTURE_INTERVAL_S:
            return
        picture, self._picture = self._picture, None
        self._picture_sent_at = _now_s()
        await self.model.send_picture(picture)
        self.counters.frames += 1
        # A picture moves nothing on `up`: whoever resumes from here sends the newest one anyway.
        self._remember()

    def _sent_up_to(self, entry_id: StreamId) -> None:
        self.position = Position(entry_id, entry_id.seq)
        self._remember()

    def _remember(self) -> None:
        if self._sent is None:
            return
        if len(self._sent) == SENT_IDS:
            self._forgotten += 1
        self._sent.append(self.position)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
