"""What a connection needs of a client's socket, whatever server carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TakeNow = Callable[[str | bytes], bool]
"""Takes a message at once if it can be done without waiting; tells whether it did."""


Along = Callable[[], str | None]


class ClientLeft(Exception):
    """The client's socket is closed; ``code`` is what it said, or 1006."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ClientSocket(Protocol):
    """One accepted WebSocket."""

    def offer(self, take_now: TakeNow) -> None:
        """Offer each further message to ``take_now`` first, as it arrives, if all before are done.

        What it declines comes by `receive`.
        """

    async def receive(self) -> str | bytes:
        """Return the next message; raise `ClientLeft` when there will be none."""

    @property
    def is_congested(self) -> bool:
        """Tell whether the client takes less than it is sent: what comes next should wait."""

    async def relieved(self) -> None:
        """Wait until the client has taken what was sent, or is gone."""

    def look_after(self, now_s: float, *, is_at_rest: bool, along: Along) -> float:
        """Ask a client that has been silent whether it lives; cut off one that does not answer.

        Args:
            now_s: Monotonic time.
            is_at_rest: It is asked more seldom.
            along: Returns a message to send along, which a page sees; of the question it sees
                nothing. None: there is none.

        Returns:
            When to come back.
        """

    def send(self, data: str | bytes) -> None:
        """Send one text or binary message; raise `ClientLeft` if the client is gone."""

    async def close(self, code: int, reason: str) -> None:
        """Close; harmless if it is closed already."""
