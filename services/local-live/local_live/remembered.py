"""Work that is done once for all who want it, and remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Remembered(Generic[K, T]):
    """The newest ``limit`` results by their keys; one that failed is tried anew."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: OrderedDict[K, asyncio.Task[T]] = OrderedDict()
        self._running: set[asyncio.Task[T]] = set()

    def task(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Return the task whose result ``key`` names; ``work`` is begun if there is none."""
        task = self._tasks.get(key)
        if task is None or _has_failed(task):
            task = asyncio.create_task(work())
            self._running.add(task)
            task.add_done_callback(self._finish)
            self._tasks[key] = task
            if len(self._tasks) > self._limit:
                self._tasks.popitem(last=False)
        self._tasks.move_to_end(key)
        return task

    def _finish(self, task: asyncio.Task[T]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # A failure is told to those who ask for the result; nobody may have.
            task.exception()


def _has_failed(task: asyncio.Task[T]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
