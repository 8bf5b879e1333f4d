"""The errors of Overshoulder.

    OvershoulderError
    ├── ConfigurationError      settings that cannot work; the process does not start
    ├── DecodeError             bytes that are not one of our messages
    ├── TicketRefused           a ticket or resume token that does not let its bearer in
    ├── BusError
    │   ├── BusUnavailable      Redis did not answer within the time a caller may wait
    │   └── BusOverloaded       more is waiting for Redis than may wait
    └── SessionError
        ├── SessionGone         the session is over, or never was
        ├── Superseded          another connection of the same client took the session over
        └── Fenced              another worker took the session over

A library's errors become one of these where the library is called. What nobody foresaw propagates
and is logged once, with its traceback, where the session ends.
"""

from __future__ import annotations


class OvershoulderError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigurationError(OvershoulderError):
    """Settings that cannot work; the text says which, and what to do."""


class DecodeError(OvershoulderError):
    """Bytes or JSON that are not one of our messages.

    ``code`` is the protocol's (docs/protocol.md); ``action`` tells the sender what to do.
    """

    def __init__(self, code: str, message: str, action: str, seq: int | None = None) -> None:
        super().__init__(code, message, action, seq)
        self.code, self.message, self.action, self.seq = code, message, action, seq

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class TicketRefused(OvershoulderError):
    """A ticket or resume token that is forged, expired or for something else."""


class BusError(OvershoulderError):
    """Redis could not do what was asked."""


class BusUnavailable(BusError):
    """Redis did not answer within the time that the caller may wait."""

    def __init__(self, waited_s: float, cause: str) -> None:
        super().__init__(waited_s, cause)
        self.waited_s, self.cause = waited_s, cause

    def __str__(self) -> str:
        return f"Redis did not answer for {self.waited_s:.1f} s ({self.cause})"


class BusOverloaded(BusError):
    """More commands wait for Redis than may wait; the newest is refused."""


class SessionError(OvershoulderError):
    """Something about one session."""

    def __init__(self, session_id: str) -> None:
        super().__init__(session_id)
        self.session_id = session_id


class SessionGone(SessionError):
    """The session is over, or never was."""

    def __str__(self) -> str:
        return f"session {self.session_id} is over"


class Superseded(SessionError):
    """Another connection of the same client took the session over."""

    def __str__(self) -> str:
        return f"session {self.session_id} was opened elsewhere"


class Fenced(SessionError):
    """Another worker took the session over; whoever gets this writes nothing more."""

    def __str__(self) -> str:
        return f"session {self.session_id} is held by another worker"
