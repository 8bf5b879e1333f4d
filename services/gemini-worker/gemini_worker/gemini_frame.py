"""A text message as a WebSocket client sends it (RFC 6455, 5.2): masked, in one frame. Pure."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator

from websockets.frames import apply_mask  # type: ignore[attr-defined]

_WHOLE_TEXT = 0x81
_MASKED = 0x80
_SHORT, _LONG = 126, 127
"""Lengths that say that the length follows, in two bytes or in eight."""

_U16, _U64 = struct.Struct("!BBH"), struct.Struct("!BBQ")
_MASK_BYTES = 4


def client_frame(text: bytes) -> bytes:
    """Return the frame; ``text`` is UTF-8."""
    mask = _new_mask()
    return b"".join((_header(len(text)), mask, apply_mask(text, mask)))


def frame_in_pieces(length: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the frame of a text in pieces, so that a large one is never in memory as a whole.

    Args:
        length: Of all ``pieces`` together, in bytes.
        pieces: The text, which is UTF-8.
    """
    mask = _new_mask()
    yield _header(length) + mask
    for piece in pieces:
        yield apply_mask(piece, mask)
        turned = len(piece) % _MASK_BYTES
        mask = mask[turned:] + mask[:turned]


def _new_mask() -> bytes:
    # Not a secret: it keeps what a page sends from looking like a request to an old proxy, and this
    # goes through TLS, from a program.
    return random.randbytes(_MASK_BYTES)  # noqa: S311


def _header(length: int) -> bytes:
    if length < _SHORT:
        return bytes((_WHOLE_TEXT, _MASKED | length))
    if length <= 0xFFFF:
        return _U16.pack(_WHOLE_TEXT, _MASKED | _SHORT, length)
    return _U64.pack(_WHOLE_TEXT, _MASKED | _LONG, length)
