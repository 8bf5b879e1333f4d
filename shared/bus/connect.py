"""Opens Redis clients with the timeouts and retries that this system needs.

redis-py's defaults do not fit: ``socket_timeout=5`` turns a longer BLOCK into a minute of hidden
retries, ten retries repeat a command whose reply was lost, and a pool of 100 raises at the 101st.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

SENTINEL_SCHEME = "redis+sentinel://"
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
        url: ``redis://`` or ``rediss://`` with user, password and database; or
            ``redis+sentinel://[user:password@]host:port[,host:port…]/service[/database]``, which
            asks the Sentinels for the master and follows it when another is promoted.
        name: Shown by ``CLIENT LIST``.
        max_connections: Sockets at most; one more command than that is an error, so size it.
        timeout_s: Longest wait for a reply; for a blocking read, longer than its BLOCK.
    """
    options: dict[str, Any] = {
        "protocol": 2,  # RESP2 pins the shape of replies and halves the cost of a pub/sub message
        "client_name": name,
        "max_connections": max_connections,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": COMMAND_TIMEOUT_S,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    if url.startswith(SENTINEL_SCHEME):
        return _open_by_sentinel(url, options)
    return Redis.from_pool(ConnectionPool.from_url(url, **options))


def _open_by_sentinel(url: str, options: dict[str, Any]) -> Redis:
    sentinels, service, more = _parse_sentinel(url)
    asking = Sentinel(  # type: ignore[no-untyped-call]
        sentinels, sentinel_kwargs={"socket_timeout": COMMAND_TIMEOUT_S, "protocol": 2}
    )
    client: Redis = asking.master_for(service, **options, **more)
    return client


def _parse_sentinel(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """Return the Sentinels' addresses, the service's name, and the user, password and database."""
    credentials, _, rest = url.removeprefix(SENTINEL_SCHEME).rpartition("@")
    hosts, _, path = rest.partition("/")
    service, _, database = path.partition("/")
    addresses = [address.rpartition(":") for address in hosts.split(",")]
    user, _, password = credentials.partition(":")
    more: dict[str, Any] = {"db": int(database or 0)}
    if password:
        more |= {"username": unquote(user) or None, "password": unquote(password)}
    return [(host, int(port)) for host, _, port in addresses], service, more
