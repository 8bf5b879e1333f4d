"""The finished sides of a conversation, as `session:{sid}:history` tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.bus_messages import HistoryTurn, Role
from shared.codec import START, StreamId


def fold(entries: Iterable[tuple[str | bytes, bytes]]) -> tuple[list[HistoryTurn], StreamId]:
    """Return the finished sides, oldest first, and the id at which the newest of them was finished.

    A later entry for the same side replaces it: of an interrupted answer, the words that turned
    out to be heard. It says nothing about what was said in between, so the id stays. A side of
    which no word was heard is left out.

    Args:
        entries: Ids and values as Redis has them, oldest first.
    """
    sides: dict[tuple[int, Role], HistoryTurn] = {}
    finished = START
    for entry_id, value in entries:
        side = HistoryTurn.model_validate_json(value)
        if (side.turn, side.role) not in sides:
            finished = StreamId.parse(entry_id)
        sides[side.turn, side.role] = side
    return [side for side in sides.values() if side.text], finished
