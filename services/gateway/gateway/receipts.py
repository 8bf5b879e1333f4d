"""Which of the assistant's speech a client is known to have, so that Redis may forget it. Pure.

Sent is not received: a network that is gone takes half a minute of speech into TCP's buffers. What
counts is that the client says that it has played it, or that the connection still lives long after.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from gateway.outbox import Item
from shared.codec import StreamId

RECEIVED_MS = 25_000.0
"""Speech sent this long ago on a connection that still lives has arrived: a client that has not
answered a ping for 20 s is cut off."""

_TURN_START = '{"type":"turn_start"'


class _Sent(NamedTuple):
    id: StreamId
    turn: int
    ends_ms: float
    """Where in its turn it ends; infinite if the turn began on an earlier connection."""
    sent_ms: float


class Receipts:
    """The speech that one connection has sent and that may be missed yet."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._turn_ms = float("inf")
        self._received: StreamId | None = None

    def sent(self, item: Item, now_ms: float) -> None:
        """Note a message that leaves for the client."""
        if item.audio_ms:
            self._turn_ms += item.audio_ms
            self._sent.append(_Sent(item.id, item.turn, self._turn_ms, now_ms))
        elif isinstance(item.data, str) and item.data.startswith(_TURN_START):
            self._turn_ms = 0.0

    def played(self, turn: int, played_ms: float) -> None:
        """Take the client's word for how much of a turn it has played, and so received."""
        while self._sent and (
            self._sent[0].turn < turn
            or (self._sent[0].turn == turn and self._sent[0].ends_ms <= played_ms)
        ):
            self._received = self._sent.popleft().id

    @property
    def is_awaited(self) -> bool:
        """Tell whether something was sent of which it is not known whether it arrived."""
        return bool(self._sent)

    def received(self, now_ms: float) -> StreamId | None:
        """Return the newest speech that the client is known to have, if it has any."""
        while self._sent and now_ms - self._sent[0].sent_ms >= RECEIVED_MS:
            self._received = self._sent.popleft().id
        return self._received
