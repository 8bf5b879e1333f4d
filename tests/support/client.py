"""A client of the gateway: speaks `overshoulder.v1` as a browser would, and remembers all of it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from shared.audio import pcm16_ms
from shared.codec import HEADER_BYTES, Header, Kind, PictureFlag, decode
from tests.support.processes import until

ORIGIN = Origin("http://localhost:8000")
SUBPROTOCOL = Subprotocol("overshoulder.v1")


@dataclass
class Client:
    """One conversation, over one connection after another."""

    ticket: str
    socket: ClientConnection | None = None
    reader: asyncio.Task[None] | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Everything in JSON that was received, over all connections."""
    audio: list[tuple[Header, bytes]] = field(default_factory=list)
    """Speech that was received."""
    ids: list[str] = field(default_factory=list)
    """Ids of all that the worker said, in the order of arrival."""
    sent: dict[int, str | bytes] = field(default_factory=dict)
    """What is not acknowledged yet."""
    seq: int = 0
    picture_seq: int = 0
    ready: dict[str, Any] = field(default_factory=dict)
    closed: tuple[int, str] | None = None

    async def connect(
        self, url: str, *, resume: bool = False, forget: bool = False, **options: Any
    ) -> dict[str, Any]:
        """Connect and say hello; return `ready`.

        ``resume`` goes on with the session, ``forget`` without saying what was received (a reload).
        """
        self.socket = await connect(
            url, subprotocols=[SUBPROTOCOL], origin=ORIGIN, compression=None, proxy=None
        )
        self.closed = None
        hello: dict[str, Any] = {"type": "hello", "ticket": self.ticket}
        if options:
            hello["options"] = options
        if resume:
            hello["resume"] = {"session": self.ready["session"], "token": self.ready["token"]}
            if self.ids and not forget:
                hello["resume"]["last"] = self.ids[-1]
        seen = len(self.messages)
        await self.socket.send(json.dumps(hello))
        self.reader = asyncio.create_task(self._read(self.socket))
        self.ready = await self.wait_for("ready", after=seen)
        if not self.ready["resumed"]:
            self.seq = self.picture_seq = 0
        return self.ready

    async def resend(self) -> None:
        """Send again what was not stored before the break."""
        assert self.socket is not None
        self._acknowledged(self.ready["last_seq"])
        for message in list(self.sent.values()):
            await self.socket.send(message)

    async def say(self, message_type: str, **fields: Any) -> int:
        """Send one control message; return its number."""
        self.seq += 1
        text = json.dumps({"type": message_type, "seq": self.seq, **fields})
        self.sent[self.seq] = text
        await self.send(text)
        return self.seq

    async def speak(self, pcm16: bytes) -> int:
        """Send one chunk of microphone audio; return its number."""
        self.seq += 1
        frame = Header(Kind.MICROPHONE, 0, self.seq, time.time() * 1000).pack() + pcm16
        self.sent[self.seq] = frame
        await self.send(frame)
        return self.seq

    async def show(self, jpeg: bytes, *, overview: int = 0, urgent: bool = False) -> int:
        """Send an overview, or a close-up of the one with the number ``overview``."""
        self.picture_seq += 1
        flags = PictureFlag.CLOSE_UP * bool(overview) | PictureFlag.URGENT * urgent
        now_ms = time.time() * 1000
        header = Header(Kind.PICTURE, 0, self.picture_seq, now_ms, overview, flags)
        await self.send(header.pack() + jpeg)
        return self.picture_seq

    async def send(self, data: str | bytes) -> None:
        assert self.socket is not None
        await self.socket.send(data)

    async def wait_for(
        self, message_type: str, *, after: int = 0, limit_s: float = 15.0, **fields: Any
    ) -> dict[str, Any]:
        """Wait for a message of this type with these fields; ``after`` skips earlier ones."""

        def found() -> dict[str, Any] | None:
            for message in self.messages[after:]:
                if message["type"] == message_type and fields.items() <= message.items():
                    return message
            return None

        result = await until(
            found, f"{message_type} {fields}; closed {self.closed}; got {self.messages}", limit_s
        )
        assert isinstance(result, dict)
        return result

    async def wait_closed(self, limit_s: float = 15.0) -> tuple[int, str]:
        """Wait until the socket is closed; return code and reason."""
        await until(lambda: self.closed is not None, f"closed; got {self.messages}", limit_s)
        assert self.closed is not None
        return self.closed

    async def wait_acked(self) -> None:
        """Wait until everything that was sent is acknowledged."""
        await until(lambda: not self.sent, f"acknowledged; left {list(self.sent)}")

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self.reader is not None:
            await self.reader

    def drop(self) -> None:
        """Cut the connection without a word, as a network does."""
        assert self.socket is not None
        self.socket.transport.abort()

    def words(self, role: str, turn: int | None = None) -> str:
        """Return the transcript of one side, of one turn or of all."""
        return "".join(
            message["text"]
            for message in self.messages
            if message["type"] == "transcript"
            and message["role"] == role
            and turn in {None, message["turn"]}
        )

    def heard_ms(self, turn: int | None = None) -> float:
        """Return how much speech arrived."""
        return sum(
            pcm16_ms(len(pcm16), 24_000)
            for header, pcm16 in self.audio
            if turn in {None, header.turn}
        )

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    header, pcm16 = decode(data)
                    assert len(data) > HEADER_BYTES
                    self.audio.append((header, pcm16))
                    self.ids.append(f"{header.epoch}-{header.seq}")
                else:
                    self._take(json.loads(data))
        except ConnectionClosed:
            pass
        self.closed = (socket.close_code or 1006, socket.close_reason or "")

    def _take(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "ack":
            self._acknowledged(message["seq"])
        if "id" in message:
            self.ids.append(message["id"])

    def _acknowledged(self, seq: int) -> None:
        for number in [number for number in self.sent if number <= seq]:
            del self.sent[number]
