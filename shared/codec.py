"""Media header and stream ids: bytes to values and back. Pure.

One header serves the browser socket and Redis alike, so a gateway passes media on as it came.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

from shared.errors import DecodeError

_HEADER = struct.Struct("<BBHIdI")
HEADER_BYTES = _HEADER.size
MAX_SEQ = 0xFFFF_FFFF


class Kind(IntEnum):
    """First byte of every entry on a session's streams; the first three cross the socket too."""

    MICROPHONE = 1
    PICTURE = 2
    ASSISTANT_AUDIO = 3
    CONTROL = 16
    """One JSON message (shared/bus_messages.py)."""


_KINDS = frozenset(Kind)


class PictureFlag(IntFlag):
    """The second byte of a picture; 0 for an overview that is in no hurry."""

    CLOSE_UP = 1
    """A crop at native resolution; ``turn`` is the number of the overview it belongs to."""
    URGENT = 2
    """Belongs to a question or a tool call: goes to the model at once."""


ALL_PICTURE_FLAGS = PictureFlag.CLOSE_UP | PictureFlag.URGENT


class Header(NamedTuple):
    """The 20 bytes before every payload; docs/protocol.md, "Binary frames"."""

    kind: int
    epoch: int
    seq: int
    time_ms: float
    turn: int = 0
    flags: int = 0
    """Of a picture, `PictureFlag`; else 0."""

    def pack(self) -> bytes:
        """Return the header as bytes."""
        return _HEADER.pack(self.kind, self.flags, self.epoch, self.seq, self.time_ms, self.turn)


def encode(header: Header, payload: bytes) -> bytes:
    """Return one frame: header, then payload."""
    return header.pack() + payload


def decode(frame: bytes) -> tuple[Header, bytes]:
    """Split a frame into header and payload; errors are those of `header_of`."""
    return header_of(frame), frame[HEADER_BYTES:]


def speech_of(frame: bytes, epoch: int) -> tuple[int, bytes]:
    """Return the number of a client's chunk of speech, and the chunk as its connection stores it.

    Args:
        frame: A header of kind `MICROPHONE`, with whatever a client puts into it, and the sound.
        epoch: The connection's.
    """
    kind, _, _, seq, time_ms, _ = _HEADER.unpack_from(frame)
    return seq, _HEADER.pack(kind, 0, epoch, seq, time_ms, 0) + frame[HEADER_BYTES:]


BELL = Header(Kind.CONTROL, 0, 0, 0.0).pack()
"""Published on `said` where no message is meant: something about the session has changed."""


def header_of(frame: bytes) -> Header:
    """Return the header of a frame.

    Raises:
        DecodeError: ``bad_frame``, if it is shorter than a header or of an unknown kind.
    """
    if len(frame) < HEADER_BYTES:
        raise DecodeError(
            "bad_frame",
            f"A binary frame of {len(frame)} bytes has no whole header.",
            f"Put the {HEADER_BYTES}-byte header of docs/protocol.md before the payload.",
        )
    kind, flags, epoch, seq, time_ms, turn = _HEADER.unpack_from(frame)
    if kind not in _KINDS:
        raise DecodeError(
            "bad_frame",
            f"There is no binary frame of kind {kind}.",
            "Send kind 1 (microphone) or 2 (picture).",
        )
    return Header(kind, epoch, seq, time_ms, turn, flags)


class StreamId(NamedTuple):
    """``<epoch>-<seq>``: the id of an entry on a session's stream; orders as Redis orders it."""

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text: str | bytes) -> StreamId:
        """Parse an id as Redis or a client writes it.

        Raises:
            DecodeError: ``bad_message``, if it is not two numbers in range.
        """
        if isinstance(text, bytes):
            text = text.decode("ascii", "replace")
        epoch, dash, seq = text.partition("-")
        if not (dash and _is_number(epoch) and _is_number(seq)):
            raise DecodeError(
                "bad_message",
                f"{text[:40]!r} is not an id.",
                "Send the id of the last message received, as <epoch>-<seq>.",
            )
        return cls(int(epoch), int(seq))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MAX_SEQ


START = StreamId(0, 0)
"""Before every entry."""
