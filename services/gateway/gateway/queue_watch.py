"""Tells clients that nobody serves their place in line, from one look at `dispatch` for all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from shared import keys
from shared.bus import Bus, Script
from shared.errors import BusError

FIRST_LOOK_S = 0.2
"""A free worker takes a session faster than this; then nothing is said about a queue."""

LOOK_S = 1.0
SILENCE_MS = 4_000
"""A worker's sessions are taken over after two seconds of silence; after four, nobody has room."""

LOOK_ENTRIES = 1_000

_LINE = Script("line")


class QueueWatch:
    """The clients of this gateway, and which of them wait for a worker."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._clients: dict[str, Callable[[int], None]] = {}
        self._told: dict[str, int] = {}
        self._any = asyncio.Event()

    def attend(self, session_id: str, tell: Callable[[int], None]) -> None:
        """Call ``tell`` with the place in line, from 1, whenever it changes, until `leave`."""
        self._clients[session_id] = tell
        self._told.pop(session_id, None)
        self._any.set()

    def leave(self, session_id: str, tell: Callable[[int], None]) -> None:
        """The client is gone; harmless if it is back on another connection."""
        if self._clients.get(session_id) == tell:
            del self._clients[session_id]
            self._told.pop(session_id, None)

    def has_place(self, session_id: str) -> bool:
        """Tell whether the session stood in line at the last look."""
        return session_id in self._told

    async def run(self) -> None:
        """Look once a second while there are clients; runs until cancelled."""
        while True:
            await self._any.wait()
            self._any.clear()
            await asyncio.sleep(FIRST_LOOK_S)
            while self._clients:
                with contextlib.suppress(BusError):
                    self._tell(await self._look())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._any.wait(), LOOK_S)
                    self._any.clear()
                    await asyncio.sleep(FIRST_LOOK_S)

    async def _look(self) -> dict[str, int]:
        """Return the place in line of each session that nobody serves."""
        line = await self._bus.run(
            _LINE, [keys.DISPATCH], keys.DISPATCH_GROUP, SILENCE_MS, LOOK_ENTRIES
        )
        return {session_id.decode(): place for place, session_id in enumerate(line, start=1)}

    def _tell(self, line: dict[str, int]) -> None:
        for session_id in self._told.keys() - line.keys():
            del self._told[session_id]
        for session_id, place in line.items():
            tell = self._clients.get(session_id)
            if tell is not None and self._told.get(session_id) != place:
                self._told[session_id] = place
                tell(place)
