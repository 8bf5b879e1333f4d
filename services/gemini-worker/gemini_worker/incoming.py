"""What a client says, as it comes: heard when it is published, else read from Redis.

The gateway appends each message to a stream and publishes it beside that. So the worker asks for
nothing while all is well: what is published follows on what it has, number by number. Where it
does not (at the start, after a break, when a client came back, or when this side was slow) it reads
the stream on from there. Pictures are large and give way to newer ones, so only their arrival is
published, and they are read when somebody wants them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from shared.bus import Bus
from shared.codec import Kind, StreamId, header_of
from shared.keys import SessionKeys

READ_ENTRIES = 100
"""Entries per read, and most that wait here: 4 s of speech; more waits in Redis."""

Entry = tuple[StreamId, bytes]


class Incoming:
    """Entries of one session's `up` and `frames`, in order, for one reader."""

    def __init__(
        self, bus: Bus, keys: SessionKeys, after: StreamId, after_frames: StreamId
    ) -> None:
        """Begin behind the given ids; nothing comes before `listen`."""
        self._bus, self._keys = bus, keys
        self._last, self._last_frame = after, after_frames
        self._newest_seen = after
        self._heard: list[Entry] = []
        self._is_behind = self._has_frames = True
        self._is_reading = False
        self._news = asyncio.Event()
        self._news.set()

    def __enter__(self) -> Incoming:
        """Begin to hear what is published."""
        self._bus.subscriptions.add(self._keys.said, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Hear nothing more."""
        self._bus.subscriptions.remove(self._keys.said, self)

    def subscribed(self) -> None:
        """Redis (again) sends what is published: read what came before."""
        self._miss()

    def published(self, message: bytes) -> None:
        """Take one published message."""
        header = header_of(message)
        entry_id = StreamId(header.epoch, header.seq)
        if header.kind == Kind.PICTURE:
            self._has_frames = True
        elif header.seq == 0:
            # The client is on a new connection. What the old one says is published even where
            # Redis refuses to store it, so nothing is taken before the new beginning is read.
            self._miss()
        elif entry_id <= self._last:
            return
        elif self._follows(entry_id):
            self._heard.append((entry_id, message))
            self._last = entry_id
        else:
            self._newest_seen = max(self._newest_seen, entry_id)
            self._is_behind = True
        self._news.set()

    async def read(self, limit_s: float | None) -> tuple[list[Entry], list[Entry]]:
        """Wait for news, at most ``limit_s``; return new entries of `frames`, and of `up`.

        Pictures that were there before a message come with it, or earlier.

        Raises:
            BusUnavailable: If Redis stays away; nothing is lost, and the next call reads again.
        """
        await self._wait(limit_s)
        heard, self._heard = self._heard, []
        if not self._is_behind and not self._has_frames:
            return [], heard
        is_behind, self._is_behind, self._has_frames = self._is_behind, False, False
        self._is_reading = is_behind
        try:
            frames, up = await self._fetch(is_behind)
        except BaseException:
            self._heard = heard + self._heard
            self._miss()
            raise
        finally:
            self._is_reading = False
        if frames:
            self._last_frame = frames[-1][0]
            self._has_frames = self._has_frames or len(frames) == READ_ENTRIES
        if is_behind:
            self._caught_up(up)
        if self._is_behind or self._has_frames or self._heard:
            self._news.set()
        return frames, heard + up

    async def _wait(self, limit_s: float | None) -> None:
        if limit_s is None:
            await self._news.wait()
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._news.wait()
        self._news.clear()

    async def _fetch(self, is_behind: bool) -> tuple[list[Entry], list[Entry]]:
        names, ids = [self._keys.frames], [str(self._last_frame)]
        if is_behind:
            names.append(self._keys.up)
            ids.append(str(self._last))
        reply = await self._bus.send("XREAD", "COUNT", READ_ENTRIES, "STREAMS", *names, *ids)
        found = {name.decode(): _entries(entries) for name, entries in reply or []}
        return found.get(self._keys.frames, []), found.get(self._keys.up, [])

    def _caught_up(self, up: list[Entry]) -> None:
        if up:
            self._last = up[-1][0]
            # Something published while we read was left aside.
            is_more = len(up) == READ_ENTRIES or self._newest_seen > self._last
            self._is_behind = self._is_behind or is_more
        else:
            self._newest_seen = self._last

    def _follows(self, entry_id: StreamId) -> bool:
        return (
            not self._is_behind
            and not self._is_reading
            and entry_id == (self._last.epoch, self._last.seq + 1)
            and len(self._heard) < READ_ENTRIES
        )

    def _miss(self) -> None:
        self._is_behind = self._has_frames = True
        self._news.set()


def _entries(entries: list[tuple[bytes, dict[bytes, Any]]]) -> list[Entry]:
    return [(StreamId.parse(entry_id), fields[b"m"]) for entry_id, fields in entries]
