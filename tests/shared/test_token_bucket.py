"""A pace that is kept on average."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.token_bucket import TokenBucket


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    """The burst is there at once, then what the rate adds, and never more than the burst."""
    bucket = TokenBucket(rate=10, burst=5)

    assert [bucket.take(1, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(1, 0.25) for _ in range(3)] == [True, True, False]
    assert [bucket.take(1, 99.0) for _ in range(6)] == [True] * 5 + [False]


def test_what_is_refused_costs_nothing() -> None:
    """A request that is too large leaves the bucket as it was."""
    bucket = TokenBucket(rate=1, burst=5)

    assert not bucket.take(6, 0.0)
    assert bucket.take(5, 0.0)


@given(
    st.lists(st.tuples(st.floats(0, 2), st.floats(0, 10)), max_size=50),
    st.floats(0.1, 100),
    st.floats(1, 100),
)
def test_a_bucket_never_gives_more_than_rate_and_burst(
    steps: list[tuple[float, float]], rate: float, burst: float
) -> None:
    """Over any time, no more leaves than the burst and the rate times that time."""
    bucket = TokenBucket(rate, burst)
    now_s = given_out = 0.0

    for wait_s, units in steps:
        now_s += wait_s
        if bucket.take(units, now_s):
            given_out += units

    assert given_out <= burst + rate * now_s + 1e-6


def test_what_is_spent_without_being_there_is_paid_back() -> None:
    """A debt is told as a time to wait, and nothing is given until it is paid."""
    bucket = TokenBucket(rate=2, burst=1)

    bucket.spend(3, 0.0)

    assert bucket.wait_s(1, 0.0) == pytest.approx(1.5)
    assert not bucket.take(1, 1.4)
    assert bucket.take(1, 1.5)
    assert bucket.wait_s(0, 1.5) == 0
