"""Attempt number to waiting time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import full_jitter_s


@pytest.mark.parametrize(
    ("attempt", "bound_s"), [(0, 0.2), (1, 0.4), (2, 0.8), (5, 5.0), (10_000, 5.0)]
)
def test_the_bound_doubles_up_to_the_cap(attempt: int, bound_s: float) -> None:
    """The longest wait doubles with each attempt until the cap, however many there were."""
    longest = full_jitter_s(attempt, base_s=0.2, cap_s=5.0, uniform=lambda _, high: high)

    assert longest == pytest.approx(bound_s)


@given(st.integers(0, 100))
def test_a_wait_lies_between_nothing_and_the_bound(attempt: int) -> None:
    """Jitter is over the whole interval from zero."""
    wait_s = full_jitter_s(attempt, base_s=0.2, cap_s=5.0)
    shortest_s = full_jitter_s(attempt, base_s=0.2, cap_s=5.0, uniform=lambda low, _: low)

    assert 0.0 <= wait_s <= 5.0
    assert shortest_s == 0.0
