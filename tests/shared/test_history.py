"""The finished sides of a conversation."""

from __future__ import annotations

from shared.bus_messages import HistoryTurn, Role
from shared.codec import START, StreamId
from shared.history import fold


def _entry(entry_id: str, turn: int, role: Role, text: str) -> tuple[str, bytes]:
    side = HistoryTurn(role=role, text=text, turn=turn, time_ms=0.0)
    return entry_id, side.model_dump_json().encode()


def test_nothing_was_said() -> None:
    """Without entries there is no side, and nothing was finished."""
    assert fold([]) == ([], START)


def test_what_was_heard_takes_the_place_of_what_was_said() -> None:
    """A later entry stands where the first one stood, and finishes nothing anew."""
    sides, finished = fold(
        [
            _entry("1-4", 1, "user", "What is this?"),
            _entry("1-5", 1, "assistant", "There is a table with"),
            _entry("1-9", 2, "user", "Which?"),
            _entry("1-12", 1, "assistant", "There is a"),
        ]
    )

    assert [(one.turn, one.text) for one in sides] == [
        (1, "What is this?"),
        (1, "There is a"),
        (2, "Which?"),
    ]
    assert finished == StreamId(1, 9)


def test_a_side_of_which_nothing_was_heard_is_left_out() -> None:
    """An empty side would be nothing to show, and nothing that a model may be told."""
    entries = [_entry("1-4", 1, "user", "Hi"), _entry("1-5", 1, "assistant", "Hello")]

    sides, _ = fold([*entries, _entry("1-6", 1, "assistant", "")])

    assert [one.role for one in sides] == ["user"]
