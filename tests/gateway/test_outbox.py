"""What waits for one client: pace, order, and what an interruption takes away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbox import AHEAD_MS, ROOM_ITEMS, ROOM_MS, Item, Outbox
from shared.codec import StreamId


def _speech(seq: int, turn: int = 1, audio_ms: float = 100.0) -> Item:
    return Item(StreamId(1, seq), b"speech", turn, audio_ms)


def _word(seq: int, turn: int = 1) -> Item:
    return Item(StreamId(1, seq), "word", turn)


def _taken(outbox: Outbox, now_ms: float) -> list[int]:
    """Return the numbers of all that may leave now."""
    seqs = []
    while (item := outbox.take(now_ms)) is not None:
        seqs.append(item.id.seq)
    return seqs


def test_speech_leaves_at_most_two_seconds_ahead() -> None:
    """Of three seconds of speech the client gets two at once, and the rest as it is heard."""
    outbox = Outbox()
    for seq in range(1, 31):
        outbox.put(_speech(seq))

    first = _taken(outbox, 1_000.0)

    # The chunk that begins just before the bound still leaves.
    assert first == list(range(1, 22))
    assert outbox.wait_ms(1_000.0) == pytest.approx(100.0)
    assert _taken(outbox, 1_100.0) == [22]
    assert _taken(outbox, 10_000.0) == list(range(23, 31))


def test_pace_counts_from_now_after_a_silence() -> None:
    """A pause between two answers is not saved up for sending the second one faster."""
    outbox = Outbox()
    outbox.put(_speech(1))
    assert _taken(outbox, 0.0) == [1]

    for seq in range(2, 60):
        outbox.put(_speech(seq))

    assert len(_taken(outbox, 60_000.0)) == 21


def test_words_wait_behind_speech_and_not_for_themselves() -> None:
    """Messages keep their place between pieces of speech, and are not paced."""
    outbox = Outbox()
    for seq in range(1, 22):
        outbox.put(_speech(seq))
    for seq in (22, 24):
        outbox.put(_word(seq))
    outbox.put(_speech(23))

    assert _taken(outbox, 0.0) == [*range(1, 22), 22, 24]
    assert outbox.wait_ms(0.0) > 0


def test_nothing_to_wait_for_when_empty() -> None:
    """An empty outbox has nothing to give and nothing to wait for."""
    assert Outbox().take(0.0) is None
    assert Outbox().wait_ms(0.0) == 0.0


def test_a_cut_drops_speech_and_keeps_words() -> None:
    """An interruption drops the turn's speech, here and still coming; its words stay."""
    outbox = Outbox()
    for item in (_speech(1, turn=1), _word(2, turn=1), _speech(3, turn=2)):
        outbox.put(item)

    outbox.cut(1)
    outbox.put(_speech(4, turn=1))
    outbox.put(_word(5, turn=1))

    assert _taken(outbox, 0.0) == [2, 3, 5]


def test_a_cut_lets_the_next_answer_begin_at_once() -> None:
    """What the client held of the cut turn is silent, so the next one is not held back by it."""
    outbox = Outbox()
    for seq in range(1, 31):
        outbox.put(_speech(seq, turn=1))
    _taken(outbox, 0.0)

    outbox.cut(1)
    outbox.put(_speech(31, turn=2))

    assert _taken(outbox, 0.0) == [31]


def test_an_older_cut_changes_nothing() -> None:
    """An interruption of an earlier turn, heard again, does not touch the present one's pace."""
    outbox = Outbox()
    outbox.cut(3)
    for seq in range(1, 31):
        outbox.put(_speech(seq, turn=4))
    _taken(outbox, 0.0)

    outbox.cut(3)
    outbox.cut(2)

    assert len(outbox) == 9
    assert outbox.wait_ms(0.0) > 0


def test_room_is_counted_in_speech_and_in_messages() -> None:
    """Two seconds of speech fill it, or many messages; taking or cutting makes room."""
    speech, words = Outbox(), Outbox()
    for seq in range(int(ROOM_MS / 100)):
        assert not speech.is_full()
        speech.put(_speech(seq))
    for seq in range(ROOM_ITEMS):
        assert not words.is_full()
        words.put(_word(seq))

    assert speech.is_full()
    assert words.is_full()
    words.take(0.0)
    assert not words.is_full()
    speech.cut(1)
    assert not speech.is_full()


def test_speech_from_before_a_long_absence_is_silent() -> None:
    """Old speech is left out, its words come, and what is newer is heard."""
    outbox = Outbox(silent_until=StreamId(1, 10))
    for item in (_speech(9), _word(10), _speech(10), _speech(11)):
        outbox.put(item)

    assert _taken(outbox, 0.0) == [10, 11]


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("speech"), st.integers(0, 2), st.sampled_from([20.0, 100.0, 500.0])),
        st.tuples(st.just("word"), st.integers(0, 2), st.just(0.0)),
        st.tuples(st.just("cut"), st.integers(0, 2), st.just(0.0)),
        st.tuples(st.just("take"), st.just(0), st.sampled_from([0.0, 50.0, 3_000.0])),
    ),
    max_size=80,
)


@given(_steps)
def test_order_cuts_and_pace_hold_in_any_order_of_calls(
    steps: list[tuple[str, int, float]],
) -> None:
    """Against a plain model: nothing overtakes, repeats or is lost; a cut turn stays silent.

    And no more than `AHEAD_MS` and one piece is ever with the client before its time.
    """
    outbox, expected = Outbox(), list[Item]()
    now_ms = held_until_ms = 0.0
    turn, cut_turn = 1, 0
    for seq, (action, turns_on, amount_ms) in enumerate(steps, 1):
        if action == "take":
            now_ms += amount_ms
            while (item := outbox.take(now_ms)) is not None:
                assert item == expected.pop(0)
                if item.audio_ms:
                    assert item.turn > cut_turn
                    assert held_until_ms - now_ms <= AHEAD_MS
                    held_until_ms = max(held_until_ms, now_ms) + item.audio_ms
            assert not expected or outbox.wait_ms(now_ms) > 0
        elif action == "cut":
            cut = turn - turns_on
            if cut > cut_turn:
                cut_turn, held_until_ms = cut, 0.0
            outbox.cut(cut)
            expected = [one for one in expected if not one.audio_ms or one.turn > cut_turn]
        else:
            turn += turns_on
            item = Item(StreamId(1, seq), "", turn, amount_ms)
            outbox.put(item)
            if not item.audio_ms or item.turn > cut_turn:
                expected.append(item)
        assert len(outbox) == len(expected)
        waiting_ms = sum(one.audio_ms for one in expected)
        assert outbox.is_full() == (waiting_ms >= ROOM_MS or len(expected) >= ROOM_ITEMS)
