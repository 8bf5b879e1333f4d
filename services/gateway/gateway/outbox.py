"""What waits for one client: paced speech, and everything else in its order. Pure.

TCP is no brake for speech: a client that stopped reading swallows 89 s of it before a send blocks,
and an interruption would have to wait behind all that. So speech leaves at most `AHEAD_MS` before
it is due to be heard. What does not fit waits in Redis, and whoever fills this outbox fetches it
from there when there is room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from shared.codec import StreamId

AHEAD_MS = 2_000.0
"""Speech that a client holds: rides out a reconnect of a second, and is dropped on interruption."""

ROOM_MS = 2_000.0
"""Speech that waits here besides."""

ROOM_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One message for the client.

    ``audio_ms`` is 0 for everything but speech; ``data`` is bytes for speech and text for the rest.
    """

    id: StreamId
    data: str | bytes
    turn: int = 0
    audio_ms: float = 0.0


class Outbox:
    """Messages on their way to one client."""

    def __init__(self, *, silent_until: StreamId | None = None) -> None:
        """Start empty; speech up to ``silent_until`` is too old to be played and is left out."""
        self._items: deque[Item] = deque()
        self._waiting_ms = 0.0
        self._heard_at_ms = 0.0
        self._cut_turn = 0
        self._silent_until = silent_until

    def is_full(self) -> bool:
        """Tell whether whatever comes next should wait in Redis."""
        return self._waiting_ms >= ROOM_MS or len(self._items) >= ROOM_ITEMS

    def put(self, item: Item) -> None:
        """Add a message; speech of a turn that was cut, or too old, is left out."""
        if item.audio_ms:
            if item.turn <= self._cut_turn:
                return
            if self._silent_until is not None and item.id <= self._silent_until:
                return
            self._waiting_ms += item.audio_ms
        self._items.append(item)

    def cut(self, turn: int) -> None:
        """Drop the speech of ``turn`` and of all before it, here and whatever of it still comes."""
        if turn <= self._cut_turn:
            return
        self._cut_turn = turn
        self._items = deque(i for i in self._items if not i.audio_ms or i.turn > turn)
        self._waiting_ms = sum(i.audio_ms for i in self._items)
        self._heard_at_ms = 0.0

    def take(self, now_ms: float) -> Item | None:
        """Return the next message if it may leave now."""
        if not self._items or self.wait_ms(now_ms) > 0:
            return None
        item = self._items.popleft()
        if item.audio_ms:
            self._waiting_ms -= item.audio_ms
            self._heard_at_ms = max(self._heard_at_ms, now_ms) + item.audio_ms
        return item

    def wait_ms(self, now_ms: float) -> float:
        """Return how long the next message must wait; 0 if it may leave, or if there is none."""
        if not self._items or not self._items[0].audio_ms:
            return 0.0
        return max(0.0, self._heard_at_ms - now_ms - AHEAD_MS)

    def __len__(self) -> int:
        return len(self._items)
