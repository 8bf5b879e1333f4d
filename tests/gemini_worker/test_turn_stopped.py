"""Answers that are stopped or cut: what was heard of them; and what is told beside the words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gemini_worker.events import (
    AssistantWords,
    Audio,
    Grounding,
    Interrupted,
    Tokens,
    TurnComplete,
    UserWords,
)
from gemini_worker.turn import Output, Question, Said, TurnTracker
from shared import bus_messages as say
from tests.gemini_worker.outputs import NOW_MS, SOUND, feed, remembered, told

SECOND = Audio(bytes(48_000))
"""Speech of 1 s."""


def _messages(outputs: Sequence[Output]) -> list[say.DownlinkMessage]:
    return [output.message for output in outputs if isinstance(output, Said)]


def test_an_answer_tells_the_picture_it_is_based_on() -> None:
    """The newest overview that the model had when it began, or none."""
    tracker = TurnTracker()

    first, *_ = _messages(feed(tracker, SOUND, TurnComplete()))
    tracker.picture = 12
    second, *_ = _messages(feed(tracker, SOUND, TurnComplete()))

    assert first == say.TurnStart(turn=1, picture=None)
    assert second == say.TurnStart(turn=2, picture=12)


def test_a_stopped_answer_ends_as_an_interrupted_one() -> None:
    """What was said so far is remembered, the rest of it is dropped, and the next turn is new."""
    tracker = TurnTracker()
    feed(tracker, UserWords("Go"), AssistantWords("One two"), SOUND)

    outputs = tracker.stop(1, NOW_MS)
    outputs += feed(tracker, SOUND, AssistantWords(" three"), Interrupted(), TurnComplete())

    assert told(outputs) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert remembered(outputs) == [("user", "Go", 1), ("assistant", "One two", 1)]
    assert told(feed(tracker, UserWords("On"), SOUND))[-1] == "speech 2"


def test_a_question_that_is_stopped_is_no_longer_waited_for() -> None:
    """Before the answer has begun there is nothing to tell, and the moment is a quiet one."""
    tracker = TurnTracker()
    tracker.asked(Question(1, "Why?"))

    assert tracker.stop(1, NOW_MS) == []
    assert tracker.is_quiet


@pytest.mark.parametrize("turn", [0, 1, 3, 9])
def test_another_turn_is_not_stopped(turn: int) -> None:
    """A stop that comes late, or twice, does nothing."""
    tracker = TurnTracker(1)
    feed(tracker, SOUND)

    assert tracker.stop(turn, NOW_MS) == []
    assert tracker.is_answering


def test_what_was_heard_of_a_cut_answer_replaces_it() -> None:
    """The words that were played are told and remembered, as far as the newest report goes."""
    tracker = TurnTracker()
    feed(tracker, AssistantWords("One two"), SECOND, AssistantWords(" three four"), SECOND)
    feed(tracker, Interrupted())

    reports = [tracker.played(1, played_ms, NOW_MS) for played_ms in (1_000.0, 1_000.0, 1_700.0)]

    assert [_messages(outputs) for outputs in reports] == [
        [say.Heard(turn=1, text="One two")],
        [],
        [say.Heard(turn=1, text="One two three")],
    ]
    assert remembered(reports[2]) == [("assistant", "One two three", 1)]


def test_an_answer_that_was_heard_to_its_end_is_left_alone() -> None:
    """Neither a whole answer nor one that was cut behind its last word changes."""
    tracker = TurnTracker()
    feed(tracker, AssistantWords("One"), SECOND, TurnComplete())
    assert tracker.played(1, 400.0, NOW_MS) == []

    feed(tracker, AssistantWords("Two"), SECOND, Interrupted())

    assert tracker.played(2, 1_000.0, NOW_MS) == []
    assert tracker.played(1, 0.0, NOW_MS) == []


def test_a_whole_answer_can_be_stopped_while_it_plays() -> None:
    """The model has said all of it long before it was heard: then only what was heard counts."""
    tracker = TurnTracker()
    feed(tracker, AssistantWords("One two"), SECOND, TurnComplete())

    assert _messages(tracker.stop(1, NOW_MS)) == [say.Interrupted(turn=1)]
    assert tracker.stop(1, NOW_MS) == []
    assert _messages(tracker.played(1, 500.0, NOW_MS)) == [say.Heard(turn=1, text="One")]


def test_of_an_answer_that_is_given_anew_nothing_is_told_as_heard() -> None:
    """The connection broke: the client drops the words, and the history never had them."""
    tracker = TurnTracker()
    feed(tracker, AssistantWords("One two"), SECOND)

    tracker.abandon(NOW_MS)

    assert tracker.played(1, 500.0, NOW_MS) == []


def test_each_source_is_told_once_a_turn() -> None:
    """Models repeat what they rest on with every part of an answer."""
    tracker = TurnTracker()
    one = say.Source(title="A", url="https://a.example")
    two = say.Source(title="B", url="https://b.example")

    outputs = feed(tracker, SOUND, Grounding((one, one)), Grounding((one, two)), Grounding((two,)))
    feed(tracker, TurnComplete())
    again = feed(tracker, SOUND, Grounding((one,)))

    assert [message for message in _messages(outputs) if message.type == "citations"] == [
        say.Citations(turn=1, sources=(one,)),
        say.Citations(turn=1, sources=(two,)),
    ]
    assert _messages(again)[-1] == say.Citations(turn=2, sources=(one,))


def test_tokens_are_told_by_kind() -> None:
    """What the model reports of a turn goes to the client as it is."""
    details = say.TokenDetails(prompt=say.PromptTokens(image=512))

    (usage,) = _messages(feed(TurnTracker(), Tokens(600, 5, 605, details)))

    assert isinstance(usage, say.Usage)
    assert usage.details == details
