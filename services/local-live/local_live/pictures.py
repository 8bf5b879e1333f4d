"""The size of an encoded picture, read from its header. Pure."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Literal

from local_live.fields import malformed
from local_live.wire import PictureIn

Resolution = Literal["low", "medium", "high"]

LOW_TOKENS, FULL_TOKENS = 64, 256
TILE_PX = 768
MAX_SIDE_PX = 8_192
_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8"
# Start-of-frame markers carry the size; C4, C8 and CC look like them and are other things.
_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One still of the screen. ``data`` is empty where nobody is going to read it."""

    digest: str
    width: int
    height: int
    data: bytes

    def tokens(self, resolution: Resolution) -> int:
        """Return what it costs to look at: at high resolution each tile of it as well."""
        if resolution == "low":
            return LOW_TOKENS
        tiles = math.ceil(self.width / TILE_PX) * math.ceil(self.height / TILE_PX)
        return FULL_TOKENS * (1 + tiles if resolution == "high" else 1)


def digest_of(data: bytes) -> str:
    """Return a short name for these bytes: BLAKE2b of 8 bytes, in hex."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def open_picture(given: PictureIn, *, keep_data: bool) -> Picture:
    """Read the header of a JPEG or PNG.

    Raises:
        Refused: If it is neither, is cut off before its size, or is too large.
    """
    width, height = _png_size(given.data) or _jpeg_size(given.data) or (0, 0)
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise malformed()
    return Picture(digest_of(given.data), width, height, given.data if keep_data else b"")


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_PNG_START) or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_JPEG_START):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SOF_MARKERS:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            return int.from_bytes(data[at + 7 : at + 9], "big"), height
        if marker == 0xFF:
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
