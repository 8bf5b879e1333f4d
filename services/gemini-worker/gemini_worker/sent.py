"""What a resumption handle stands for: messages of a connection, and places in the uplink. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from shared.codec import START, StreamId

SENT_IDS = 100_000
"""Sent messages whose positions are remembered: an hour of speech between two handles."""


class Position(NamedTuple):
    """How far the uplink has been sent."""

    after: StreamId
    """Id of the last entry that was sent or passed over; reading goes on after it."""
    seq: int
    """Sequence number of the last message among them; the ids of markers do not tell it."""


BEGINNING = Position(START, 0)


class Sent:
    """How far the uplink was sent with each message of one connection."""

    def __init__(self, began: Position, *, before: int = 0, resumed: bool = False) -> None:
        """Begin at ``began``.

        Args:
            began: Where this connection goes on.
            before: Messages that were sent after its setup and before the uplink: the history.
            resumed: It went on from a handle, which stands for ``began``.
        """
        self.position = began
        self._began, self._before, self._resumed = began, before, resumed
        self._is_first_handle = True
        self._positions: deque[Position] | None = deque(maxlen=SENT_IDS)
        """With each message since the newest handle; None where the endpoint does not say which
        message a handle stands for."""
        self._forgotten = 0

    def pass_over(self, position: Position) -> None:
        """Go on to ``position`` without a message."""
        self.position = position

    def message(self, position: Position | None = None) -> None:
        """Take note of a message that is sent next, with which the uplink stands at ``position``.

        Before it is sent: messages leave in the order of the calls, and another one may be sent
        beside while this one still waits for the socket. None: it moves nothing.
        """
        self.position = position or self.position
        if self._positions is None:
            return
        if len(self._positions) == SENT_IDS:
            self._forgotten += 1
        self._positions.append(self.position)

    def stands_for(self, consumed: int | None) -> Position:
        """Return how far the uplink was sent with message ``consumed`` of this connection.

        Counted from 0 after the setup; None, from an endpoint that does not say, stands for the
        last one sent. Earlier messages are forgotten: the next handle stands for later ones.
        """
        is_first, self._is_first_handle = self._is_first_handle, False
        if consumed is None and is_first and self._resumed:
            # The handle that greets a connection which goes on: it has no index because nothing
            # of this connection is in it, whatever was sent until it was read.
            return self._began
        if consumed is None:
            self._positions = None
        if self._positions is None or consumed is None:
            return self.position
        later = consumed - self._before - self._forgotten + 1
        for _ in range(min(later, len(self._positions))):
            self._began = self._positions.popleft()
            self._forgotten += 1
        return self._began
