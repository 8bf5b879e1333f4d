"""Messages of a connection, and the places in the uplink that handles stand for."""

from __future__ import annotations

import pytest

from gemini_worker import sent as sent_module
from gemini_worker.sent import BEGINNING, Position, Sent
from shared.codec import StreamId


def _at(seq: int) -> Position:
    return Position(StreamId(1, seq), seq)


def test_a_message_beside_the_uplink_is_counted() -> None:
    """A tool's answer has its index among the messages, and moves nothing."""
    sent = Sent(BEGINNING)

    sent.message(_at(1))
    sent.message()
    sent.message(_at(2))

    assert [sent.stands_for(index).seq for index in range(3)] == [1, 1, 2]


def test_what_is_passed_over_has_no_index() -> None:
    """Entries that are not for the model move the place, and the next message stands behind it."""
    sent = Sent(BEGINNING)

    sent.message(_at(1))
    sent.pass_over(_at(2))
    sent.message(_at(3))

    assert [sent.stands_for(index).seq for index in range(2)] == [1, 3]
    assert sent.position == _at(3)


def test_forgotten_messages_stand_for_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index older than what is remembered is answered by the safe side: replay more."""
    monkeypatch.setattr(sent_module, "SENT_IDS", 3)
    sent = Sent(BEGINNING)

    for seq in range(1, 6):
        sent.message(_at(seq))

    assert [sent.stands_for(index).seq for index in range(5)] == [0, 0, 3, 4, 5]
