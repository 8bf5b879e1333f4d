"""A text message as a WebSocket client sends it (RFC 6455, 5.2): masked, in one frame. Pure."""

from __future__ import annotations

import random
import struct

from websockets.frames import apply_mask  # type: ignore[attr-defined]

_WHOLE_TEXT = 0x81
_MASKED = 0x80
_SHORT, _LONG = 126, 127
"""Lengths that say that the length follows, in two bytes or in eight."""

_U16, _U64 = struct.Struct("!BBH"), struct.Struct("!BBQ")
_MASK_BYTES = 4


def client_frame(text: bytes) -> bytes:
    """Return the frame; ``text`` is UTF-8."""
    length = len(text)
    if length < _SHORT:
        header = bytes((_WHOLE_TEXT, _MASKED | length))
    elif length <= 0xFFFF:
        header = _U16.pack(_WHOLE_TEXT, _MASKED | _SHORT, length)
    else:
        header = _U64.pack(_WHOLE_TEXT, _MASKED | _LONG, length)
    # Not a secret: it keeps what a page sends from looking like a request to an old proxy, and this
    # goes through TLS, from a program.
    mask = random.randbytes(_MASK_BYTES)  # noqa: S311
    return b"".join((header, mask, apply_mask(text, mask)))
