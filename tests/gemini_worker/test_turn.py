"""Listening, answering, interrupted: every way through a turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.events import (
    AssistantWords,
    GoAway,
    HandleUpdate,
    Interrupted,
    LiveEvent,
    Tokens,
    TurnComplete,
    UserWords,
)
from gemini_worker.turn import Output, Question, Said, Speech, TurnTracker
from shared import bus_messages as say
from tests.gemini_worker.outputs import NOW_MS, SOUND, feed, remembered, told


def test_a_spoken_turn_from_question_to_end() -> None:
    """What was heard, the start, words and speech, both transcripts finished, and the end."""
    outputs = feed(
        TurnTracker(),
        UserWords("What is"),
        UserWords(" this?"),
        AssistantWords("A sheet."),
        SOUND,
        Tokens(10, 5, 15),
        TurnComplete(),
    )

    assert told(outputs) == [
        *("transcript 1", "transcript 1", "turn_start 1", "transcript 1", "speech 1"),
        *("usage 1", "transcript 1", "transcript 1", "turn_end 1"),
    ]
    assert remembered(outputs) == [("user", "What is this?", 1), ("assistant", "A sheet.", 1)]


def test_a_typed_question_is_told_once_and_remembered() -> None:
    """With its number, by which the client knows whether it shows it; never as a transcript."""
    tracker = TurnTracker()

    asked = [*tracker.asked(Question(4, "First")), *tracker.asked(Question(6, "Second"))]
    outputs = feed(tracker, SOUND, TurnComplete())

    assert asked == [
        Said(say.Asked(turn=1, seq=4, text="First"), 1),
        Said(say.Asked(turn=1, seq=6, text="Second"), 1),
    ]
    assert remembered(outputs) == [("user", "First Second", 1)]
    assert "First" not in str([one.message for one in outputs if isinstance(one, Said)])


def test_a_question_typed_during_an_answer_belongs_to_the_next_turn() -> None:
    """It is remembered with its own answer, whether it interrupts this one or waits for its end."""
    for cut in ([], [Interrupted()]):
        tracker = TurnTracker()
        tracker.asked(Question(1, "First"))
        feed(tracker, SOUND)

        assert tracker.asked(Question(2, "Second")) == []
        outputs = feed(tracker, *cut, TurnComplete())

        assert remembered(outputs) == [("user", "First", 1)]
        # Behind all of the turn before: who learns that from the history goes on from there.
        assert outputs[-1] == Said(say.Asked(turn=2, seq=2, text="Second"), 2)
        assert not tracker.is_quiet
        assert remembered(feed(tracker, SOUND, TurnComplete())) == [("user", "Second", 2)]


def test_a_question_typed_in_an_answer_that_is_cut_off_is_told_with_the_next_words() -> None:
    """Whatever begins the next turn."""
    tracker = TurnTracker()
    feed(tracker, SOUND)
    tracker.asked(Question(2, "Second"))

    outputs = feed(tracker, Interrupted(), UserWords("and this"))

    assert told(outputs)[-2:] == ["asked 2", "transcript 2"]


def test_words_written_late_are_no_new_question() -> None:
    """A transcript that comes behind the answer's beginning leaves nothing to wait for."""
    tracker = TurnTracker()

    feed(tracker, SOUND, UserWords("What is this?"), TurnComplete())

    assert tracker.is_quiet


def test_an_interruption_finishes_the_turn_without_an_end() -> None:
    """`interrupted` comes first, what was said is remembered, and no `turn_end` follows."""
    tracker = TurnTracker()
    feed(tracker, AssistantWords("A long"), SOUND)

    outputs = feed(tracker, Interrupted(), TurnComplete())

    assert told(outputs) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert remembered(outputs) == [("assistant", "A long", 1)]
    assert tracker.turn == 2


def test_late_speech_of_an_interrupted_turn_is_dropped() -> None:
    """Speech and words that were on their way when the user spoke do not come through."""
    tracker = TurnTracker()
    feed(tracker, SOUND, Interrupted())

    assert feed(tracker, SOUND, AssistantWords("late")) == []


def test_the_next_words_of_the_user_open_the_next_turn() -> None:
    """After an interruption the user's words belong to the next turn, also before the old end."""
    tracker = TurnTracker()
    feed(tracker, SOUND, Interrupted())

    outputs = feed(tracker, UserWords("No, that one"), TurnComplete(), SOUND, TurnComplete())

    assert told(outputs) == [
        *("transcript 2", "turn_start 2", "speech 2"),
        *("transcript 2", "transcript 2", "turn_end 2"),
    ]


def test_an_interruption_of_nothing_says_nothing() -> None:
    """A phantom interruption while nobody speaks changes nothing."""
    tracker = TurnTracker()

    assert feed(tracker, Interrupted()) == []
    assert told(feed(tracker, SOUND)) == ["turn_start 1", "speech 1"]


def test_an_end_of_nothing_says_nothing() -> None:
    """A turn in which the model chose to say nothing has no end and uses no number."""
    tracker = TurnTracker()
    tracker.asked(Question(1, "Hm"))

    assert feed(tracker, TurnComplete()) == []
    assert tracker.is_quiet
    assert tracker.turn == 1


def test_a_filler_does_not_end_the_turn() -> None:
    """A model that works on says so, and the answer goes on in the same turn."""
    outputs = feed(TurnTracker(), SOUND, TurnComplete(is_filler=True), SOUND, TurnComplete())

    assert told(outputs)[:3] == ["turn_start 1", "speech 1", "speech 1"]
    assert told(outputs)[-1] == "turn_end 1"


@pytest.mark.parametrize("event", [HandleUpdate("h"), HandleUpdate(None), GoAway(5.0)])
def test_what_is_not_for_the_client_is_not_told(event: LiveEvent) -> None:
    """Handles and goAway are the worker's own business."""
    assert feed(TurnTracker(), event) == []


def test_quiet_is_between_a_finished_answer_and_the_next_question() -> None:
    """Connections change when nobody waits for an answer and none is being given."""
    tracker = TurnTracker()
    quiet = [tracker.is_quiet]

    for event in (UserWords("Hello"), SOUND, TurnComplete()):
        feed(tracker, event)
        quiet.append(tracker.is_quiet)
    tracker.asked(Question(1, "And?"))

    assert [*quiet, tracker.is_quiet] == [True, False, False, True, False]


def test_a_broken_connection_drops_the_answer_and_gives_it_anew() -> None:
    """The dropped turn is not remembered, and the answer given anew has a new number."""
    tracker = TurnTracker()
    feed(tracker, UserWords("Well?"), AssistantWords("It is"), SOUND)

    dropped = tracker.abandon(NOW_MS)
    again = feed(tracker, AssistantWords("It is."), SOUND, TurnComplete())

    assert told(dropped) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert remembered(dropped) == []
    assert told(again)[0] == "turn_start 2"
    assert remembered(again) == [("assistant", "It is.", 2)]


def test_an_answer_after_a_break_within_an_interruption_is_heard() -> None:
    """A connection that breaks between `interrupted` and its turn's end leaves nothing muted."""
    tracker = TurnTracker()
    feed(tracker, SOUND, Interrupted())

    tracker.abandon(NOW_MS)
    tracker.asked(Question(1, "And now?"))

    assert told(feed(tracker, SOUND)) == ["turn_start 2", "speech 2"]


def test_a_question_typed_before_a_break_is_told_again() -> None:
    """The uplink is replayed, and the answer given anew has another number."""
    tracker = TurnTracker()
    before = tracker.asked(Question(3, "Why?"))
    feed(tracker, SOUND)
    tracker.asked(Question(4, "And?"))

    dropped = tracker.abandon(NOW_MS)
    again = [*tracker.asked(Question(3, "Why?")), *tracker.asked(Question(4, "And?"))]

    assert told(before) == ["asked 1"]
    assert "asked" not in str(told(dropped))
    assert told(again) == ["asked 2", "asked 2"]


def test_a_question_heard_before_a_break_is_asked_again() -> None:
    """Replayed speech is transcribed anew, so words from before the break are not kept twice."""
    tracker = TurnTracker()
    feed(tracker, UserWords("What is"))

    assert tracker.abandon(NOW_MS) == []
    outputs = feed(tracker, UserWords("What is this?"), SOUND, TurnComplete())

    assert remembered(outputs) == [("user", "What is this?", 1)]


def test_a_successor_goes_on_with_the_numbers() -> None:
    """A worker that takes over counts turns and tokens on from where its predecessor stood."""
    tracker = TurnTracker(last_turn=7, tokens=Tokens(100, 50, 150))

    outputs = feed(tracker, SOUND, Tokens(1, 2, 3))

    assert {output.turn for output in outputs} == {8}
    assert tracker.tokens == Tokens(101, 52, 153)
    usage = next(o.message for o in outputs if isinstance(o, Said) and o.message.type == "usage")
    assert usage == say.Usage(turn=8, prompt_tokens=1, response_tokens=2, total_tokens=3)


live_events = st.sampled_from(
    [
        *(SOUND, AssistantWords("a"), UserWords("u"), Interrupted(), TurnComplete()),
        *(TurnComplete(is_filler=True), Tokens(1, 1, 2), HandleUpdate("h"), GoAway(1.0)),
        *("asked", "abandon"),
    ]
)


@given(st.lists(live_events, max_size=60), st.integers(0, 5))
def test_every_start_has_exactly_one_end(script: list[LiveEvent | str], last_turn: int) -> None:
    """Whatever the model says in whatever order, the client sees well-formed turns.

    Each `turn_start` is followed by one `turn_end` or `interrupted` of that turn before the next
    start; speech comes within; numbers never go back; and two starts never share a number.
    """
    tracker = TurnTracker(last_turn)
    outputs: list[Output] = []
    for step in [*script, "abandon"]:
        if step == "asked":
            outputs += tracker.asked(Question(1, "q"))
        elif step == "abandon":
            outputs += tracker.abandon(NOW_MS)
        else:
            assert not isinstance(step, str)
            outputs += tracker.on(step, NOW_MS)

    running: int | None = None
    started = newest = last_turn
    for output in outputs:
        assert output.turn >= newest, "a number went back"
        newest = output.turn
        if isinstance(output, Speech):
            assert running == output.turn, "speech outside a turn"
            continue
        match output.message:
            case say.TurnStart(turn=turn):
                assert running is None, "a turn started within another"
                assert turn > started, "a number was used twice"
                running = started = turn
            case say.TurnEnd(turn=turn) | say.Interrupted(turn=turn):
                assert running == turn, "an end without its start"
                running = None
    assert running is None, "a turn that never ended"


@given(st.lists(live_events, max_size=60))
def test_every_turn_is_remembered_once(script: list[LiveEvent | str]) -> None:
    """History holds each side of a turn at most once, in the order of the turns."""
    tracker = TurnTracker()
    outputs: list[Output] = []
    for step in script:
        if step == "asked":
            outputs += tracker.asked(Question(1, "q"))
        elif step == "abandon":
            outputs += tracker.abandon(NOW_MS)
        elif not isinstance(step, str):
            outputs += tracker.on(step, NOW_MS)

    sides = [(turn, role) for role, _, turn in remembered(outputs)]
    assert len(sides) == len(set(sides))
    assert [turn for turn, _ in sides] == sorted(turn for turn, _ in sides)
