"""One timer for many clients: everybody is stepped in turn, and those who leave no more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bench.schedule import Schedule


@dataclass
class Counting:
    """Comes back every millisecond, and leaves after some steps."""

    steps: int
    times_s: list[float] = field(default_factory=list)
    is_closing: bool = False

    def step(self, now_s: float) -> float:
        self.times_s.append(now_s)
        self.is_closing = len(self.times_s) == self.steps
        return now_s + 0.001


async def test_everybody_is_stepped_until_they_leave() -> None:
    """Each as often as they want, never before they are due."""
    schedule, start_s = Schedule(), asyncio.get_running_loop().time()
    early, late = Counting(3), Counting(5)
    schedule.add(start_s, early)
    schedule.add(start_s + 0.02, late)

    running = asyncio.create_task(schedule.run())
    while not (early.is_closing and late.is_closing):  # noqa: ASYNC110 - what they are told is all there is
        await asyncio.sleep(0.001)
    schedule.stop()
    await running

    assert (len(early.times_s), len(late.times_s)) == (3, 5)
    assert min(late.times_s) >= start_s + 0.02
