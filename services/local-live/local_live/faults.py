"""Faults on demand: what is to go wrong, where, and how often. Pure.

A fault waits until something matches it. `drop`, `close`, `go_away`, `stop_reading` and
`phantom_interrupted` strike at one of three moments: at once, right after setup, or during a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from local_live.errors import BadControlRequest

When = Literal["now", "setup", "turn"]
Kind = Literal[
    "http",
    "refuse_setup",
    "delay_setup",
    "dead_handle",
    "fail_resumed",
    "slow_first_audio",
    "slow_chunks",
    "stall",
    "tool_call",
    "drop",
    "close",
    "go_away",
    "stop_reading",
    "phantom_interrupted",
]
MOVABLE: frozenset[str] = frozenset(get_args(Kind)[-5:])
_TURN_KINDS = frozenset({"slow_first_audio", "slow_chunks", "stall", "tool_call"})


class Fault(BaseModel):
    """One thing that is to go wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    when: When = "now"
    """Only for the kinds that can strike at any moment."""
    after_chunks: int = Field(0, ge=0)
    """With ``when: turn``: strike after this many chunks of speech."""
    seconds: float = Field(0.0, ge=0.0, le=3_600.0)
    """Length of a delay, of a pause in reading, or what goAway says is left."""
    code: int = Field(1011, ge=1000, le=4999)
    reason: str = Field("Internal error occurred.", max_length=120)
    status: int = Field(503, ge=400, le=599)
    """HTTP status of a refused handshake."""
    name: str = ""
    """Tool to call."""
    args: dict[str, Any] = {}

    connection: int | None = Field(None, ge=1)
    """Only the n-th connection after the fault was set."""
    turn: int | None = Field(None, ge=1)
    """Only the n-th turn of a connection."""
    tag: str | None = None
    """Only sessions whose system instruction contains this."""
    session: str | None = None
    times: int | None = Field(1, ge=1)
    """How often it strikes; null for always."""

    @model_validator(mode="after")
    def _check(self) -> Fault:
        if self.when != "now" and self.kind not in MOVABLE:
            raise ValueError(f"a fault of kind {self.kind} has its own moment: leave out 'when'")
        if self.turn is not None and not (self.when == "turn" or self.kind in _TURN_KINDS):
            raise ValueError("'turn' needs a fault that strikes during a turn")
        if self.kind == "tool_call" and not self.name:
            raise ValueError("a tool_call needs the tool's name")
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is about to happen."""

    connection: int
    """Number of the connection, from 1, since the process began."""
    session: str = ""
    instruction: str = ""
    turn: int = 0
    """Number of the turn on this connection, from 1; 0 outside a turn."""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    set_at_connection: int
    left: int | None


class Faults:
    """The faults that are set, in the order in which they were."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def set(self, fault: Fault, connections_so_far: int) -> None:
        """Arm ``fault``; its `connection` counts from here."""
        self._armed.append(_Armed(fault, connections_so_far, fault.times))

    def clear(self) -> int:
        """Forget all faults; return how many there were."""
        count = len(self._armed)
        self._armed.clear()
        return count

    def take(self, place: Place, *kinds: Kind) -> Fault | None:
        """Return the first fault of one of these kinds that strikes here, and count it."""
        return self._take(place, lambda fault: fault.kind in kinds)

    def take_at(self, place: Place, when: Literal["setup", "turn"]) -> list[Fault]:
        """Return every movable fault that strikes at this moment, and count each."""
        found = []
        while fault := self._take(
            place, lambda one: one.when == when and one not in found and one.kind in MOVABLE
        ):
            found.append(fault)
        return found

    def _take(self, place: Place, wanted: Callable[[Fault], bool]) -> Fault | None:
        for armed in self._armed:
            if wanted(armed.fault) and _matches(armed, place):
                if armed.left is not None:
                    armed.left -= 1
                    if armed.left == 0:
                        self._armed.remove(armed)
                return armed.fault
        return None


def parse_fault(body: object) -> Fault:
    """Read a fault from a request on the control door.

    Raises:
        BadControlRequest: Naming the field that is wrong.
    """
    if not isinstance(body, Mapping):
        raise BadControlRequest("'fault' must be an object")
    try:
        return Fault.model_validate(body)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadControlRequest(f"{place}: {first['msg']}" if place else first["msg"]) from exc


def selects(fault: Fault, place: Place) -> bool:
    """Tell whether ``fault`` means this session; for faults that strike at once."""
    return (fault.session is None or fault.session == place.session) and (
        fault.tag is None or fault.tag in place.instruction
    )


def _matches(armed: _Armed, place: Place) -> bool:
    fault = armed.fault
    if fault.connection is not None:
        nth = place.connection - armed.set_at_connection
        if nth != fault.connection:
            return False
    return (fault.turn is None or fault.turn == place.turn) and selects(fault, place)
