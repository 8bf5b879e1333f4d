"""What all conversations of a worker have in common: rules, signs of the worker, and its rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import structlog

from gemini_worker.dispatch import Dispatch

LOOK_S = 0.1

log = structlog.get_logger()


class Rounds:
    """Looks after every conversation ten times a second, by one timer for all.

    A timer and a task for each would cost an idle conversation more than all else together.
    """

    def __init__(self) -> None:
        self._looks: dict[Callable[[float], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def joined_by(self, look: Callable[[float], None]) -> Iterator[None]:
        """Call ``look`` at each round, with the monotonic time in s, while the context lasts."""
        self._looks[look] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(0, self._go_round)
        try:
            yield
        finally:
            del self._looks[look]

    def _go_round(self) -> None:
        self._timer = None
        if not self._looks:
            return
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._go_round)
        now_s = monotonic()
        for look in list(self._looks):
            try:
                look(now_s)
            except Exception:
                # One conversation's fault must not keep the others from being looked after.
                log.exception("a conversation could not be looked after")


@dataclass(frozen=True, slots=True)
class Rules:
    """Times of a conversation, in seconds, and what the operator tells every model."""

    grace_s: float
    drain_s: float
    lease_s: float
    stall_s: float
    instructions: str


@dataclass(frozen=True, slots=True)
class Shift:
    """What a worker tells each of its conversations."""

    dispatch: Dispatch
    rules: Rules
    stopping: asyncio.Event
    """Set when the worker is to hand everything over."""
    moving: asyncio.Event
    """Set while this conversation may go to a worker that has less to do."""
    rounds: Rounds
