"""Where a session stands, written down now and then; each time, who wants it to end is told."""

from __future__ import annotations

from collections.abc import Callable

from gemini_worker.lease import Lease
from gemini_worker.sent import Position
from gemini_worker.standing import Standing

CHECKPOINT_S, IDLE_CHECKPOINT_S = 1.0, 10.0
"""How often it is written down where a session stands, and the same where that has not changed."""

STILL_S = 5.0
"""How long nobody looks whether that has changed, where it had not."""


class Logbook:
    """What one Live connection writes into the session's hash besides handles."""

    def __init__(
        self, lease: Lease, standing: Standing, told: Callable[[float, str], None]
    ) -> None:
        """Begin with nothing written.

        Args:
            lease: Writes; what speaks against it shows there.
            standing: What is written.
            told: Told, each time, for how many s the client has been away, and the wish to end the
                session, if there is one.
        """
        self._lease, self._standing, self._told = lease, standing, told
        self._written: object = None
        self._wrote_s = self._changed_s = float("-inf")

    def still_s(self, now_s: float, position: Position) -> float:
        """Return for how long nothing has changed, at least."""
        if self._standing.mark(position) != self._written:
            return 0.0
        return now_s - self._changed_s

    def write(self, now_s: float, position: Position) -> float:
        """Write, if it is time; return when that will be next.

        Args:
            now_s: Monotonic time.
            position: Up to where the uplink was sent.
        """
        if now_s < self._wrote_s + CHECKPOINT_S:
            return self._wrote_s + CHECKPOINT_S
        self._standing.settle(position)
        mark = self._standing.mark(position)
        is_still = mark == self._written
        if not is_still or now_s >= self._wrote_s + IDLE_CHECKPOINT_S:
            self._lease.note({} if is_still else self._standing.figures(position), self._told)
            self._written, self._wrote_s = mark, now_s
            if not is_still:
                self._changed_s = now_s
        return min(
            now_s + (STILL_S if is_still else CHECKPOINT_S), self._wrote_s + IDLE_CHECKPOINT_S
        )

    def hurry(self) -> None:
        """Write the next time, whatever was written when: somebody wants something."""
        self._wrote_s = float("-inf")
