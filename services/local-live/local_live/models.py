"""One instance of a heavy model for the whole process, shared by all sessions in fair order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from local_live.errors import ModelUnavailable, TooBusy

Model = TypeVar("Model")
Result = TypeVar("Result")
RETRY_AFTER_S = 30.0
MAX_WAITING = 64
"""Pieces of work that one session may have waiting for one model."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Job:
    work: Callable[[object], object]
    done: asyncio.Future[object]


class ModelThread(Generic[Model]):
    """Runs one model in a thread of its own; sessions take turns, however much each one asks.

    The model is loaded by the first piece of work, in that thread. A failure is told to whoever
    asked, and the next who asks has it loaded anew; after two failures in a row, not before
    `RETRY_AFTER_S`, so that nobody waits again and again for what does not work.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[], Model],
        *,
        unload: Callable[[Model], None] | None = None,
        niceness: int = 0,
    ) -> None:
        self._name, self._load, self._unload = name, load, unload
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix=name, initializer=_lower_priority, initargs=(niceness,)
        )
        self._waiting: OrderedDict[Hashable, deque[_Job]] = OrderedDict()
        self._pump: asyncio.Task[None] | None = None
        self._model: Model | None = None
        self._failures = 0
        self._failed_at_s = 0.0

    async def run(self, owner: Hashable, work: Callable[[Model], Result]) -> Result:
        """Do ``work`` with the model, in the model's thread, when it is ``owner``'s turn.

        A caller that is cancelled takes its work back, unless it has begun.

        Raises:
            ModelUnavailable: If the model cannot be loaded, or breaks.
            TooBusy: If ``owner`` has too much waiting already.
        """
        queue = self._waiting.setdefault(owner, deque())
        if len(queue) >= MAX_WAITING:
            raise TooBusy(self._name, len(queue))
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        queue.append(_Job(work, done))  # type: ignore[arg-type]  # a queue of different results
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._work_off())
        return await done

    async def warm_up(self) -> None:
        """Load the model before it is needed; a failure waits for the one who needs it."""
        with contextlib.suppress(ModelUnavailable):
            await self.run("warm-up", lambda _model: None)

    async def close(self) -> None:
        """Take no more work; what has begun is not waited for."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
        self._drop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work_off(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            owner, queue = self._waiting.popitem(last=False)
            job = queue.popleft()
            if queue:
                # Back to the end of the line: one piece of work for each session in turn.
                self._waiting[owner] = queue
            if job.done.done():
                continue
            try:
                result = await loop.run_in_executor(self._pool, self._do, job.work)
            except Exception as exc:  # noqa: BLE001 - whatever a model's library raises
                log.warning("model failed", model=self._name, error=repr(exc))
                if not job.done.done():
                    job.done.set_exception(ModelUnavailable(self._name, repr(exc)))
            else:
                if not job.done.done():
                    job.done.set_result(result)

    def _do(self, work: Callable[[Model], object]) -> object:
        """Run in the model's thread."""
        if self._failures > 1 and time.monotonic() - self._failed_at_s < RETRY_AFTER_S:
            raise ModelUnavailable(self._name, "it has just failed, and is not tried again yet")
        try:
            result = work(self._loaded())
        except Exception:
            # It may be broken, or its process may have ended: the next one gets a new one.
            self._drop()
            self._failures += 1
            self._failed_at_s = time.monotonic()
            raise
        self._failures = 0
        return result

    def _loaded(self) -> Model:
        if self._model is None:
            started_s = time.monotonic()
            self._model = self._load()
            took_s = round(time.monotonic() - started_s, 2)
            log.info("model loaded", model=self._name, took_s=took_s)
        return self._model

    def _drop(self) -> None:
        model, self._model = self._model, None
        if model is not None and self._unload is not None:
            self._unload(model)


def _lower_priority(niceness: int) -> None:
    """Let other threads of the machine go first; Linux can do that for a single thread."""
    if niceness and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
