"""How a connection ends: the code and the sentence that its client is told."""

from __future__ import annotations

import structlog

from gateway.client_messages import CloseCode
from gateway.socket import ClientLeft
from shared.errors import SessionGone, Superseded, TicketRefused

log = structlog.get_logger()


class Closing(Exception):
    """Ends a connection with a close code and a reason in one short sentence."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first single error in a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def verdict(error: BaseException) -> tuple[int, str]:
    """Return the close code and reason for what ended a connection."""
    match error:
        case Closing():
            return error.code, error.reason
        case ClientLeft():
            return error.code, ""
        case TicketRefused():
            return CloseCode.TICKET_REFUSED, "ticket refused"
        case Superseded():
            return CloseCode.TAKEN_OVER, "this session was opened elsewhere"
        case SessionGone():
            return CloseCode.ENDED, "the conversation is over"
        case _:
            log.warning("connection closed", cause=str(error))
            return CloseCode.BUSY, "storage is away, come back soon"
