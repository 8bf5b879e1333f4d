"""One connection to Redis: many commands in one write, replies in their order, no task of its own.

redis-py opens the socket (addresses, Sentinel, TLS, password, database, name) and hands it over. A
command through redis-py costs the client 65 to 139 µs, in a pipeline 32; packed and parsed by
hiredis straight on the transport it is 3 to 7 (docs/decisions/0006-own-redis-connection.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import hiredis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.bus.connect import Client, heed_cancellation

Arg = str | bytes | int | float

_MORE = object()
"""What hiredis returns when a reply is not complete; None and False are replies too."""

_BY_CODE: dict[str, type[Exception]] = {
    "LOADING": BusyLoadingError,
    "READONLY": ReadOnlyError,
    "NOAUTH": AuthenticationError,
}
"""Error replies that are about the server and not about the command."""


Receive = Callable[[list[Any]], None]
Lost = Callable[[Exception], None]


def pack(args: Sequence[Arg]) -> bytes:
    """Return a command as Redis reads it.

    Raises:
        TypeError: If an argument is of another type than `Arg`.
    """
    # A tuple is of one type here, and hiredis asks for a tuple of exactly its own union.
    packed: bytes = hiredis.pack_command(tuple(args))  # type: ignore[arg-type]
    return packed


class Connection(asyncio.Protocol):
    """A socket that redis-py has connected."""

    def __init__(self, receive: Receive, lost: Lost) -> None:
        """Prepare a connection; `open_connection` opens it.

        Args:
            receive: Called with the replies that came together; an error reply is an exception.
            lost: Called once, when the connection ends in whatever way.
        """
        self._receive, self._lost = receive, lost
        self._parser = hiredis.Reader(
            protocolError=RedisConnectionError, replyError=_as_error, notEnoughData=_MORE
        )
        self._writer: asyncio.StreamWriter
        self._transport: asyncio.Transport
        self.is_open = False

    def take_over(self, writer: asyncio.StreamWriter) -> None:
        """Read and write on the transport of ``writer`` from now on."""
        self._writer = writer  # kept, because it closes the transport when nobody holds it
        self._transport = cast("asyncio.Transport", writer.transport)
        self._transport.set_protocol(self)
        self.is_open = True

    def hand_to(self, receive: Receive, lost: Lost) -> None:
        """Give what comes to somebody else from now on."""
        self._receive, self._lost = receive, lost

    def write(self, commands: Sequence[bytes]) -> None:
        """Send packed commands; their replies come to `receive` in this order."""
        try:
            self._transport.write(commands[0] if len(commands) == 1 else b"".join(commands))
        except RuntimeError as exc:  # uvloop's word for a socket that has just been closed
            self.close(RedisConnectionError(str(exc)))

    def pause_reading(self) -> None:
        """Leave what comes in the socket."""
        if self.is_open:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self.is_open:
            self._transport.resume_reading()

    def close(self, cause: Exception | None = None) -> None:
        """End the connection now; harmless if it is over."""
        if self.is_open:
            self.is_open = False
            self._transport.abort()
            self._lost(cause or RedisConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Take what came; called by the event loop."""
        parser, replies = self._parser, []
        parser.feed(data)
        try:
            while (reply := parser.gets()) is not _MORE:
                replies.append(reply)
        except RedisConnectionError as exc:
            self.close(exc)
            return
        if replies:
            self._receive(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits; called by the event loop."""
        self.close(RedisConnectionError(str(exc) if exc else "closed by the server"))


async def open_connection(client: Client, receive: Receive, lost: Lost) -> Connection:
    """Open a connection as ``client`` would.

    Raises:
        TRANSIENT (shared.bus.connect): If Redis cannot be reached or does not let us in.
    """
    opened = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await opened.connect()
        heed_cancellation()
    except BaseException as exc:
        await opened.disconnect(nowait=True)
        heed_cancellation()
        if isinstance(exc, RuntimeError):  # uvloop's word for a socket that closed meanwhile
            raise RedisConnectionError(str(exc)) from exc
        raise
    connection = Connection(receive, lost)
    # The only way to have the socket without redis-py's streams and checks around it.
    connection.take_over(opened._writer)  # noqa: SLF001
    opened._reader = opened._writer = None  # noqa: SLF001 - it is ours to close from here
    return connection


def _as_error(text: str) -> Exception:
    return _BY_CODE.get(text.partition(" ")[0], ResponseError)(text)
