"""A WebSocket by hand, for frames that no library would send."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from dataclasses import dataclass

from tests.support.client import ORIGIN, SUBPROTOCOL

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA


@dataclass
class RawSocket:
    """One TCP connection to a gateway, upgraded if it was let in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    response: str = ""

    @classmethod
    async def dial(cls, port: int) -> RawSocket:
        """Connect without saying anything."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def upgrade(cls, port: int, path: str = "/v1/live", **headers: str) -> RawSocket:
        """Connect and ask for a WebSocket; ``response`` is the head of the answer."""
        socket = await cls.dial(port)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": "x",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Protocol": str(SUBPROTOCOL),
            "Origin": str(ORIGIN),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        socket.writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        async with asyncio.timeout(10):
            socket.response = (await socket.reader.readuntil(b"\r\n\r\n")).decode()
        return socket

    @property
    def status(self) -> int:
        """Status of the HTTP answer."""
        return int(self.response.split(" ", 2)[1])

    async def send(self, *frames: bytes) -> None:
        """Send frames; a peer that has closed meanwhile is no error."""
        try:
            self.writer.write(b"".join(frames))
            await self.writer.drain()
        except ConnectionError:
            pass

    async def receive(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self, limit_s: float = 10.0) -> int:
        """Read until the gateway closes; return its close code, 1006 if it said none."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    opcode, payload = await self.receive()
                    if opcode == CLOSE:
                        return int(struct.unpack(">H", payload[:2])[0]) if payload else 1005
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006

    async def ended(self, limit_s: float = 10.0) -> bytes:
        """Read until the gateway ends the connection; return what it sent."""
        async with asyncio.timeout(limit_s):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def close(self) -> None:
        self.writer.transport.abort()


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0
) -> bytes:
    """Return one frame; the mask is zero, so the payload goes as it is."""
    return _head(opcode, len(payload), fin=fin, masked=masked, rsv=rsv) + payload


def head_claiming(opcode: int, length: int) -> bytes:
    """Return the head of a frame that claims ``length`` bytes, without any of them."""
    return _head(opcode, length, fin=True, masked=True, rsv=0)


def _head(opcode: int, length: int, *, fin: bool, masked: bool, rsv: int) -> bytes:
    mask = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length < 126:
        head += bytes([mask | length])
    elif length < 65_536:
        head += bytes([mask | 126]) + struct.pack(">H", length)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", length)
    return head + (bytes(4) if masked else b"")
