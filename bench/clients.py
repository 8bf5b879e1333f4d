"""The load: clients that send in real time, to a gateway or straight to the Live endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import time
from typing import Any, Protocol

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from bench.meters import Recorder
from gemini_worker.events import Audio
from gemini_worker.gemini import LiveConnection, LiveEndpoint, Setup
from shared.codec import HEADER_BYTES, Header, Kind, StreamId, decode
from shared.options import SessionOptions

ORIGIN = Origin("http://localhost:8000")
SUBPROTOCOL = Subprotocol("overshoulder.v1")
QUESTION = "say 5"
"""1.5 s of speech: 300 ms for each word."""

QUESTION_S = 3.0
"""So the model speaks half of the time."""

PICTURE_S = PING_S = 1.0


@dataclass(frozen=True, slots=True)
class Media:
    """What every client sends."""

    chunk_ms: int
    chunk: bytes
    jpeg: bytes


class Actor(Protocol):
    """One client of either kind."""

    recorder: Recorder

    async def speak(self) -> None:
        """Send a chunk of speech."""

    async def show(self) -> None:
        """Send a picture."""

    async def ask(self) -> None:
        """Type a question."""

    async def ping(self) -> None:
        """Measure the way to the nearest server and back."""


async def act(actor: Actor, media: Media, phase: float, stop: asyncio.Event) -> None:
    """Send everything when it is due until ``stop``; ``phase`` (0 to 1) spreads the clients.

    A gateway's client that is disconnected stops; its reader has noted that as a problem.
    """
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    plan: list[tuple[float, Callable[[], Coroutine[Any, Any, None]]]] = [
        (media.chunk_ms / 1000, actor.speak),
        (PICTURE_S, actor.show),
        (PING_S, actor.ping),
        (QUESTION_S, actor.ask),
    ]
    due_s = [start_s + phase * every_s for every_s, _ in plan]
    while not stop.is_set():
        number = min(range(len(plan)), key=due_s.__getitem__)
        at_s = due_s[number]
        wait_s = at_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        actor.recorder.lateness.append((at_s, (loop.time() - at_s) * 1000))
        every_s, step = plan[number]
        try:
            await step()
        except ConnectionClosed:
            return
        due_s[number] += every_s


@dataclass
class GatewayClient:
    """A client of the gateway that speaks `overshoulder.v1`."""

    socket: ClientConnection
    media: Media
    recorder: Recorder
    session_id: str = ""
    seq: int = 0
    acked: int = 0
    chunks: int = 0
    pictures: int = 0
    holes: int = 0
    repeats: int = 0
    questions: int = 0
    answered: int = 0
    problems: list[str] = field(default_factory=list)
    """Errors, closes, gaps: everything that should not have come."""
    is_live: asyncio.Event = field(default_factory=asyncio.Event)
    _last: StreamId | None = None
    _turn: int = 0
    _asked_at_s: float | None = None

    @classmethod
    async def join(cls, url: str, ticket: str, media: Media, recorder: Recorder) -> GatewayClient:
        """Connect and say hello."""
        socket = await connect(
            url, subprotocols=[SUBPROTOCOL], origin=ORIGIN, compression=None, proxy=None
        )
        await socket.send(orjson.dumps({"type": "hello", "ticket": ticket}).decode())
        return cls(socket, media, recorder)

    async def read(self) -> None:
        """Take everything that comes until the socket is closed."""
        try:
            async for data in self.socket:
                if isinstance(data, bytes):
                    header, _ = decode(data)
                    self._count(StreamId(header.epoch, header.seq))
                    self._heard(header.turn)
                else:
                    self._take(orjson.loads(data))
        except ConnectionClosed as exc:
            self.problems.append(f"closed: {exc}")

    async def speak(self) -> None:
        """Send a chunk of speech."""
        self.seq += 1
        self.chunks += 1
        header = Header(Kind.MICROPHONE, 0, self.seq, time() * 1000)
        await self.socket.send(header.pack() + self.media.chunk)

    async def show(self) -> None:
        """Send a picture."""
        self.pictures += 1
        header = Header(Kind.PICTURE, 0, self.pictures, time() * 1000)
        await self.socket.send(header.pack() + self.media.jpeg)

    async def ask(self) -> None:
        """Type a question, unless the last one still waits for its answer."""
        if self._asked_at_s is not None:
            return
        self.seq += 1
        self.questions += 1
        self._asked_at_s = asyncio.get_running_loop().time()
        message = {"type": "text", "seq": self.seq, "text": QUESTION}
        await self.socket.send(orjson.dumps(message).decode())

    async def ping(self) -> None:
        """Ask the gateway for a pong."""
        now_ms = asyncio.get_running_loop().time() * 1000
        await self.socket.send(orjson.dumps({"type": "ping", "time_ms": now_ms}).decode())

    def is_settled(self) -> bool:
        """Tell whether all that was sent is stored, and every question has been answered."""
        return self.acked == self.seq and self.answered == self.questions

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._count(StreamId.parse(message["id"]))
        match message["type"]:
            case "ready":
                self.session_id = message["session"]
            case "ack":
                self.acked = message["seq"]
            case "pong":
                sent_s = message["time_ms"] / 1000
                took_ms = (asyncio.get_running_loop().time() - sent_s) * 1000
                self.recorder.pings.append((sent_s, took_ms))
            case "state" if message["state"] == "live":
                self.is_live.set()
            case "error" | "gap" | "interrupted" | "notice":
                self.problems.append(str(message))

    def _count(self, entry_id: StreamId) -> None:
        """Look for holes and repeats: numbers run on by one."""
        if self._last is not None:
            if entry_id <= self._last:
                self.repeats += 1
            else:
                self.holes += entry_id.seq - self._last.seq - 1
        self._last = max(entry_id, self._last or entry_id)

    def _heard(self, turn: int) -> None:
        if turn <= self._turn:
            return
        self._turn = turn
        if self._asked_at_s is not None:
            took_ms = (asyncio.get_running_loop().time() - self._asked_at_s) * 1000
            self.recorder.answers.append((self._asked_at_s, took_ms))
            self.answered += 1
            self._asked_at_s = None


@dataclass
class DirectClient:
    """A client that holds its own Live connection through the SDK, with nothing in between."""

    live: LiveConnection
    media: Media
    recorder: Recorder
    _asked_at_s: float | None = None

    @classmethod
    async def run(
        cls, endpoint: LiveEndpoint, media: Media, recorder: Recorder, stop: asyncio.Event
    ) -> None:
        """Connect, and act and read until ``stop``."""
        async with endpoint.dial(Setup(SessionOptions(), "bench")) as live:
            client = cls(live, media, recorder)
            reading = asyncio.create_task(client._read())
            try:
                await act(client, media, 0.5, stop)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def speak(self) -> None:
        """Send a chunk of speech."""
        await self.live.send_audio(self.media.chunk)

    async def show(self) -> None:
        """Send a picture."""
        await self.live.send_picture(self.media.jpeg)

    async def ask(self) -> None:
        """Type a question, unless the last one still waits for its answer."""
        if self._asked_at_s is None:
            self._asked_at_s = asyncio.get_running_loop().time()
            await self.live.send_text(QUESTION)

    async def ping(self) -> None:
        """Do nothing: the Live API has no pong that the SDK would show."""

    async def _read(self) -> None:
        async for event in self.live.events():
            if isinstance(event, Audio) and self._asked_at_s is not None:
                took_ms = (asyncio.get_running_loop().time() - self._asked_at_s) * 1000
                self.recorder.answers.append((self._asked_at_s, took_ms))
                self._asked_at_s = None


def wire_bytes_per_s(media: Media) -> float:
    """Return what one client sends in a second, headers included."""
    chunks = 1000 / media.chunk_ms
    return chunks * (len(media.chunk) + HEADER_BYTES) + len(media.jpeg) + HEADER_BYTES
