"""Work that is done once for all who want it."""

from __future__ import annotations

import pytest

from local_live.remembered import Remembered


class Worker:
    """Counts how often it was set to work."""

    def __init__(self, *, fails: int = 0) -> None:
        self.times, self._fails = 0, fails

    async def work(self) -> int:
        self.times += 1
        if self.times <= self._fails:
            raise OSError
        return self.times


async def test_the_same_is_done_once() -> None:
    """Whoever asks meanwhile or later gets the same result."""
    remembered: Remembered[str, int] = Remembered(2)
    worker = Worker()

    first, second = remembered.task("a", worker.work), remembered.task("a", worker.work)

    assert await first == await second == await remembered.task("a", worker.work) == 1


async def test_what_failed_is_tried_anew() -> None:
    """A failure is told to those who asked, and not remembered."""
    remembered: Remembered[str, int] = Remembered(2)
    worker = Worker(fails=1)

    with pytest.raises(OSError):  # noqa: PT011 - the worker's own, without a text
        await remembered.task("a", worker.work)

    assert await remembered.task("a", worker.work) == 2


async def test_the_oldest_is_forgotten() -> None:
    """Beyond the limit, what was not asked for longest is done again when it is."""
    remembered: Remembered[str, int] = Remembered(2)
    worker = Worker()

    for key in ("a", "b", "a", "c", "a"):
        await remembered.task(key, worker.work)
    assert worker.times == 3

    await remembered.task("b", worker.work)
    assert worker.times == 4
