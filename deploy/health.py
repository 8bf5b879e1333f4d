"""How the launcher finds out that a service is ready for work."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

from shared import keys
from shared.bus.connect import TRANSIENT, ResponseError, open_client

TIMEOUT_S = 2.0
_NO_ANSWER: tuple[type[Exception], ...] = (ResponseError, *TRANSIENT)

Check = Callable[[int], Awaitable[bool]]


def http(url: str, ca_file: Path | None = None) -> Check:
    """Healthy when ``url`` answers with a 2xx; ``ca_file`` vouches for it where that is https."""

    async def is_healthy(_pid: int) -> bool:
        return await asyncio.to_thread(_fetch, url, ca_file)

    return is_healthy


def redis(url: str) -> Check:
    """Healthy when Redis answers commands, so not while it loads its file."""

    async def is_healthy(_pid: int) -> bool:
        return await _ask(url) is not None

    return is_healthy


def worker(redis_url: str) -> Check:
    """Healthy when the worker with this process id is among those who sign on in Redis."""

    async def is_healthy(pid: int) -> bool:
        mine = f"{socket.gethostname()}-{pid}-"
        return any(name.startswith(mine) for name in await _ask(redis_url) or [])

    return is_healthy


async def _ask(redis_url: str) -> list[str] | None:
    """Return the names of all workers that have signed on; None if Redis does not answer."""
    client = open_client(redis_url, name="launcher", max_connections=1, timeout_s=TIMEOUT_S)
    try:
        names = await client.zrange(keys.WORKERS, 0, -1)
    except _NO_ANSWER:
        return None
    else:
        return [name.decode() for name in names if isinstance(name, bytes)]
    finally:
        await client.aclose()


def _fetch(url: str, ca_file: Path | None) -> bool:
    try:
        context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # what runs here is never behind a proxy
            *([urllib.request.HTTPSHandler(context=context)] if context else []),
        )
        with opener.open(url, timeout=TIMEOUT_S) as response:
            return bool(200 <= response.status < 300)
    except (OSError, urllib.error.URLError, ssl.SSLError):  # no file yet, nobody listens yet
        return False
