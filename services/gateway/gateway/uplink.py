"""From one client to Redis: appends in order, and knows up to where everything is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from gateway import metrics
from gateway.rest import Rest
from gateway.session_store import Attachment, SessionStore
from shared.codec import Header
from shared.errors import BusError, OvershoulderError
from shared.picture_queue import PictureQueue

SPEECH = "audio"
MAX_PENDING = 400
"""Appends that Redis has not answered yet; 16 s of speech. Then the client's socket is not read."""


class Uplink:
    """Appends of one connection. `acked` and `acked_picture` are what may be acknowledged."""

    def __init__(
        self,
        store: SessionStore,
        held: Attachment,
        stored: Callable[[], None],
        rest: Rest,
    ) -> None:
        """Begin with nothing on its way.

        Args:
            store: Where to append.
            held: The session.
            stored: Called whenever more may be acknowledged.
            rest: Told that something is said, while it is on.
        """
        self._store, self._held, self._rest = store, held, rest
        self._tell_stored = stored
        self._pending = 0
        self._room = asyncio.Event()
        self._room.set()
        self._pictures_pending = 0
        self._waiting: PictureQueue[bytes] = PictureQueue()
        self.appended = 0
        """Entries so far."""
        self.acked = held.last_seq
        self.acked_picture = held.last_picture
        self._answered = asyncio.Event()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lookups: set[asyncio.Task[None]] = set()

    @property
    def has_room(self) -> bool:
        """Tell whether more may be appended without waiting."""
        return self._room.is_set() and not self._failure.done()

    async def append(self, seq: int, entry: bytes, kind: str) -> None:
        """Append speech (``audio``) or control; returns as soon as it is on its way.

        Waits only while too much is on its way already, so a Redis that is away slows the client
        instead of filling this process.
        """
        await self._room.wait()
        if self._failure.done():
            return  # the connection is about to close; a later number would leave a hole
        if kind == SPEECH:
            self.append_speech(seq, entry)
        else:
            self._started(kind, entry)
            self._store.append(self._held, seq, entry, partial(self._stored, seq, False))

    def append_speech(self, seq: int, entry: bytes) -> None:
        """Append speech where there is room for it."""
        self._started(SPEECH, entry)
        self._store.append_speech(self._held, seq, entry, partial(self._stored, seq, False))

    def append_picture(self, header: Header, entry: bytes) -> None:
        """Append a picture; while any is on its way, only those behind it that matter are kept."""
        metrics.REPLACED_PICTURES.inc(self._waiting.add(header, entry))
        if not self._pictures_pending:
            self.flush_pictures()

    def flush_pictures(self) -> None:
        """Send the pictures that were held back, whatever is still on its way.

        Called before a question is appended: what it is about must be in Redis first.
        """
        while self._waiting:
            picture = self._waiting.take()
            self._pictures_pending += 1
            self._started("picture", picture.item)
            stored = partial(self._stored, picture.seq, True)
            self._store.append_picture(self._held, picture.seq, picture.item, stored)

    async def watch(self) -> None:
        """Wait until an append fails, or something else ends the connection, and raise why.

        Raises:
            Superseded, SessionGone, BusUnavailable, BusOverloaded
        """
        await asyncio.shield(self._failure)  # it outlives the task that watches it

    async def settle(self, limit_s: float) -> None:
        """At the end: wait until everything that was appended is stored, at most ``limit_s``."""
        try:
            async with asyncio.timeout(limit_s):
                while self._pending and not self._failure.done():
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            pass
        if self._failure.done():
            self._failure.exception()  # whoever closes has another reason already
        else:
            self._failure.cancel()

    def _started(self, kind: str, entry: bytes) -> None:
        metrics.TRAFFIC.stored[kind] += 1
        metrics.TRAFFIC.stored_bytes[kind] += len(entry)
        self.appended += 1
        self._pending += 1
        if self._rest.is_on:
            self._rest.said(monotonic())
        if self._pending >= MAX_PENDING:
            self._room.clear()

    def _stored(self, seq: int, is_picture: bool, reply: Any) -> None:
        self._pending -= 1
        self._room.set()
        if is_picture:
            self._pictures_pending -= 1
            if not self._pictures_pending:
                self.flush_pictures()
        if reply is None:
            # The session is over. What ended it is on its way down; if not, the next touch tells.
            return
        if not isinstance(reply, BusError):
            self._acknowledge(seq, is_picture)
        elif "equal or smaller" in str(reply):
            task = asyncio.ensure_future(self._look_into(seq, is_picture, reply))
            self._lookups.add(task)
            task.add_done_callback(self._looked)
        else:
            self.fail(reply)

    async def _look_into(self, seq: int, is_picture: bool, refusal: BusError) -> None:
        stream = self._held.keys.frames if is_picture else self._held.keys.up
        await self._store.why_refused(self._held, stream, refusal)
        self._acknowledge(seq, is_picture)

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._lookups.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error if isinstance(error, OvershoulderError) else BusError(str(error)))

    def _acknowledge(self, seq: int, is_picture: bool) -> None:
        if is_picture:
            self.acked_picture = max(self.acked_picture, seq)
        else:
            self.acked = max(self.acked, seq)
        self._answered.set()
        self._tell_stored()

    def fail(self, error: Exception) -> None:
        """End the connection: have `watch` raise why."""
        if not self._failure.done():
            self._failure.set_exception(error)
        self._answered.set()
