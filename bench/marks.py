"""What a chunk of speech and a reply carry, so that each end can tell what arrived, and when. Pure.

The marks stand in the first samples of the sound itself: they survive whatever protocol, framing,
merging or cutting lies in between. Times are of the machine's monotonic clock, which all processes
of a run share.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

REPLY_MS = 100
REPLY_BYTES = 48 * REPLY_MS
"""Of one reply: mono PCM16 at 24 000 Hz."""

_CHUNK = struct.Struct("<4sHHQ")
_REPLY = struct.Struct("<4sIIQ")
_CHUNK_MAGIC, _REPLY_MAGIC = b"UPUP", b"DOWN"
CHUNK_MARK_BYTES, REPLY_MARK_BYTES = _CHUNK.size, _REPLY.size


class Wish(IntEnum):
    """What a chunk asks of the endpoint."""

    NOTHING = 0
    REPLY = 1
    LAST_REPLY = 2
    """A reply, and the end of the turn after it."""


@dataclass(frozen=True, slots=True)
class ChunkMark:
    """The beginning of a chunk of speech."""

    chunk_bytes: int
    wish: int
    sent_ns: int

    def pack(self) -> bytes:
        """Return the first bytes of the chunk."""
        return _CHUNK.pack(_CHUNK_MAGIC, self.chunk_bytes, self.wish, self.sent_ns)


@dataclass(frozen=True, slots=True)
class ReplyMark:
    """The beginning of a reply: what it answers, and what the endpoint had heard by then."""

    sent_ns: int
    audio_bytes: int
    pictures: int

    def pack(self) -> bytes:
        """Return the first bytes of the reply."""
        return _REPLY.pack(_REPLY_MAGIC, self.audio_bytes, self.pictures, self.sent_ns)


def marks_in(pcm16: bytes) -> Iterator[ChunkMark]:
    """Yield the mark of every chunk in one message; several where a server merged them.

    Raises:
        ValueError: If something stands where a chunk should begin.
    """
    at = 0
    while at < len(pcm16):
        magic, chunk_bytes, wish, sent_ns = _CHUNK.unpack_from(pcm16, at)
        if magic != _CHUNK_MAGIC:
            raise ValueError(f"no chunk begins at byte {at} of {len(pcm16)}")
        yield ChunkMark(chunk_bytes, wish, sent_ns)
        at += chunk_bytes


class ReplyReader:
    """Finds the replies in the sound that a client hears, however it was cut."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._to_skip = 0

    def feed(self, pcm16: bytes) -> list[ReplyMark]:
        """Add what came; return the marks that are complete with it.

        Raises:
            ValueError: If something stands where a reply should begin: sound was lost.
        """
        self._kept += pcm16
        marks: list[ReplyMark] = []
        while True:
            skipped = min(self._to_skip, len(self._kept))
            del self._kept[:skipped]
            self._to_skip -= skipped
            if not self._to_skip:
                # A server may fill up its last piece of a turn with silence.
                self._kept = self._kept.lstrip(b"\0")
            if self._to_skip or len(self._kept) < REPLY_MARK_BYTES:
                return marks
            magic, audio_bytes, pictures, sent_ns = _REPLY.unpack_from(self._kept)
            if magic != _REPLY_MAGIC:
                raise ValueError("no reply begins where one should")
            marks.append(ReplyMark(sent_ns, audio_bytes, pictures))
            self._to_skip = REPLY_BYTES
