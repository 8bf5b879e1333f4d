"""A Redis that is not ready yet, and gets ready in the middle of whatever it is sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import hiredis

_OK = b"+OK\r\n"
_ROLES = {True: b"*3\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n", False: b"*1\r\n$6\r\nmaster\r\n"}
_SET_UP = {b"CLIENT", b"SELECT", b"AUTH", b"HELLO"}


class HesitantRedis:
    """Answers ``refusal`` to its first commands, whoever sends them, and carries the others out."""

    def __init__(self, refusal: str, count: int) -> None:
        """Refuse ``count`` commands, not counting those that set a connection up."""
        self._refusal = f"-{refusal}\r\n".encode()
        self._is_replica = refusal.startswith("READONLY")
        self._left = count
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.done: list[tuple[bytes, ...]] = []
        """Commands that were carried out, in their order."""
        self.port = 0

    async def start(self) -> None:
        """Listen on a port that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        parser = hiredis.Reader()
        with suppress(OSError):
            while data := await reader.read(65_536):
                parser.feed(data)
                while command := parser.gets():
                    writer.write(self._answer(tuple(command)))

    def _answer(self, command: tuple[bytes, ...]) -> bytes:
        name = command[0].upper()
        if name in _SET_UP:
            return _OK
        if name == b"ROLE":
            was_replica = self._is_replica and self._left > 0
            self._left -= was_replica
            return _ROLES[was_replica]
        if self._left and not (self._is_replica and name == b"PING"):
            self._left -= 1
            return self._refusal
        if name != b"PING":
            self.done.append(command)
        return _OK
