"""Who speaks when: one timer for all clients of a process.

A task and a timer for each of them would cost the generator more than what they send.
"""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import Protocol

TICK_S = 0.001
"""Clients that are due within the same millisecond are woken together."""


class Speaking(Protocol):
    """Somebody who speaks at regular times."""

    is_closing: bool

    def step(self, now_s: float) -> float:
        """Send what is due; return when to come back."""


@dataclass
class Schedule:
    """Steps everybody when it is time."""

    _due: list[tuple[float, int, Speaking]] = field(default_factory=list)
    _count: int = 0
    _is_running: bool = True

    def add(self, at_s: float, who: Speaking) -> None:
        """Step ``who`` from ``at_s`` on, by the loop's clock, until they close."""
        self._count += 1
        heapq.heappush(self._due, (at_s, self._count, who))

    def stop(self) -> None:
        """Step nobody any more."""
        self._is_running = False

    async def run(self) -> None:
        """Step whoever is due until stopped."""
        loop = asyncio.get_running_loop()
        while self._is_running:
            now_s = loop.time()
            while self._due and self._due[0][0] <= now_s:
                _, number, who = self._due[0]
                if who.is_closing:
                    heapq.heappop(self._due)
                else:
                    heapq.heapreplace(self._due, (who.step(loop.time()), number, who))
            wait_s = self._due[0][0] - loop.time() if self._due else TICK_S
            await asyncio.sleep(max(TICK_S, wait_s))
