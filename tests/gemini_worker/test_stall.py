"""A model that has fallen silent, and one that was told to."""

from __future__ import annotations

import pytest

from gemini_worker.events import AssistantWords, Interrupted, LiveEvent, TurnComplete, UserWords
from gemini_worker.stall import StallWatch

WORDS = AssistantWords("x")


@pytest.mark.parametrize(
    ("events", "stalled"),
    [
        pytest.param([], False, id="nothing was asked"),
        pytest.param([UserWords("Hi")], True, id="never answered"),
        pytest.param([UserWords("Hi"), WORDS], False, id="answered"),
        pytest.param([UserWords("Hi"), WORDS, Interrupted()], True, id="cut by nobody"),
        pytest.param([UserWords("Hi"), WORDS, Interrupted(), TurnComplete()], True, id="... whole"),
        pytest.param([UserWords("Hi"), TurnComplete()], False, id="nothing to say"),
    ],
)
def test_what_is_owed_and_does_not_come_is_a_stall(events: list[LiveEvent], stalled: bool) -> None:
    """An answer that was asked for, or cut off without a word of the user, is waited for."""
    watch = StallWatch(15.0)

    for event in events:
        watch.on(event, 100.0)

    assert watch.is_stalled(115.1) is stalled
    assert not watch.is_stalled(114.9)


def test_an_answer_that_the_user_has_stopped_is_not_owed() -> None:
    """The model says `interrupted` to that, and nobody speaks: both are as they should be."""
    watch = StallWatch(15.0)
    for event in (UserWords("Hi"), WORDS):
        watch.on(event, 100.0)

    watch.stopped()
    watch.on(Interrupted(), 100.1)
    watch.on(TurnComplete(), 100.2)

    assert not watch.was_cut
    assert not watch.is_stalled(1_000.0)


def test_what_is_asked_after_a_stop_is_owed_again() -> None:
    """The next question, and the next interruption, count as ever."""
    watch = StallWatch(15.0)
    watch.stopped()

    watch.asked(100.0)
    watch.on(WORDS, 101.0)
    watch.on(Interrupted(), 102.0)

    assert watch.was_cut
    assert watch.is_stalled(117.1)


def test_healing_is_tried_once() -> None:
    """A model with good reasons to be silent is not given one fresh session after another."""
    watch = StallWatch(15.0)
    watch.asked(100.0)

    watch.heal()
    watch.asked(200.0)

    assert not watch.is_stalled(1_000.0)
    watch.on(TurnComplete(), 1_000.0)
    watch.asked(1_001.0)
    assert watch.is_stalled(1_020.0)
