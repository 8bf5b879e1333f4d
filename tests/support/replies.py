"""Awaits what the sources only ask to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shared.bus import Then


def told(ask: Callable[..., None], *args: object) -> asyncio.Future[Any]:
    """Call ``ask`` with a last argument that takes its reply, and return that reply as a future."""
    reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def take(answer: Any) -> None:
        if isinstance(answer, Exception):
            reply.set_exception(answer)
        else:
            reply.set_result(answer)

    then: Then = take
    ask(*args, then)
    return reply
