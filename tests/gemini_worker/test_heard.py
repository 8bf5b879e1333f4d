"""Which words of an answer were really heard."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.heard import SpokenTurn
from shared.audio import DOWNLINK_RATE_HZ, pcm16_bytes


def _turn(*parts: str | int) -> SpokenTurn:
    """Return a turn of words and of ms of speech, in the order in which they came."""
    turn = SpokenTurn(1)
    for part in parts:
        if isinstance(part, str):
            turn.add_words(part)
        else:
            turn.add_speech(bytes(pcm16_bytes(part, DOWNLINK_RATE_HZ)))
    return turn


@pytest.mark.parametrize(
    ("played_ms", "words"),
    [
        (0, ""),
        (100, ""),
        (700, "There"),
        (1_000, "There is"),
        (1_500, "There is a"),
        (2_000, "There is a table"),
        (9_999, "There is a table"),
    ],
)
def test_fragments_begin_where_the_speech_stood(played_ms: float, words: str) -> None:
    """Whole fragments that were played, and of the last one words in proportion."""
    turn = _turn("There is", 1_000, " a table", 1_000)

    assert turn.heard(played_ms) == words


@pytest.mark.parametrize(
    ("parts", "played_ms", "words"),
    [
        pytest.param((), 500, "", id="nothing was said"),
        pytest.param(("Only words",), 500, "", id="no speech to hear"),
        pytest.param((1_000,), 500, "", id="no words to tell"),
        pytest.param(("One ", "two ", "three four", 1_000), 500, "One two", id="all words first"),
        pytest.param((500, "One two", 500), 500, "", id="words behind their speech"),
        pytest.param((1_000, "One two"), 1_000, "One two", id="words behind all speech"),
        pytest.param((1_000, "One two"), 999, "", id="... which was not played to its end"),
        pytest.param(("Unbreakable", 1_000), 900, "", id="no half words"),
        pytest.param(("Un", 500, "breakable", 500), 600, "", id="... of several fragments"),
    ],
)
def test_words_and_speech_come_in_any_order(
    parts: tuple[str | int, ...], played_ms: float, words: str
) -> None:
    """No transcript is bound to its sound; when in doubt, less was heard."""
    assert _turn(*parts).heard(played_ms) == words


_parts = st.lists(st.text("ab \n", min_size=1, max_size=12) | st.integers(0, 900), max_size=12)


@given(_parts, st.lists(st.floats(0, 12_000), min_size=2, max_size=6))
def test_more_playing_never_means_fewer_words(parts: list[str | int], played: list[float]) -> None:
    """What was heard is a beginning of what was said, cut between words, and only grows."""
    turn = _turn(*parts)

    heard = [turn.heard(played_ms) for played_ms in sorted(played)]

    assert all(turn.text.startswith(words) for words in heard)
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(heard))
    assert all(words.split() == turn.text.split()[: len(words.split())] for words in heard)
