"""One connection to Redis: many commands in one write, replies in their order, no task of its own.

redis-py opens the socket (addresses, Sentinel, TLS, password, database, name) and hands it over. A
command through redis-py costs the client 65 to 139 µs, in a pipeline 32; packed and parsed by
hiredis straight on the transport it is 3 to 7 (docs/decisions/0006-own-redis-connection.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.bus.connect import COMMAND_TIMEOUT_S, TRANSIENT, Client, heed_cancellation

Arg = str | bytes | int | float

_MORE = object()
"""What hiredis returns when a reply is not complete; None and False are replies too."""

_BY_CODE: dict[str, type[Exception]] = {
    "LOADING": BusyLoadingError,
    "READONLY": ReadOnlyError,
    "NOAUTH": AuthenticationError,
}
"""Error replies that are about the server and not about the command."""


def pack(args: Sequence[Arg]) -> bytes:
    """Return a command as Redis reads it.

    Raises:
        TypeError: If an argument is of another type than `Arg`.
    """
    # A tuple is of one type here, and hiredis asks for a tuple of exactly its own union.
    packed: bytes = hiredis.pack_command(tuple(args))  # type: ignore[arg-type]
    return packed


_READY = [pack(("PING",)), pack(("ROLE",))]


class Connection(asyncio.Protocol):
    """A socket that redis-py has connected. `receive` is called with each reply at once."""

    def __init__(self, receive: Callable[[Any], None], lost: Callable[[Exception], None]) -> None:
        """Prepare a connection; `open_connection` opens it.

        Args:
            receive: Called with each reply; an error reply is an exception.
            lost: Called once, when the connection ends in whatever way.
        """
        self._receive, self._lost = receive, lost
        self._parser = hiredis.Reader(
            protocolError=RedisConnectionError, replyError=_as_error, notEnoughData=_MORE
        )
        self._writer: asyncio.StreamWriter
        self._transport: asyncio.WriteTransport
        self.is_open = False

    def take_over(self, writer: asyncio.StreamWriter) -> None:
        """Read and write on the transport of ``writer`` from now on."""
        self._writer = writer  # kept, because it closes the transport when nobody holds it
        self._transport = writer.transport
        self._transport.set_protocol(self)
        self.is_open = True

    def write(self, commands: list[bytes]) -> None:
        """Send packed commands; their replies come to `receive` in this order."""
        self._transport.writelines(commands)

    def close(self, cause: Exception | None = None) -> None:
        """End the connection now; harmless if it is over."""
        if self.is_open:
            self.is_open = False
            self._transport.abort()
            self._lost(cause or RedisConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Take what came; called by the event loop."""
        parser, receive = self._parser, self._receive
        parser.feed(data)
        try:
            while self.is_open and (reply := parser.gets()) is not _MORE:
                receive(reply)
        except RedisConnectionError as exc:
            self.close(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits; called by the event loop."""
        self.close(RedisConnectionError(str(exc) if exc else "closed by the server"))


async def open_connection(
    client: Client, receive: Callable[[Any], None], lost: Callable[[Exception], None]
) -> Connection:
    """Open a connection as ``client`` would.

    Raises:
        TRANSIENT (shared.bus.connect): If Redis cannot be reached or does not let us in.
    """
    opened = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await opened.connect()
        heed_cancellation()
    except BaseException:
        await opened.disconnect(nowait=True)
        heed_cancellation()
        raise
    connection = Connection(receive, lost)
    # The only way to have the socket without redis-py's streams and checks around it.
    connection.take_over(opened._writer)  # noqa: SLF001
    opened._reader = opened._writer = None  # noqa: SLF001 - it is ours to close from here
    return connection


class Exchange:
    """A connection that sends commands by the batch and waits for all their replies."""

    _connection: Connection

    def __init__(self) -> None:
        self._replies: list[Any] = []
        self._expected = 0
        self._complete: asyncio.Future[list[Any]] | None = None

    @classmethod
    async def open(cls, client: Client) -> Exchange:
        """Open a connection as ``client`` would; errors are those of `open_connection`."""
        exchange = cls()
        exchange._connection = await open_connection(client, exchange._take, exchange._fail)
        await exchange._make_sure()
        return exchange

    async def _make_sure(self) -> None:
        """Raise if Redis is still loading its file, or is a replica.

        It may get ready in the middle of a batch. Then it refuses the first commands and carries
        the later ones out; and what is appended again after them counts as there already, and is
        lost.
        """
        pong, role = await self.carry_out(_READY, COMMAND_TIMEOUT_S)
        if isinstance(role, list) and role[0] != b"master":
            role = ReadOnlyError("not the master, or not yet")
        # Where the operator's rules forbid the question it is answered by the first commands.
        for reply in (pong, role):
            if isinstance(reply, TRANSIENT):
                self.close()
                raise reply

    @property
    def is_open(self) -> bool:
        """Tell whether the connection may be used."""
        return self._connection.is_open

    async def carry_out(self, commands: list[bytes], timeout_s: float) -> list[Any]:
        """Send packed commands and return their replies; error replies are among them.

        One call at a time. If it raises, or is cancelled, the connection is over: replies that come
        late would be taken for those of the next batch.

        Raises:
            RedisConnectionError: If the connection breaks.
            RedisTimeoutError: If the replies are not there in ``timeout_s``.
        """
        loop = asyncio.get_running_loop()
        self._replies, self._expected = [], len(commands)
        self._complete = loop.create_future()
        deadline = loop.call_later(timeout_s, self._give_up)
        try:
            self._connection.write(commands)
            return await self._complete
        except BaseException:
            self.close()
            raise
        finally:
            deadline.cancel()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _take(self, reply: Any) -> None:
        self._replies.append(reply)
        if self._complete is not None and len(self._replies) == self._expected:
            complete, self._complete = self._complete, None
            if not complete.done():
                complete.set_result(self._replies)

    def _fail(self, error: Exception) -> None:
        if self._complete is not None and not self._complete.done():
            self._complete.set_exception(error)

    def _give_up(self) -> None:
        self._connection.close(RedisTimeoutError("no reply in time"))


def _as_error(text: str) -> Exception:
    return _BY_CODE.get(text.partition(" ")[0], ResponseError)(text)
