"""Made-up media: speech whose chunks can be told apart, silence, pictures."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image, ImageDraw

CHUNK_SAMPLES = 640
"""40 ms at 16 kHz."""


def _chunk(number: int, level: int) -> bytes:
    """Return a chunk whose first sample is ``number`` and whose loudness is ``level``."""
    wave = [level if at % 8 < 4 else -level for at in range(CHUNK_SAMPLES - 1)]
    return struct.pack(f"<{CHUNK_SAMPLES}h", number, *wave)


def speech(*, first: int, chunks: int) -> Iterator[bytes]:
    """Yield loud chunks; the first sample of each is its number, counting from ``first``."""
    return (_chunk(number, 8_000) for number in range(first, first + chunks))


def silence(*, first: int, chunks: int) -> Iterator[bytes]:
    """Yield quiet chunks, numbered alike."""
    return (_chunk(number, 0) for number in range(first, first + chunks))


def jpeg(width: int, height: int, text: str = "") -> bytes:
    """Return a picture of this size, with ``text`` on it."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text((10, 10), text, fill="black")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()
