"""Tells waiting clients their place in line, from one look at `dispatch` for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from shared import keys
from shared.bus import Bus
from shared.errors import BusError

FIRST_LOOK_S = 0.2
"""A free worker takes a session faster than this; then nothing is said about a queue."""

LOOK_S = 1.0
LOOK_ENTRIES = 1_000


class QueueWatch:
    """Sessions of this gateway that wait for a worker."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: dict[str, Callable[[int], None]] = {}
        self._told: dict[str, int] = {}
        self._any = asyncio.Event()

    def watch(self, session_id: str, tell: Callable[[int], None]) -> None:
        """Call ``tell`` with the place in line, from 1, whenever it changes, until `forget`."""
        self._waiting[session_id] = tell
        self._any.set()

    def forget(self, session_id: str) -> None:
        """A worker has taken the session, or its client is gone."""
        self._waiting.pop(session_id, None)
        self._told.pop(session_id, None)

    async def run(self) -> None:
        """Look once a second while anybody waits; runs until cancelled."""
        while True:
            await self._any.wait()
            self._any.clear()
            await asyncio.sleep(FIRST_LOOK_S)
            while self._waiting:
                with contextlib.suppress(BusError):
                    self._tell(await self._look())
                await asyncio.sleep(LOOK_S)

    async def _look(self) -> list[str]:
        """Return the sessions that no worker has been given yet, the next one first."""
        groups = await self._bus.send("XINFO", "GROUPS", keys.DISPATCH)
        last = "0-0"
        for flat in groups:
            group = dict(zip(flat[::2], flat[1::2], strict=True))
            if group[b"name"] == keys.DISPATCH_GROUP.encode():
                last = group[b"last-delivered-id"].decode()
        entries = await self._bus.send(
            "XRANGE", keys.DISPATCH, f"({last}", "+", "COUNT", LOOK_ENTRIES
        )
        return [fields[b"session"].decode() for _, fields in entries]

    def _tell(self, line: list[str]) -> None:
        for position, session_id in enumerate(line, start=1):
            tell = self._waiting.get(session_id)
            if tell is not None and self._told.get(session_id) != position:
                self._told[session_id] = position
                tell(position)
