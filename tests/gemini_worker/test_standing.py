"""What is written down of where a conversation stands, and when it is worth writing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gemini_worker.events import Audio, Tokens, TurnComplete, UserWords
from gemini_worker.sent import BEGINNING, Position
from gemini_worker.standing import Standing
from shared.codec import StreamId


def _fresh() -> Standing:
    return Standing.of({}, lambda _: "a-model", 0, 10.0)


def _said(standing: Standing) -> None:
    standing.counters.chunks += 1


def _shown(standing: Standing) -> None:
    standing.counters.frames += 1


def _typed(standing: Standing) -> None:
    standing.counters.texts += 1


def _heard(standing: Standing) -> None:
    standing.counters.heard_ms += 100.0


def _counted(standing: Standing) -> None:
    standing.turns.tokens = Tokens(1, 2, 3)


@pytest.mark.parametrize("change", [_said, _shown, _typed, _heard, _counted])
def test_the_mark_differs_where_the_figures_do(change: Callable[[Standing], None]) -> None:
    """Whatever is written down is looked at, so that nothing is left unwritten."""
    standing = _fresh()
    mark, figures = standing.mark(BEGINNING), standing.figures(BEGINNING)
    assert standing.mark(BEGINNING) == mark

    change(standing)

    assert standing.figures(BEGINNING) != figures
    assert standing.mark(BEGINNING) != mark


def test_it_may_rest_when_the_model_knows_nothing_that_a_handle_does_not() -> None:
    """Before anything was said, and with a handle; a picture is sent again to whoever goes on."""
    standing = _fresh()
    _shown(standing)
    assert standing.may_rest

    for change in (_said, _typed):
        standing = _fresh()
        change(standing)
        assert not standing.may_rest
        standing.handle = "a-handle"
        assert standing.may_rest


def test_what_was_heard_is_settled_when_nothing_is_owed() -> None:
    """Neither while an answer is awaited, nor while one is given."""
    standing = _fresh()
    standing.settle(Position(StreamId(1, 3), 3))
    assert standing.counters.heard_seq == 3

    standing.turns.on(UserWords("What is"), 0.0)
    standing.settle(Position(StreamId(1, 5), 5))
    assert standing.counters.heard_seq == 3

    standing.turns.on(Audio(b"\0\0"), 0.0)
    standing.turns.on(TurnComplete(), 0.0)
    standing.stall.asked(0.0)
    standing.settle(Position(StreamId(1, 7), 7))
    assert standing.counters.heard_seq == 3

    standing.stall.on(Audio(b"\0\0"), 1.0)
    standing.settle(Position(StreamId(1, 9), 9))
    standing.settle(Position(StreamId(1, 8), 8))
    assert standing.counters.heard_seq == 9


def test_the_mark_knows_the_position() -> None:
    """What was sent is part of it."""
    standing = _fresh()

    assert standing.mark(Position(StreamId(1, 5), 5)) != standing.mark(BEGINNING)
