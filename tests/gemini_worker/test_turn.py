"""Listening, answering, interrupted: every way through a turn."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.events import (
    AssistantWords,
    Audio,
    GoAway,
    Grounding,
    HandleUpdate,
    Interrupted,
    LiveEvent,
    Tokens,
    TurnComplete,
    UserWords,
)
from gemini_worker.turn import Output, Said, Speech, TurnTracker
from shared import bus_messages as say

NOW_MS = 1_700_000_000_000.0
SOUND = Audio(b"\1\0")


def _say(tracker: TurnTracker, *events: LiveEvent) -> list[Output]:
    return [output for event in events for output in tracker.on(event, NOW_MS)]


def _told(outputs: Sequence[Output]) -> list[str]:
    """Return outputs in short: speech, the type of a message, and the turn of each."""
    return [
        f"{'speech' if isinstance(output, Speech) else output.message.type} {output.turn}"
        for output in outputs
    ]


def _remembered(outputs: Sequence[Output]) -> list[tuple[str, str, int]]:
    return [
        (said.remember.role, said.remember.text, said.remember.turn)
        for said in outputs
        if isinstance(said, Said) and said.remember is not None
    ]


def test_a_spoken_turn_from_question_to_end() -> None:
    """What was heard, the start, words and speech, both transcripts finished, and the end."""
    outputs = _say(
        TurnTracker(),
        UserWords("What is"),
        UserWords(" this?"),
        AssistantWords("A sheet."),
        SOUND,
        Tokens(10, 5, 15),
        TurnComplete(),
    )

    assert _told(outputs) == [
        *("transcript 1", "transcript 1", "turn_start 1", "transcript 1", "speech 1"),
        *("usage 1", "transcript 1", "transcript 1", "turn_end 1"),
    ]
    assert _remembered(outputs) == [("user", "What is this?", 1), ("assistant", "A sheet.", 1)]


def test_a_typed_question_is_remembered_and_not_said_again() -> None:
    """The client shows what it typed, so it comes back only in the history."""
    tracker = TurnTracker()

    tracker.asked("First")
    tracker.asked("Second")
    outputs = _say(tracker, SOUND, TurnComplete())

    assert _remembered(outputs) == [("user", "First Second", 1)]
    assert "First" not in str([one.message for one in outputs if isinstance(one, Said)])


def test_a_question_typed_during_an_answer_belongs_to_the_next_turn() -> None:
    """It is remembered with its own answer, whether it interrupts this one or waits for its end."""
    for cut in ([], [Interrupted()]):
        tracker = TurnTracker()
        tracker.asked("First")
        _say(tracker, SOUND)

        tracker.asked("Second")
        outputs = _say(tracker, *cut, TurnComplete())

        assert _remembered(outputs) == [("user", "First", 1)]
        assert not tracker.is_quiet
        assert _remembered(_say(tracker, SOUND, TurnComplete())) == [("user", "Second", 2)]


def test_words_written_late_are_no_new_question() -> None:
    """A transcript that comes behind the answer's beginning leaves nothing to wait for."""
    tracker = TurnTracker()

    _say(tracker, SOUND, UserWords("What is this?"), TurnComplete())

    assert tracker.is_quiet


def test_an_interruption_finishes_the_turn_without_an_end() -> None:
    """`interrupted` comes first, what was said is remembered, and no `turn_end` follows."""
    tracker = TurnTracker()
    _say(tracker, AssistantWords("A long"), SOUND)

    outputs = _say(tracker, Interrupted(), TurnComplete())

    assert _told(outputs) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert _remembered(outputs) == [("assistant", "A long", 1)]
    assert tracker.turn == 2


def test_late_speech_of_an_interrupted_turn_is_dropped() -> None:
    """Speech and words that were on their way when the user spoke do not come through."""
    tracker = TurnTracker()
    _say(tracker, SOUND, Interrupted())

    assert _say(tracker, SOUND, AssistantWords("late")) == []


def test_the_next_words_of_the_user_open_the_next_turn() -> None:
    """After an interruption the user's words belong to the next turn, also before the old end."""
    tracker = TurnTracker()
    _say(tracker, SOUND, Interrupted())

    outputs = _say(tracker, UserWords("No, that one"), TurnComplete(), SOUND, TurnComplete())

    assert _told(outputs) == [
        *("transcript 2", "turn_start 2", "speech 2"),
        *("transcript 2", "transcript 2", "turn_end 2"),
    ]


def test_an_interruption_of_nothing_says_nothing() -> None:
    """A phantom interruption while nobody speaks changes nothing."""
    tracker = TurnTracker()

    assert _say(tracker, Interrupted()) == []
    assert _told(_say(tracker, SOUND)) == ["turn_start 1", "speech 1"]


def test_an_end_of_nothing_says_nothing() -> None:
    """A turn in which the model chose to say nothing has no end and uses no number."""
    tracker = TurnTracker()
    tracker.asked("Hm")

    assert _say(tracker, TurnComplete()) == []
    assert tracker.is_quiet
    assert tracker.turn == 1


def test_a_filler_does_not_end_the_turn() -> None:
    """A model that works on says so, and the answer goes on in the same turn."""
    outputs = _say(TurnTracker(), SOUND, TurnComplete(is_filler=True), SOUND, TurnComplete())

    assert _told(outputs)[:3] == ["turn_start 1", "speech 1", "speech 1"]
    assert _told(outputs)[-1] == "turn_end 1"


@pytest.mark.parametrize("event", [HandleUpdate("h"), HandleUpdate(None), GoAway(5.0)])
def test_what_is_not_for_the_client_is_not_told(event: LiveEvent) -> None:
    """Handles and goAway are the worker's own business."""
    assert _say(TurnTracker(), event) == []


def test_quiet_is_between_a_finished_answer_and_the_next_question() -> None:
    """Connections change when nobody waits for an answer and none is being given."""
    tracker = TurnTracker()
    quiet = [tracker.is_quiet]

    for event in (UserWords("Hello"), SOUND, TurnComplete()):
        _say(tracker, event)
        quiet.append(tracker.is_quiet)
    tracker.asked("And?")

    assert [*quiet, tracker.is_quiet] == [True, False, False, True, False]


def test_a_broken_connection_drops_the_answer_and_gives_it_anew() -> None:
    """The dropped turn is not remembered, and the answer given anew has a new number."""
    tracker = TurnTracker()
    _say(tracker, UserWords("Well?"), AssistantWords("It is"), SOUND)

    dropped = tracker.abandon(NOW_MS)
    again = _say(tracker, AssistantWords("It is."), SOUND, TurnComplete())

    assert _told(dropped) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert _remembered(dropped) == []
    assert _told(again)[0] == "turn_start 2"
    assert _remembered(again) == [("assistant", "It is.", 2)]


def test_an_answer_after_a_break_within_an_interruption_is_heard() -> None:
    """A connection that breaks between `interrupted` and its turn's end leaves nothing muted."""
    tracker = TurnTracker()
    _say(tracker, SOUND, Interrupted())

    tracker.abandon(NOW_MS)
    tracker.asked("And now?")

    assert _told(_say(tracker, SOUND)) == ["turn_start 2", "speech 2"]


def test_a_question_heard_before_a_break_is_asked_again() -> None:
    """Replayed speech is transcribed anew, so words from before the break are not kept twice."""
    tracker = TurnTracker()
    _say(tracker, UserWords("What is"))

    assert tracker.abandon(NOW_MS) == []
    outputs = _say(tracker, UserWords("What is this?"), SOUND, TurnComplete())

    assert _remembered(outputs) == [("user", "What is this?", 1)]


def test_a_successor_goes_on_with_the_numbers() -> None:
    """A worker that takes over counts turns and tokens on from where its predecessor stood."""
    tracker = TurnTracker(last_turn=7, tokens=Tokens(100, 50, 150))

    outputs = _say(tracker, SOUND, Tokens(1, 2, 3))

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
            tracker.asked("q")
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
            tracker.asked("q")
        elif step == "abandon":
            outputs += tracker.abandon(NOW_MS)
        elif not isinstance(step, str):
            outputs += tracker.on(step, NOW_MS)

    sides = [(turn, role) for role, _, turn in _remembered(outputs)]
    assert len(sides) == len(set(sides))
    assert [turn for turn, _ in sides] == sorted(turn for turn, _ in sides)


SECOND = Audio(bytes(48_000))
"""Speech of 1 s."""


def _messages(outputs: Sequence[Output]) -> list[say.DownlinkMessage]:
    return [output.message for output in outputs if isinstance(output, Said)]


def test_an_answer_tells_the_picture_it_is_based_on() -> None:
    """The newest overview that the model had when it began, or none."""
    tracker = TurnTracker()

    first, *_ = _messages(_say(tracker, SOUND, TurnComplete()))
    tracker.picture = 12
    second, *_ = _messages(_say(tracker, SOUND, TurnComplete()))

    assert first == say.TurnStart(turn=1, picture=None)
    assert second == say.TurnStart(turn=2, picture=12)


def test_a_stopped_answer_ends_as_an_interrupted_one() -> None:
    """What was said so far is remembered, the rest of it is dropped, and the next turn is new."""
    tracker = TurnTracker()
    _say(tracker, UserWords("Go"), AssistantWords("One two"), SOUND)

    outputs = tracker.stop(1, NOW_MS)
    outputs += _say(tracker, SOUND, AssistantWords(" three"), Interrupted(), TurnComplete())

    assert _told(outputs) == ["interrupted 1", "transcript 1", "transcript 1"]
    assert _remembered(outputs) == [("user", "Go", 1), ("assistant", "One two", 1)]
    assert _told(_say(tracker, UserWords("On"), SOUND))[-1] == "speech 2"


def test_a_question_that_is_stopped_is_no_longer_waited_for() -> None:
    """Before the answer has begun there is nothing to tell, and the moment is a quiet one."""
    tracker = TurnTracker()
    tracker.asked("Why?")

    assert tracker.stop(1, NOW_MS) == []
    assert tracker.is_quiet


@pytest.mark.parametrize("turn", [0, 1, 3, 9])
def test_another_turn_is_not_stopped(turn: int) -> None:
    """A stop that comes late, or twice, does nothing."""
    tracker = TurnTracker(1)
    _say(tracker, SOUND)

    assert tracker.stop(turn, NOW_MS) == []
    assert tracker.is_answering


def test_what_was_heard_of_a_cut_answer_replaces_it() -> None:
    """The words that were played are told and remembered, as far as the newest report goes."""
    tracker = TurnTracker()
    _say(tracker, AssistantWords("One two"), SECOND, AssistantWords(" three four"), SECOND)
    _say(tracker, Interrupted())

    told = [tracker.played(1, played_ms, NOW_MS) for played_ms in (1_000.0, 1_000.0, 1_700.0)]

    assert [_messages(outputs) for outputs in told] == [
        [say.Heard(turn=1, text="One two")],
        [],
        [say.Heard(turn=1, text="One two three")],
    ]
    assert _remembered(told[2]) == [("assistant", "One two three", 1)]


def test_an_answer_that_was_heard_to_its_end_is_left_alone() -> None:
    """Neither a whole answer nor one that was cut behind its last word changes."""
    tracker = TurnTracker()
    _say(tracker, AssistantWords("One"), SECOND, TurnComplete())
    assert tracker.played(1, 400.0, NOW_MS) == []

    _say(tracker, AssistantWords("Two"), SECOND, Interrupted())

    assert tracker.played(2, 1_000.0, NOW_MS) == []
    assert tracker.played(1, 0.0, NOW_MS) == []


def test_a_whole_answer_can_be_stopped_while_it_plays() -> None:
    """The model has said all of it long before it was heard: then only what was heard counts."""
    tracker = TurnTracker()
    _say(tracker, AssistantWords("One two"), SECOND, TurnComplete())

    assert _messages(tracker.stop(1, NOW_MS)) == [say.Interrupted(turn=1)]
    assert tracker.stop(1, NOW_MS) == []
    assert _messages(tracker.played(1, 500.0, NOW_MS)) == [say.Heard(turn=1, text="One")]


def test_of_an_answer_that_is_given_anew_nothing_is_told_as_heard() -> None:
    """The connection broke: the client drops the words, and the history never had them."""
    tracker = TurnTracker()
    _say(tracker, AssistantWords("One two"), SECOND)

    tracker.abandon(NOW_MS)

    assert tracker.played(1, 500.0, NOW_MS) == []


def test_each_source_is_told_once_a_turn() -> None:
    """Models repeat what they rest on with every part of an answer."""
    tracker = TurnTracker()
    one = say.Source(title="A", url="https://a.example")
    two = say.Source(title="B", url="https://b.example")

    outputs = _say(tracker, SOUND, Grounding((one, one)), Grounding((one, two)), Grounding((two,)))
    _say(tracker, TurnComplete())
    again = _say(tracker, SOUND, Grounding((one,)))

    assert [message for message in _messages(outputs) if message.type == "citations"] == [
        say.Citations(turn=1, sources=(one,)),
        say.Citations(turn=1, sources=(two,)),
    ]
    assert _messages(again)[-1] == say.Citations(turn=2, sources=(one,))


def test_tokens_are_told_by_kind() -> None:
    """What the model reports of a turn goes to the client as it is."""
    details = say.TokenDetails(prompt=say.PromptTokens(image=512))

    (usage,) = _messages(_say(TurnTracker(), Tokens(600, 5, 605, details)))

    assert isinstance(usage, say.Usage)
    assert usage.details == details
