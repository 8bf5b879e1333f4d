"""Bytes of PCM to milliseconds and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.audio import DOWNLINK_RATE_HZ, UPLINK_RATE_HZ, pcm16_bytes, pcm16_ms

rates = st.sampled_from([UPLINK_RATE_HZ, DOWNLINK_RATE_HZ])


def test_known_lengths() -> None:
    """40 ms of microphone audio are 1 280 bytes, 100 ms of the assistant's 4 800."""
    assert pcm16_bytes(40, UPLINK_RATE_HZ) == 1_280
    assert pcm16_ms(4_800, DOWNLINK_RATE_HZ) == 100


@given(st.integers(0, 10_000_000), rates)
def test_whole_samples_survive_the_way_to_time_and_back(n_samples: int, rate_hz: int) -> None:
    """A length in samples is lost by at most one of them to rounding, and never odd."""
    back = pcm16_bytes(pcm16_ms(n_samples * 2, rate_hz), rate_hz)

    assert back % 2 == 0
    assert n_samples * 2 - 2 <= back <= n_samples * 2
