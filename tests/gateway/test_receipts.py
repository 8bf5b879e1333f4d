"""Which speech a client is known to have: what it has played, and what was sent long ago."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbox import Item
from gateway.receipts import RECEIVED_MS, Receipts
from shared.codec import StreamId


def _speech(seq: int, turn: int) -> Item:
    return Item(StreamId(1, seq), b"speech", turn, 100.0)


def _start(seq: int, turn: int) -> Item:
    return Item(StreamId(1, seq), '{"type":"turn_start","id":"1-1"}', turn)


@pytest.fixture
def receipts() -> Receipts:
    """Two turns were sent whole: 1 to 4 with speech from 2 on, and 5 to 8 alike."""
    receipts = Receipts()
    for turn, first in ((1, 1), (2, 5)):
        receipts.sent(_start(first, turn), 0.0)
        for seq in range(first + 1, first + 4):
            receipts.sent(_speech(seq, turn), 0.0)
    return receipts


@pytest.mark.parametrize(
    ("turn", "played_ms", "newest"),
    [
        pytest.param(1, 0.0, None, id="nothing played"),
        pytest.param(1, 199.0, 2, id="in the middle of the second chunk"),
        pytest.param(1, 200.0, 3, id="two chunks"),
        pytest.param(1, 9_000.0, 4, id="more than there was"),
        pytest.param(2, 0.0, 4, id="the next turn has begun"),
        pytest.param(2, 300.0, 8, id="all"),
        pytest.param(3, 0.0, 8, id="a turn that is to come"),
    ],
)
def test_what_was_played_was_received(
    receipts: Receipts, turn: int, played_ms: float, newest: int | None
) -> None:
    """A chunk counts once it was played to its end, or a later turn is being played."""
    receipts.played(turn, played_ms)

    assert receipts.received(0.0) == (StreamId(1, newest) if newest else None)


def test_a_turn_that_began_elsewhere_counts_when_the_next_is_played() -> None:
    """A client that came back in mid-turn counts from the turn's begin, which was not seen here."""
    receipts = Receipts()
    receipts.sent(_speech(12, 1), 0.0)
    receipts.played(1, 5_000.0)
    assert receipts.received(0.0) is None

    receipts.sent(_start(13, 2), 0.0)
    receipts.played(2, 1.0)

    assert receipts.received(0.0) == StreamId(1, 12)


def test_what_was_sent_long_ago_was_received(receipts: Receipts) -> None:
    """A client that never says what it plays has speech once it must have answered a ping since."""
    assert receipts.received(RECEIVED_MS - 1) is None

    assert receipts.received(RECEIVED_MS) == StreamId(1, 8)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 600)), max_size=20))
def test_what_is_known_to_be_received_only_grows(reports: list[tuple[int, int]]) -> None:
    """Late and wrong reports take nothing back."""
    receipts, known = Receipts(), StreamId(0, 0)
    for turn in (1, 2, 3):
        receipts.sent(_start(turn * 10, turn), 0.0)
        for seq in range(1, 6):
            receipts.sent(_speech(turn * 10 + seq, turn), 0.0)

    for turn, played_ms in reports:
        receipts.played(turn, float(played_ms))
        received = receipts.received(0.0) or known
        assert received >= known
        known = received
