"""What the clients send: speech that nobody takes for speech, and screens of a given size."""

from __future__ import annotations

import io
import random
import struct

from PIL import Image, ImageDraw

PICTURE_BYTES = 60_000
_PEAK = 100
"""Of the noise in the microphone; far below what the scripted model takes for a voice."""

_COMMENT_BYTES = 65_533
"""The longest comment segment that a JPEG may carry."""


def quiet_chunk(chunk_ms: int) -> bytes:
    """Return a chunk of a quiet room: mono PCM16 at 16 000 Hz."""
    chance = random.Random(chunk_ms)
    samples = [chance.randint(-_PEAK, _PEAK) for _ in range(16 * chunk_ms)]
    return struct.pack(f"<{len(samples)}h", *samples)


def screen_jpeg(size_bytes: int = PICTURE_BYTES) -> bytes:
    """Return a JPEG of 1280 by 720 of exactly ``size_bytes``: lines of text, and a comment.

    Raises:
        ValueError: If the text alone is larger, or the comment would have to be too long.
    """
    image = Image.new("RGB", (1_280, 720), "white")
    draw = ImageDraw.Draw(image)
    for row in range(0, 720, 48):
        draw.text((20, row), f"row {row}: " + "the quick brown fox " * 3, fill="black")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    jpeg = out.getvalue()
    filler = size_bytes - len(jpeg) - 4
    if not 0 <= filler <= _COMMENT_BYTES:
        raise ValueError(f"a picture of {len(jpeg)} bytes cannot be made {size_bytes}")
    # The comment segment goes right after the two bytes that begin every JPEG.
    return jpeg[:2] + struct.pack(">BBH", 0xFF, 0xFE, filler + 2) + bytes(filler) + jpeg[2:]
