"""What the Live side says, in our own words: nothing else of the worker knows the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.bus_messages import Source, TokenDetails


@dataclass(frozen=True, slots=True)
class Audio:
    """Speech: mono PCM16 at 24 000 Hz."""

    pcm16: bytes


@dataclass(frozen=True, slots=True)
class UserWords:
    """Words that the model heard; fragments, to be put one after the other."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantWords:
    """Words that the model speaks; fragments, to be put one after the other."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user spoke over the answer."""


@dataclass(frozen=True, slots=True)
class TurnComplete:
    """The answer is complete; ``is_filler`` while the model works on."""

    is_filler: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one turn, not cumulative."""

    prompt: int
    response: int
    total: int
    details: TokenDetails = field(default_factory=TokenDetails)


@dataclass(frozen=True, slots=True)
class HandleUpdate:
    """A resumption handle, or None while the state cannot be resumed.

    ``consumed`` is the index, among what this connection sent after its setup, of the last message
    that the handle stands for; None where the endpoint does not say.
    """

    handle: str | None
    consumed: int | None = None


@dataclass(frozen=True, slots=True)
class GoAway:
    """The connection will be closed in ``left_s``."""

    left_s: float


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model calls a function and waits for its result."""

    call_id: str
    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCallsCancelled:
    """The model does not wait for these calls any more."""

    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grounding:
    """Pages that the answer rests on."""

    sources: tuple[Source, ...]


LiveEvent = (
    Audio
    | UserWords
    | AssistantWords
    | Interrupted
    | TurnComplete
    | Tokens
    | HandleUpdate
    | GoAway
    | ToolCall
    | ToolCallsCancelled
    | Grounding
)


class LiveClosed(Exception):
    """The Live connection is over: a WebSocket close code and reason, or an HTTP status.

    ``code`` 1006 stands for a connection that broke without a word.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason

    def __str__(self) -> str:
        return f"{self.code} {self.reason}".rstrip()
