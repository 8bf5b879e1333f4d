"""Opens Redis clients with the timeouts and retries that this system needs.

redis-py's defaults do not fit: ``socket_timeout=5`` turns a longer BLOCK into a minute of hidden
retries, ten retries repeat a command whose reply was lost, and a pool of 100 raises at the 101st.
"""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

COMMAND_TIMEOUT_S = 2.0
"""A command that takes longer has lost its connection; a healthy one takes under 10 ms."""

TRANSIENT: tuple[type[Exception], ...] = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OSError,
)
"""Redis is away, restarting, or just became a replica: the same command may work soon."""

Client = Redis
__all__ = [
    "COMMAND_TIMEOUT_S",
    "TRANSIENT",
    "Client",
    "RedisError",
    "ResponseError",
    "heed_cancellation",
    "open_client",
]


def heed_cancellation() -> None:
    """Raise the cancellation that redis-py may have swallowed.

    Its pool looks whether a connection has unread data inside a timeout of zero seconds, and a
    cancellation that arrives at that moment is taken for the timeout: two in five were lost under
    load. Call it after every await of redis-py in a task that may be cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def open_client(url: str, *, name: str, max_connections: int, timeout_s: float) -> Redis:
    """Return a client that connects on first use, never retries by itself, and returns bytes.

    Args:
        url: ``redis://`` or ``rediss://`` with user, password and database.
        name: Shown by ``CLIENT LIST``.
        max_connections: Sockets at most; one more command than that is an error, so size it.
        timeout_s: Longest wait for a reply; for a blocking read, longer than its BLOCK.
    """
    pool = ConnectionPool.from_url(
        url,
        protocol=2,  # RESP2 pins the shape of replies and halves the cost of a pub/sub message
        client_name=name,
        max_connections=max_connections,
        socket_timeout=timeout_s,
        socket_connect_timeout=COMMAND_TIMEOUT_S,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return Redis.from_pool(pool)
