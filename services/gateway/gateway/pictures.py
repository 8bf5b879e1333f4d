"""Is this a picture that may go to the model? Reads headers only; nothing is decoded. Pure."""

from __future__ import annotations

from shared import limits
from shared.codec import ALL_PICTURE_FLAGS, Header, PictureFlag
from shared.errors import DecodeError
from shared.jpeg import jpeg_size

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"


def check_picture(header: Header, jpeg: bytes) -> None:
    """Check one picture and what its header says of it.

    Raises:
        DecodeError: ``bad_picture``, as in `check_jpeg`, or if it has a flag that is not known,
            names an overview that cannot be its own, or is too large for a close-up.
    """
    if header.flags > ALL_PICTURE_FLAGS:
        raise _bad(header.seq, f"has unknown flags: {header.flags}", "Send flags 0 to 3.")
    size = check_jpeg(jpeg, header.seq)
    if not header.flags & PictureFlag.CLOSE_UP:
        if header.turn:
            raise _bad(
                header.seq,
                f"is no close-up, and yet names overview {header.turn}",
                "Set the flag CLOSE_UP, or send 0 as turn.",
            )
        return
    if not 0 < header.turn < header.seq:
        raise _bad(
            header.seq,
            f"is a close-up of picture {header.turn}, which did not come before it",
            "Send the number of its overview as turn.",
        )
    if max(size) > limits.CLOSE_UP_SIDE_PX:
        side = limits.CLOSE_UP_SIDE_PX
        raise _bad(
            header.seq,
            f"is a close-up of {size[0]}x{size[1]} px",
            f"Send a part of the screen that fits {side}x{side} px with its caption.",
        )


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
    size = jpeg_size(data)
    if size is None:
        raise _bad(seq, "is not a JPEG: it names no size")
    low, high = limits.PICTURE_SIDE_PX
    if not all(low <= side <= high for side in size):
        raise _bad(seq, f"is {size[0]}x{size[1]} px; each side may be {low} to {high}")
    return size


def _bad(
    seq: int, what: str, action: str = "Send one whole JPEG per picture frame."
) -> DecodeError:
    return DecodeError("bad_picture", f"Picture {seq} {what}.", action, seq)
