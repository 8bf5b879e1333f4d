"""What turns and their session tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from local_live.faults import Fault, Faults, Place
from local_live.history import HandleStore
from local_live.vad import SpeechGate


@dataclass(frozen=True, slots=True)
class Delivery:
    """How speech goes out."""

    pace: float = 4.0
    """Multiple of real time; 0 for as fast as it is made."""
    holds_turn_complete: bool = False
    """Whether the turn stays open until its sound must have been played, so that speech until then
    still interrupts it."""


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """What the client's setup and the model's profile say about the frames."""

    wants_handles: bool
    hears_input: bool
    hears_output: bool
    says_idle: bool
    vertex: bool
    functions: frozenset[str] = frozenset()
    searches: bool = False


class Desk(Protocol):
    """What a turn needs of its session."""

    faults: Faults
    handles: HandleStore

    async def send(self, frame: bytes) -> None:
        """Put one frame on the socket."""

    async def strike(self, fault: Fault) -> None:
        """Let a fault happen to the connection."""

    def place(self, turn: int) -> Place:
        """Say where turn number ``turn`` happens."""
        ...

    def instruction(self) -> str:
        """Return the system instruction."""
        ...

    def gate(self) -> SpeechGate:
        """Return the gate as it stands."""
        ...

    def consumed_index(self) -> int | None:
        """Return the index of the client's last message that is in the history."""
        ...
