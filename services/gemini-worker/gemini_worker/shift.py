"""What all conversations of a worker have in common: rules, signs of the worker, and its rounds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gemini_worker.dispatch import Dispatch
from shared.rounds import Rounds


@dataclass(frozen=True, slots=True)
class Rules:
    """Times of a conversation, in seconds, and what the operator tells every model."""

    grace_s: float
    drain_s: float
    lease_s: float
    stall_s: float
    park_s: float
    """After how long a session in which nothing happens is parked; 0: never."""
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
