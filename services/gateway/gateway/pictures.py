"""Is this a JPEG that may go to the model? Reads the header only; nothing is decoded. Pure."""

from __future__ import annotations

from shared import limits
from shared.errors import DecodeError

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_NOT_A_FRAME = {0xC4, 0xC8, 0xCC}


def check_jpeg(data: bytes, seq: int) -> tuple[int, int]:
    """Return width and height in px of one whole JPEG.

    Raises:
        DecodeError: ``bad_picture``, if it is empty, too large, cut off, not a JPEG, or its sides
            are out of bounds (a few bytes can claim 50 000 px each way, and somebody decodes them).
    """
    if not data:
        raise _bad(seq, "is empty")
    if len(data) > limits.PICTURE_BYTES:
        raise _bad(seq, f"has {len(data)} bytes; {limits.PICTURE_BYTES} are allowed")
    if not data.startswith(_START):
        raise _bad(seq, "is not a JPEG")
    if not data.endswith(_END):
        raise _bad(seq, "is cut off: its end is missing")
    size = _find_size(data)
    if size is None:
        raise _bad(seq, "is not a JPEG: it names no size")
    low, high = limits.PICTURE_SIDE_PX
    if not all(low <= side <= high for side in size):
        raise _bad(seq, f"is {size[0]}x{size[1]} px; each side may be {low} to {high}")
    return size


def _find_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _bad(seq: int, what: str) -> DecodeError:
    return DecodeError(
        "bad_picture", f"Picture {seq} {what}.", "Send one whole JPEG per picture frame.", seq
    )
