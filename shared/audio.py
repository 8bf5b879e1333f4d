"""PCM formats and arithmetic: bytes to milliseconds and back. Pure."""

from __future__ import annotations

UPLINK_RATE_HZ = 16_000
"""Microphone audio: mono, signed 16-bit little-endian; what Gemini takes without resampling."""

DOWNLINK_RATE_HZ = 24_000
"""Assistant's audio: mono, signed 16-bit little-endian; what Gemini sends."""

SAMPLE_BYTES = 2


def pcm16_ms(n_bytes: int, rate_hz: int) -> float:
    """Return how many milliseconds ``n_bytes`` of mono PCM16 last at ``rate_hz``."""
    return n_bytes * 1000 / (rate_hz * SAMPLE_BYTES)


def pcm16_bytes(duration_ms: float, rate_hz: int) -> int:
    """Return how many bytes ``duration_ms`` of mono PCM16 take at ``rate_hz``; whole samples."""
    return int(duration_ms * rate_hz / 1000) * SAMPLE_BYTES
