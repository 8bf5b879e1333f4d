"""What a client says, as it comes: speech at once, everything else from its session's streams.

The streams are the record of what was said, and whoever takes over reads them. But nearly all that
comes is speech that goes on where the last chunk ended, to a worker that has nothing else to do for
the session. The gateway publishes that beside its append, and it is taken as it comes. For the rest
it publishes the header alone, a bell, and the worker reads the streams; it does so too when the
numbers have a hole, after a break, and while it is still busy with what came before. The reads of
all sessions that were rung for in one turn of the loop share a round trip.

What Redis refuses to store is published all the same: an older connection's chunk. But the bell for
the newer connection came before it, and with that the marker of its epoch has been read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from gemini_worker.sent import Position
from shared.bus import Bus
from shared.codec import HEADER_BYTES, Header, Kind, StreamId, header_of
from shared.keys import SessionKeys

READ_ENTRIES = 100
"""Entries per read: 4 s of speech; more waits in Redis for the next one."""


class Entry(NamedTuple):
    """One entry of a stream."""

    id: StreamId
    frame: bytes
    last: int | None = None
    """Of a marker that opens a connection: the newest number that is stored before it."""


TakeNow = Callable[[StreamId, bytes], bool]
"""Takes the id of a chunk and its sound if that can be done at once; tells whether it did."""


class Incoming:
    """What one session's client says, in order, for one reader."""

    def __init__(
        self,
        bus: Bus,
        keys: SessionKeys,
        after: Position,
        after_frames: StreamId,
        take_now: TakeNow,
        called: Callable[[], None],
    ) -> None:
        """Begin behind the given places; nothing is announced before the context is entered.

        Args:
            bus: Where the session lives.
            keys: Its streams and its channel.
            after: How far `up` is known.
            after_frames: How far `frames` is known.
            take_now: Offered speech that may be taken at once.
            called: Called when the bell rings for no message: look at the hash.
        """
        self._bus, self._keys = bus, keys
        self._take_now, self._call = take_now, called
        self._last, self._last_frame = after.after, after_frames
        self._last_seq = after.seq
        self._announced = after.seq
        self._is_behind = True
        self._is_idle = False
        """The reader waits, and is done with all that came before."""
        self._news = asyncio.Event()
        self._news.set()

    def __enter__(self) -> Incoming:
        """Begin to listen."""
        self._bus.subscriptions.add(self._keys.said, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._bus.subscriptions.remove(self._keys.said, self)

    def subscribed(self) -> None:
        """The channel can be heard (again): read what came before."""
        self._look()

    def published(self, message: bytes) -> None:
        """Take a chunk of speech, or the header of what is to be read."""
        header = header_of(message)
        if header.kind == Kind.PICTURE:
            self._look()
        elif header.seq == 0:
            self._look()
            self._call()
        elif header.seq <= self._last_seq or header.epoch < self._last.epoch:
            return  # sent again, and taken already; or of a connection that has lost the session
        elif self._is_idle and self._is_next(header, message):
            self._last, self._last_seq = StreamId(header.epoch, header.seq), header.seq
        else:
            self._announced = max(self._announced, header.seq)
            self._wake()

    async def read(self, limit_s: float | None) -> tuple[list[Entry], list[Entry]]:
        """Wait for what must be read, at most ``limit_s``; return entries of `frames`, and of `up`.

        Both come by one read, so the pictures that were there before a message come with it, or
        earlier.

        Raises:
            BusUnavailable: If Redis stays away; nothing is lost, and the next call reads again.
        """
        await self._wait(limit_s)
        if not self._is_behind and self._announced <= self._last_seq:
            return [], []
        announced, self._is_behind = self._announced, False
        try:
            frames, up = await self._fetch()
        except BaseException:
            self._look()
            raise
        if frames:
            self._last_frame = frames[-1].id
        for entry in up:
            self._last = entry.id
            # Where Redis lost what had been heard, the client goes on from before that.
            last = entry.id.seq if entry.last is None else min(self._last_seq, entry.last)
            self._last_seq = last
        # What was announced before the read was read now, or never stored: the bell rings for what
        # Redis refuses, too. What was announced meanwhile may have come too late for it.
        if self._announced == announced:
            self._announced = min(announced, self._last_seq)
        self._is_behind = self._is_behind or READ_ENTRIES in (len(frames), len(up))
        if self._is_behind or self._announced > self._last_seq:
            self._wake()
        return frames, up

    def _is_next(self, header: Header, message: bytes) -> bool:
        return (
            header.kind == Kind.MICROPHONE
            and header.seq == self._last_seq + 1
            and len(message) > HEADER_BYTES
            and self._take_now(StreamId(header.epoch, header.seq), message[HEADER_BYTES:])
        )

    async def _wait(self, limit_s: float | None) -> None:
        self._is_idle = not self._news.is_set()
        try:
            if limit_s is None:
                await self._news.wait()
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limit_s):
                        await self._news.wait()
        finally:
            self._is_idle = False
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
        self._wake()

    def _wake(self) -> None:
        self._is_idle = False
        self._news.set()


def _entries(entries: list[tuple[bytes, dict[bytes, Any]]]) -> list[Entry]:
    return [
        Entry(
            StreamId.parse(entry_id),
            fields[b"m"],
            int(fields[b"last"]) if b"last" in fields else None,
        )
        for entry_id, fields in entries
    ]
