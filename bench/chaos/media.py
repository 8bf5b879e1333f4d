"""What the clients send: chunks and pictures that can be told apart wherever they turn up. Pure."""

from __future__ import annotations

import hashlib
import struct
from functools import cache

from bench.media import screen_jpeg

CHUNK_SAMPLES = 640
"""40 ms at 16 kHz."""

CHUNK_S = 0.04
_BASE = 4_096
"""Numbers are written in digits small enough that a quiet chunk stays quiet."""

_LOUD = 8_000
_PICTURE_BYTES = 60_000


def chunk(client: int, number: int, *, loud: bool) -> bytes:
    """Return a chunk of speech: its first samples are its number and its client's."""
    level = _LOUD if loud else 0
    high, low = divmod(number, _BASE)
    return struct.pack("<3h", low, high, client) + _wave(level)


@cache
def _wave(level: int) -> bytes:
    samples = [level if at % 8 < 4 else -level for at in range(CHUNK_SAMPLES - 3)]
    return struct.pack(f"<{len(samples)}h", *samples)


@cache
def _screen() -> bytes:
    return screen_jpeg(_PICTURE_BYTES)


def picture(client: int, number: int) -> bytes:
    """Return a picture of a screen, with a comment that tells its client and number."""
    mark = struct.pack(">II", client, number)
    segment = struct.pack(">BBH", 0xFF, 0xFE, len(mark) + 2) + mark
    return _screen()[:2] + segment + _screen()[2:]


def digest(data: bytes) -> str:
    """Return what local-live's ledger writes down for these bytes."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
