"""Finds whole messages among the bytes of a WebSocket client. Pure.

Nine of ten frames of a client are messages by themselves, masked and unfragmented as RFC 6455 (5.2)
has them; websockets' parser takes 20 µs for one, this 3. Everything else, also what is malformed
or too large, is left to that parser, byte for byte and in its place.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from websockets.frames import apply_mask  # type: ignore[attr-defined]

_FIN, _FIN_AND_RESERVED, _OPCODE = 0x80, 0xF0, 0x0F
_CONTINUATION, _TEXT, _BINARY, _FIRST_CONTROL = 0x0, 0x1, 0x2, 0x8
_MASKED, _LENGTH = 0x80, 0x7F
_SHORT, _LONG = 126, 127
"""Lengths that say that the length follows, in two bytes or in eight."""

PING_FRAME = b"\x89\x00"
"""A ping without a payload, as a server sends it."""

_MASK_BYTES = 4
_U16, _U64 = struct.Struct("!H"), struct.Struct("!Q")


class Whole(NamedTuple):
    """One whole message."""

    data: bytes
    is_text: bool


@dataclass(slots=True)
class Framing:
    """One client's bytes, cut where its frames end."""

    max_bytes: int
    """Of one message; a larger one is left to the parser, which refuses it."""
    _kept: bytearray = field(default_factory=bytearray)
    """The beginning of a frame."""
    _wanted: int = 0
    """Bytes that it takes to go on."""
    _to_pass: int = 0
    """Bytes of a frame for the parser that are still to come."""
    _is_fragmented: bool = False
    """A message of several frames is under way: they are all for the parser."""

    def feed(self, data: bytes) -> list[Whole | bytes]:
        """Take what came; return messages, and what is for the parser, in their order."""
        if self._kept:
            self._kept += data
            if len(self._kept) < self._wanted:
                return []
            data = bytes(self._kept)
            self._kept.clear()
        found: list[Whole | bytes] = []
        at, end = 0, len(data)
        while at < end:
            if self._to_pass:
                passed = min(self._to_pass, end - at)
                found.append(data[at : at + passed])
                self._to_pass -= passed
                at += passed
                continue
            size = self._take(data, at, found)
            if not size:
                self._kept += data[at:]
                break
            at += size
        return found

    def _take(self, data: bytes, at: int, found: list[Whole | bytes]) -> int:
        """Take the frame at ``at``; return how many bytes that was, 0 if it is not all there."""
        there = len(data) - at
        if there < 2:
            return self._want(2)
        first, second = data[at], data[at + 1]
        length, header_bytes = second & _LENGTH, 2
        if length >= _SHORT:
            number = _U16 if length == _SHORT else _U64
            header_bytes += number.size
            if there < header_bytes:
                return self._want(header_bytes)
            (length,) = number.unpack_from(data, at + 2)
        opcode = first & _OPCODE
        if not (
            first & _FIN_AND_RESERVED == _FIN
            and opcode in (_TEXT, _BINARY)
            and second & _MASKED
            and length <= self.max_bytes
            and not self._is_fragmented
        ):
            if opcode < _FIRST_CONTROL:
                self._is_fragmented = not first & _FIN
            self._to_pass = header_bytes + length + (_MASK_BYTES if second & _MASKED else 0)
            passed = min(self._to_pass, there)
            found.append(data[at : at + passed])
            self._to_pass -= passed
            return passed
        body = at + header_bytes + _MASK_BYTES
        size = header_bytes + _MASK_BYTES + length
        if there < size:
            return self._want(size)
        mask = data[body - _MASK_BYTES : body]
        found.append(Whole(apply_mask(data[body : body + length], mask), opcode == _TEXT))
        return size

    def _want(self, size: int) -> int:
        self._wanted = size
        return 0


def frame_of(data: bytes, *, is_text: bool) -> bytes:
    """Return one message as a server sends it: a single frame without a mask."""
    first = _FIN | (_TEXT if is_text else _BINARY)
    length = len(data)
    if length < _SHORT:
        return bytes((first, length)) + data
    if length <= 0xFFFF:
        return bytes((first, _SHORT)) + _U16.pack(length) + data
    return bytes((first, _LONG)) + _U64.pack(length) + data
