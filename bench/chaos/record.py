"""What a client remembers for the ledger. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.chaos.signs import Breaks, Signs
from shared.codec import StreamId


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that the model must get, exactly once and in this order."""

    seq: int
    kind: str
    mark: str
    """The digest of a chunk, or the text of a question, as local-live's ledger has them."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Sharing stopped: no picture up to ``picture`` may reach the model after these messages."""

    sent_before: int
    picture: int


@dataclass(frozen=True, slots=True)
class Absence:
    """A time without connection, in ms since 1970; ``last`` is what the client had by then."""

    last: StreamId
    left_ms: float
    back_ms: float


@dataclass
class Record:
    """What a client has to say for the ledger."""

    sent: list[Sent] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    pictures: dict[str, int] = field(default_factory=dict)
    """Digest to number."""
    received: list[StreamId] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Everything that a client should never see."""
    notices: list[str] = field(default_factory=list)
    breaks: Breaks = field(default_factory=Breaks)
    stored: Signs = field(default_factory=Signs)
    """Acknowledgements: the gateway takes what is said, and Redis has it."""
