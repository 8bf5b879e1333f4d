"""Sounds and pictures for the tests of local-live."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from local_live.layout import Piece, Screen, arrange

RATE_HZ = 16_000


def tone(duration_ms: int, peak: int = 8_000, hz: int = 300) -> bytes:
    """Return a sound that a loudness threshold takes for speech; PCM16 at 16 000 Hz."""
    at = np.arange(RATE_HZ * duration_ms // 1000) / RATE_HZ
    return bytes(np.rint(np.sin(2 * np.pi * hz * at) * peak).astype("<i2").tobytes())


def quiet(duration_ms: int) -> bytes:
    """Return silence; PCM16 at 16 000 Hz."""
    return bytes(RATE_HZ * duration_ms // 1000 * 2)


def jpeg(width: int, height: int, lines: Sequence[str] = ()) -> bytes:
    """Return a white picture with ``lines`` of text on it; ``|`` divides cells."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(28)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line.split("|")):
            draw.text((40 + column * 300, 40 + row * 52), cell, font=font, fill="black")
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def captioned(picture: bytes, caption: str) -> bytes:
    """Return a JPEG with a band below it that says ``caption``, as Overshoulder's page draws it."""
    shown = Image.open(io.BytesIO(picture))
    image = Image.new("RGB", (shown.width, shown.height + 24), "black")
    image.paste(shown)
    font = ImageFont.load_default(15)
    where = (6, shown.height + 3)
    ImageDraw.Draw(image).text(where, caption, font=font, fill="white", stroke_width=0.4)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=80)
    return encoded.getvalue()


def small_print(lines: Sequence[str], *, size_px: int, scale: float = 1.0) -> bytes:
    """Return a picture of 1920x1080 px with lines in letters of ``size_px``, scaled down."""
    image = Image.new("RGB", (1_920, 1_080), "white")
    font = ImageFont.load_default(size_px)
    for row, line in enumerate(lines):
        where = (600, 400 + row * size_px * 4)
        ImageDraw.Draw(image).text(where, line, font=font, fill="black")
    image = image.resize((round(1_920 * scale), round(1_080 * scale)), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=80)
    return encoded.getvalue()


def cropped(picture: bytes, left: int, top: int, width: int, height: int) -> bytes:
    """Return a part of a picture."""
    encoded = io.BytesIO()
    part = Image.open(io.BytesIO(picture)).crop((left, top, left + width, top + height))
    part.save(encoded, "JPEG", quality=80)
    return encoded.getvalue()


INVOICE = ("Invoice number: 84-1167-3309", "Amount due: 1,938.47 EUR", "Cancel order")
"""What `invoice_overview` shows, in letters of 12 px on a screen of 1920x1080."""

_INVOICE_PX = 12
_OVERVIEW_SCALE = 0.8


def invoice_overview() -> bytes:
    """Return an overview of a screen with small print on it, as Overshoulder's page sends it."""
    overview = small_print(INVOICE, size_px=_INVOICE_PX, scale=_OVERVIEW_SCALE)
    return captioned(overview, "Frame 12 | 1536x864")


def invoice_part(args: Mapping[str, float]) -> bytes:
    """Return the close-up of a region, given in pixels of the overview, at full size."""
    x, y, width, height = (round(args[name]) for name in ("x", "y", "width", "height"))
    full = small_print(INVOICE, size_px=_INVOICE_PX)
    part = cropped(full, *(round(side / _OVERVIEW_SCALE) for side in (x, y, width, height)))
    return captioned(part, f"Close-up of frame 12 | x {x}-{x + width} y {y}-{y + height}")


def png(width: int, height: int) -> bytes:
    """Return an empty picture."""
    encoded = io.BytesIO()
    Image.new("RGB", (width, height)).save(encoded, "PNG")
    return encoded.getvalue()


def screen(*lines: str) -> Screen:
    """Return a screen with these lines; ``|`` divides cells, an empty line is a wide gap.

    A line that begins with ``#`` is in letters of twice the height.
    """
    pieces: list[Piece] = []
    top = 40.0
    for line in lines:
        height = 36.0 if line.startswith("#") else 18.0
        if line:
            pieces += [
                Piece(cell, left := 40.0 + 260 * column, top, left + 8 * len(cell), top + height)
                for column, cell in enumerate(line.lstrip("# ").split("|"))
            ]
        top += height + 8
    return arrange(pieces, 1280, 720)


def speech(text: str) -> bytes:
    """Return ``text`` spoken by espeak-ng; PCM16 at 16 000 Hz."""
    command = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdin", "--stdout"]
    sound = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    samples = np.frombuffer(sound[44:], "<i2").astype(np.float32)
    rate_hz = int.from_bytes(sound[24:28], "little")
    at = np.arange(int(len(samples) * RATE_HZ / rate_hz)) * rate_hz / RATE_HZ
    return bytes(np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes())
