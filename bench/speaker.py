"""One client of the load: sends in real time, and measures what comes back."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from time import monotonic_ns

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from bench.marks import CHUNK_MARK_BYTES, REPLY_MS, ChunkMark, ReplyMark, ReplyReader, Wish
from bench.tongues import Tongue

TURN_MS, PERIOD_MS = 1_500, 3_000
"""The model speaks half of the time."""

PICTURE_MS = 1_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What every client sends."""

    chunk_ms: int
    """0: nothing at all."""
    chunk: bytes
    has_pictures: bool = True


@dataclass(slots=True)
class Tally:
    """What the clients of one process saw, whenever it was."""

    round_trips: list[tuple[int, float]] = field(default_factory=list)
    """When a chunk that asked for a reply was sent, ns, and how long it took, ms."""
    lateness: list[tuple[int, float]] = field(default_factory=list)
    """When a chunk was sent, and how late, ms: the load generator's own fault."""


@dataclass(frozen=True, slots=True)
class _Asked:
    sent_ns: int
    audio_bytes: int


class Speaker(WSListener):
    """A client over any protocol."""

    def __init__(self, number: int, tongue: Tongue, profile: Profile, tally: Tally) -> None:
        self.number = number
        self.tongue, self.profile, self.tally = tongue, profile, tally
        self.ready = asyncio.Event()
        self.problems: list[str] = []
        self.asked: deque[_Asked] = deque()
        """Replies that are still to come."""
        self.replies = self.unanswered = 0
        self.missing_bytes = 0
        """Of speech: what the endpoint had not heard when it replied last, though it was sent."""
        self.pictures_seen = 0
        self.audio_bytes = 0
        self.is_closing = False
        self._missing_at_first: int | None = None
        self._reader = ReplyReader()
        self._next_wish_ms = 0
        self._is_in_turn = False
        self._start_s = self._picture_at_ms = 0.0
        self._chunks = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say who it is."""
        self.transport = transport
        self._send(self.tongue.opening())

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Take one message of the server."""
        now_ns = monotonic_ns()
        if frame.msg_type is WSMsgType.CLOSE:
            if not self.is_closing:
                self._fail(f"closed: {frame.get_close_code()} {frame.get_close_reason()}")
        elif frame.msg_type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            heard = self.tongue.heard(frame.get_payload_as_bytes())
            if heard.is_ready:
                self.ready.set()
            if heard.problem:
                self._fail(heard.problem)
            if heard.pcm16:
                self._hear(heard.pcm16, now_ns)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """Whoever was cut off stops."""
        if not self.is_closing:
            self._fail("cut off")
        self.is_closing = True
        self.ready.set()

    def close(self) -> None:
        """Leave."""
        self.is_closing = True
        self.transport.send_close()
        self.transport.disconnect()

    def start(self, at_s: float, phase: float) -> float:
        """Begin to speak; ``phase`` (0 to 1) is where in its second this client takes pictures.

        Returns:
            When the first chunk is due: ``at_s``, by the loop's clock.
        """
        self._start_s, self._picture_at_ms = at_s, phase * PICTURE_MS
        return at_s

    def step(self, now_s: float) -> float:
        """Send what is due; return when the next chunk is."""
        chunk_ms = self.profile.chunk_ms
        at_ms = self._chunks * chunk_ms
        late_ms = (now_s - self._start_s) * 1000 - at_ms
        self.tally.lateness.append((monotonic_ns(), late_ms))
        self._say(self._wish_at(at_ms))
        if self.profile.has_pictures and at_ms >= self._picture_at_ms:
            self._picture_at_ms += PICTURE_MS
            self._send(self.tongue.picture())
        self._chunks += 1
        return self._start_s + self._chunks * chunk_ms / 1000

    def stop(self) -> None:
        """End the turn that is on, so that no answer is left open."""
        if self._is_in_turn and not self.is_closing:
            self._say(Wish.LAST_REPLY)

    def _wish_at(self, at_ms: int) -> Wish:
        """Return what the chunk asks for that is due at ``at_ms`` after the start.

        A reply lasts 100 ms, which chunks need not divide: the first one after each 100 ms asks.
        """
        if at_ms < self._next_wish_ms:
            return Wish.NOTHING
        into_period_ms = self._next_wish_ms % PERIOD_MS
        if into_period_ms + REPLY_MS < TURN_MS:
            self._next_wish_ms += REPLY_MS
            return Wish.REPLY
        self._next_wish_ms += PERIOD_MS - into_period_ms
        return Wish.LAST_REPLY

    def _say(self, wish: Wish) -> None:
        chunk, now_ns = self.profile.chunk, monotonic_ns()
        mark = ChunkMark(len(chunk), wish, now_ns)
        self.audio_bytes += len(chunk)
        if wish:
            self._is_in_turn = wish is not Wish.LAST_REPLY
            self.asked.append(_Asked(now_ns, self.audio_bytes))
        self._send(self.tongue.speech(mark.pack() + chunk[CHUNK_MARK_BYTES:]))

    def _send(self, message: bytes | str) -> None:
        if isinstance(message, str):
            self.transport.send(WSMsgType.TEXT, message.encode())
        else:
            self.transport.send(WSMsgType.BINARY, message)

    def _hear(self, pcm16: bytes, now_ns: int) -> None:
        try:
            marks = self._reader.feed(pcm16)
        except ValueError as exc:
            self._fail(str(exc))
            self.close()
            return
        for mark in marks:
            self._take_reply(mark, now_ns)

    def _take_reply(self, mark: ReplyMark, now_ns: int) -> None:
        while self.asked and self.asked[0].sent_ns < mark.sent_ns:
            self.asked.popleft()
            self.unanswered += 1
        if not self.asked or self.asked[0].sent_ns != mark.sent_ns:
            self._fail("a reply came twice")
            return
        asked = self.asked.popleft()
        self.replies += 1
        self.pictures_seen = mark.pictures
        missing = asked.audio_bytes - mark.audio_bytes
        if self._missing_at_first is None:
            # What was said before the model was there is another matter.
            self._missing_at_first, self.unanswered = missing, 0
        self.missing_bytes = missing - self._missing_at_first
        self.tally.round_trips.append((asked.sent_ns, (now_ns - asked.sent_ns) / 1e6))

    def _fail(self, problem: str) -> None:
        self.problems.append(problem)
