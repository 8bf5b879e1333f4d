"""Looks after everything of a process that only has to be seen to now and then, by one timer.

A timer and a task for each conversation wake the process once for each. Here all whose time has
come are seen to in one turn of the loop, and what they have to tell Redis leaves in one write.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import structlog

ROUND_S = 0.1

Look = Callable[[float], float]
"""Sees to something, given the monotonic time in s; returns when to come back at the latest."""

_FOREVER_S = 1e12

_NOW = -1
"""Stands for the round of what is being looked at."""

log = structlog.get_logger()


class Rounds:
    """All that is looked after, and when each is due; on time within `ROUND_S`.

    Rounds are numbered by the clock. Each knows its own, and one in which nothing is due does not
    take place: who has nothing to see to costs nothing, however many there are.
    """

    def __init__(self) -> None:
        self._round_of: dict[Look, int] = {}
        self._due: dict[int, dict[Look, None]] = {}
        """What is to be looked after in each round, in the order in which it was put there."""
        self._next = 0
        """The first round that has not been yet."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_for = 0
        """Number of the round that the timer is set for."""
        self._is_under_way = False

    @contextmanager
    def joined_by(self, look: Look) -> Iterator[None]:
        """Call ``look`` in the next round, and then whenever it has asked for, in the context."""
        self._put(look, self._upcoming())
        try:
            yield
        finally:
            self._take_off(look)
            del self._round_of[look]

    def stir(self, look: Look) -> None:
        """Something has changed there: look in the next round."""
        upcoming = self._upcoming()
        number = self._round_of.get(look, upcoming)
        if number > upcoming or number == _NOW:
            self._take_off(look)
            self._put(look, upcoming)

    def stir_all(self) -> None:
        """Something has changed for all."""
        for look in list(self._round_of):
            self.stir(look)

    def _upcoming(self) -> int:
        return max(self._next, _number(monotonic()) + 1)

    def _put(self, look: Look, number: int) -> None:
        self._round_of[look] = number
        self._due.setdefault(number, {})[look] = None
        self._set_timer(number)

    def _take_off(self, look: Look) -> None:
        number = self._round_of[look]
        due = self._due.get(number)
        if due is not None:
            due.pop(look, None)
            if not due:
                del self._due[number]

    def _set_timer(self, number: int) -> None:
        if self._is_under_way or (self._timer is not None and self._timer_for <= number):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_for = number
        delay_s = max(0.0, number * ROUND_S - monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._go_round)

    def _go_round(self) -> None:
        self._timer, self._is_under_way = None, True
        now_s = monotonic()
        self._next = _number(now_s) + 1
        for number in sorted(number for number in self._due if number < self._next):
            for look in self._due.pop(number):
                if look in self._round_of:  # else it left in this round
                    self._look(look, now_s)
        self._is_under_way = False
        if self._due:
            self._set_timer(min(self._due))

    def _look(self, look: Look, now_s: float) -> None:
        self._round_of[look] = _NOW
        try:
            again_s = look(now_s)
        except Exception:
            # A fault here must not keep the others from being looked after.
            log.exception("a look failed")
            again_s = now_s
        if self._round_of.get(look) == _NOW:  # else it has left, or was stirred meanwhile
            self._put(look, max(self._next, _number_after(again_s)))


def _number(now_s: float) -> int:
    """Return the number of the newest round that is due."""
    return int(now_s / ROUND_S)


def _number_after(again_s: float) -> int:
    """Return the number of the first round from then on; of none that ever comes, for infinity."""
    return math.ceil(min(again_s, _FOREVER_S) / ROUND_S)
