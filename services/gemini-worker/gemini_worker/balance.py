"""How many sessions a worker should hold, so that all workers carry alike. Pure.

Each worker decides for itself, from a table that may be a second old. What keeps that from
swinging back and forth: only one that is well above its share gives, one session at a time, and
only those below theirs take what it gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

BITE = 10
"""Sessions that are taken at a time; those of a dead worker spread over the others."""

LEVEL_BITE = 5
"""The same where nobody is known to have more room."""

SLACK = 2.0
SLACK_PART = 0.1
"""How far above its share a worker may be: by so many sessions, or by this part of the share."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one worker holds, and may hold."""

    sessions: int
    capacity: int


class Appetite(NamedTuple):
    """What a worker may take next."""

    most: int
    """Sessions at a time."""
    gives_way: bool
    """Others have more room: they come first."""


def appetite(mine: Load, others: Sequence[Load], total: int) -> Appetite:
    """Return what a worker should take of ``total`` sessions, the waiting ones among them."""
    free = mine.capacity - mine.sessions
    if not others:
        return Appetite(min(free, BITE), gives_way=False)
    missing = int(_share(mine, others, total)) - mine.sessions
    if missing >= 1:
        return Appetite(min(free, BITE, missing), gives_way=False)
    return Appetite(min(free, LEVEL_BITE), gives_way=_somebody_is_below(mine, others, total))


def has_surplus(mine: Load, others: Sequence[Load], total: int) -> bool:
    """Tell whether a worker should hand one of its sessions over."""
    share = _share(mine, others, total)
    return mine.sessions >= share + max(SLACK, share * SLACK_PART) and _somebody_is_below(
        mine, others, total
    )


def _share(mine: Load, others: Sequence[Load], total: int) -> float:
    """Return how many of all sessions are ``mine`` by capacity."""
    return total * mine.capacity / (mine.capacity + sum(other.capacity for other in others))


def _somebody_is_below(mine: Load, others: Sequence[Load], total: int) -> bool:
    capacity = mine.capacity + sum(other.capacity for other in others)
    return any(
        other.sessions + 1 <= min(total / capacity, 1.0) * other.capacity for other in others
    )
