"""Looks after everything of a process that only has to be seen to now and then, by one timer.

A timer and a task for each conversation wake the process once for each. Here all whose time has
come are seen to in one turn of the loop, and what they have to tell Redis leaves in one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import structlog

ROUND_S = 0.1

Look = Callable[[float], float]
"""Sees to something, given the monotonic time in s; returns when to come back at the latest."""

log = structlog.get_logger()


class Rounds:
    """All that is looked after, and when each is due; on time within `ROUND_S`."""

    def __init__(self) -> None:
        self._due_s: dict[Look, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def joined_by(self, look: Look) -> Iterator[None]:
        """Call ``look`` in the next round, and then whenever it has asked for, in the context."""
        self._due_s[look] = 0.0
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(0, self._go_round)
        try:
            yield
        finally:
            del self._due_s[look]

    def stir(self, look: Look) -> None:
        """Something has changed there: look in the next round."""
        if look in self._due_s:
            self._due_s[look] = 0.0

    def stir_all(self) -> None:
        """Something has changed for all."""
        self._due_s = dict.fromkeys(self._due_s, 0.0)

    def _go_round(self) -> None:
        self._timer = None
        if not self._due_s:
            return
        self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go_round)
        now_s = monotonic()
        for look in [look for look, due_s in self._due_s.items() if due_s <= now_s]:
            if look not in self._due_s:
                continue  # it left in this round
            # Before the look: what is stirred meanwhile must not be forgotten.
            self._due_s[look] = now_s + ROUND_S
            try:
                again_s = look(now_s)
            except Exception:
                # A fault here must not keep the others from being looked after.
                log.exception("a look failed")
            else:
                if self._due_s.get(look):
                    self._due_s[look] = again_s
