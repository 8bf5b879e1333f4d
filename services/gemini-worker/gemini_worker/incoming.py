"""What a client says, read from its session's streams as soon as it is announced.

The gateway appends each message to a stream and rings beside that: its header alone goes over the
session's channel. So the worker neither waits in a blocking read per session nor asks for what is
not there, and the reads of all sessions that were rung for in one turn of the loop share a round
trip. A bell that was lost harms nothing: the next one, or a renewed subscription, reads all that
came since.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from shared.bus import Bus
from shared.codec import Kind, StreamId, header_of
from shared.keys import SessionKeys

READ_ENTRIES = 100
"""Entries per read: 4 s of speech; more waits in Redis for the next one."""

Entry = tuple[StreamId, bytes]


class Incoming:
    """Entries of one session's `up` and `frames`, in order, for one reader."""

    def __init__(
        self, bus: Bus, keys: SessionKeys, after: StreamId, after_frames: StreamId
    ) -> None:
        """Begin behind the given ids; nothing is announced before the context is entered."""
        self._bus, self._keys = bus, keys
        self._last, self._last_frame = after, after_frames
        self._announced = self._settled = after
        self._is_behind = True
        self._news = asyncio.Event()
        self._news.set()

    def __enter__(self) -> Incoming:
        """Begin to listen for the bell."""
        self._bus.subscriptions.add(self._keys.said, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._bus.subscriptions.remove(self._keys.said, self)

    def subscribed(self) -> None:
        """The bell can be heard (again): read what came before."""
        self._look()

    def published(self, message: bytes) -> None:
        """Take one announcement: the header of what was appended."""
        header = header_of(message)
        if header.kind == Kind.PICTURE:
            self._look()
            return
        self._announced = max(self._announced, StreamId(header.epoch, header.seq))
        if self._announced > self._settled:
            self._news.set()

    async def read(self, limit_s: float | None) -> tuple[list[Entry], list[Entry]]:
        """Wait for news, at most ``limit_s``; return new entries of `frames`, and of `up`.

        Both come by one read, so the pictures that were there before a message come with it, or
        earlier.

        Raises:
            BusUnavailable: If Redis stays away; nothing is lost, and the next call reads again.
        """
        await self._wait(limit_s)
        if not self._is_behind and self._announced <= self._settled:
            return [], []
        announced, self._is_behind = self._announced, False
        try:
            frames, up = await self._fetch()
        except BaseException:
            self._look()
            raise
        if frames:
            self._last_frame = frames[-1][0]
        if up:
            self._last = up[-1][0]
        # What was announced before the read was read now, or never stored: the bell rings for what
        # Redis refuses, too. What was announced meanwhile may have come too late for it.
        self._settled = max(announced, self._last)
        self._is_behind = self._is_behind or READ_ENTRIES in (len(frames), len(up))
        if self._is_behind or self._announced > self._settled:
            self._news.set()
        return frames, up

    async def _wait(self, limit_s: float | None) -> None:
        if limit_s is None:
            await self._news.wait()
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._news.wait()
        self._news.clear()

    async def _fetch(self) -> tuple[list[Entry], list[Entry]]:
        reply = await self._bus.send(
            *("XREAD", "COUNT", READ_ENTRIES, "STREAMS", self._keys.frames, self._keys.up),
            *(str(self._last_frame), str(self._last)),
        )
        found = {name.decode(): _entries(entries) for name, entries in reply or []}
        return found.get(self._keys.frames, []), found.get(self._keys.up, [])

    def _look(self) -> None:
        self._is_behind = True
        self._news.set()


def _entries(entries: list[tuple[bytes, dict[bytes, Any]]]) -> list[Entry]:
    return [(StreamId.parse(entry_id), fields[b"m"]) for entry_id, fields in entries]
