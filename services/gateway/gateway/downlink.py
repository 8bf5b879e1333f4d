"""From Redis to one client's outbox: what is published now, and by XRANGE what was missed.

The ids run on without holes, so anything missing shows by itself: at the start, after a break of
the subscription, or when the outbox was full and the rest waited in Redis. All of these are one
thing, `behind`, and have one remedy: read on from the last id.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic

import structlog

from gateway import metrics
from gateway.outbox import Item, Outbox
from gateway.receipts import Receipts
from gateway.session_store import Attachment, SessionStore
from shared.audio import DOWNLINK_RATE_HZ, pcm16_ms
from shared.bus_messages import Notice
from shared.codec import HEADER_BYTES, START, Header, Kind, StreamId, decode

FILL_ENTRIES = 100
"""Entries per read; 100 of 100 ms speech are 480 KB."""

_INTERRUPTED = b'{"type":"interrupted"'

_LOST = Notice(
    code="answer_lost", message="A part of the answer is missing: it was too long to be kept."
).model_dump_json(exclude_none=True)

log = structlog.get_logger()


class Downlink:
    """What the worker says, in order, without holes or repeats, into an outbox."""

    def __init__(
        self,
        store: SessionStore,
        held: Attachment,
        outbox: Outbox,
        after: StreamId,
        called: Callable[[], None],
        holes_until: StreamId = START,
    ) -> None:
        """Go on after ``after``.

        Args:
            store: Where to read what was missed.
            held: The session.
            outbox: Where messages for the client go.
            after: Id of the last message that the client has, or need not have.
            called: Called when the bell rings for no message: look at the session.
            holes_until: Up to here messages may be missing on purpose, forgotten by Redis.
        """
        self._store, self._held, self._outbox = store, held, outbox
        self._call = called
        self._last, self._last_seq = after, after.seq
        self._holes_until = holes_until
        self._newest_seen = after
        self._receipts = Receipts()
        self._forgotten = START
        self._behind = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def last(self) -> StreamId:
        """Id of the newest message that was taken for the client."""
        return self._last

    def subscribed(self) -> None:
        """Redis (again) sends what is published: read what came before."""
        self._behind.set()

    def published(self, message: bytes) -> None:
        """Take one published message."""
        header, payload = decode(message)
        entry_id = StreamId(header.epoch, header.seq)
        if entry_id <= self._last:
            if header.seq == 0:
                self._call()
            return
        self._newest_seen = max(self._newest_seen, entry_id)
        if payload.startswith(_INTERRUPTED):
            # At once, also when it must wait its turn behind what is still in Redis.
            self.cut(header.turn)
        if self._behind.is_set():
            return
        if entry_id.seq != self._last_seq + 1 or self._outbox.is_full():
            self._behind.set()
            return
        self._accept(entry_id, header, payload, message)

    def noticed(self, newest: StreamId) -> None:
        """Somebody read the newest id from Redis: if it is news, something was missed."""
        if newest > self._last and newest.seq > 0:
            self._newest_seen = max(self._newest_seen, newest)
            self._behind.set()

    def cut(self, turn: int) -> None:
        """Drop speech up to ``turn``; it was interrupted."""
        self._outbox.cut(turn)
        self._changed.set()

    def played(self, turn: int, played_ms: float) -> None:
        """The client tells how much of a turn it has played."""
        self._receipts.played(turn, played_ms)

    @property
    def is_receipt_awaited(self) -> bool:
        """Tell whether the client was sent speech that it may not have."""
        return self._receipts.is_awaited

    def forget_played(self) -> None:
        """Let Redis forget speech that the client has; without it a long answer fills `down`."""
        received = self._receipts.received(time_ms())
        if received is not None and received > self._forgotten:
            self._store.forget(self._held, self._forgotten, received, self._forgot)

    def _forgot(self, until: StreamId) -> None:
        self._forgotten = max(self._forgotten, until)

    async def fill(self) -> None:
        """Whenever something is missing, read it from Redis; runs until cancelled."""
        while True:
            await self._behind.wait()
            if self._outbox.is_full():
                self._changed.clear()
                await self._changed.wait()
                continue
            entries = await self._store.down_after(self._held, self._last, FILL_ENTRIES)
            metrics.FILLED.inc(len(entries))
            for entry_id, entry in entries:
                if self._outbox.is_full():
                    break
                header, payload = decode(entry)
                self._accept(entry_id, header, payload, entry)
            # Something published while we read was left aside, since we were behind.
            if not entries and self._newest_seen <= self._last:
                self._behind.clear()
            elif not entries:
                self._newest_seen = self._last

    async def next(self) -> Item:
        """Return the next message for the client, once it may leave."""
        while True:
            now_ms = time_ms()
            item = self._outbox.take(now_ms)
            if item is not None:
                self._receipts.sent(item, now_ms)
                if self._behind.is_set() and not self._outbox.is_full():
                    self._changed.set()
                return item
            self._changed.clear()
            if not len(self._outbox):
                await self._changed.wait()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._outbox.wait_ms(now_ms) / 1000):
                    await self._changed.wait()

    def _accept(self, entry_id: StreamId, header: Header, payload: bytes, entry: bytes) -> None:
        self._last = entry_id
        if entry_id.seq == 0:
            return  # the marker that opens a lease epoch
        if entry_id.seq > max(self._last_seq, self._holes_until.seq) + 1:
            log.warning("the answer fell out of redis unheard", after=self._last_seq)
            self._outbox.put(Item(entry_id, _LOST))
        self._last_seq = entry_id.seq
        if header.kind == Kind.ASSISTANT_AUDIO:
            audio_ms = pcm16_ms(len(entry) - HEADER_BYTES, DOWNLINK_RATE_HZ)
            self._outbox.put(Item(entry_id, entry, header.turn, audio_ms))
        else:
            if payload.startswith(_INTERRUPTED):
                self._outbox.cut(header.turn)
            self._outbox.put(Item(entry_id, payload.decode(), header.turn))
        self._changed.set()


def time_ms() -> float:
    """Return the monotonic time in ms."""
    return monotonic() * 1000
