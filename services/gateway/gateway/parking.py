"""Has a parked session woken as soon as its client says something.

No worker holds a session in which nothing happens (docs/decisions/0013-parked-sessions.md). Three
things tell that it is parked: its state at check-in, the worker's last word, and every touch. What
a client says in between is found by the touch that follows the worker's word.
"""

from __future__ import annotations

from collections.abc import Callable

AGAIN_S = 5.0
"""How long a session that has been woken may be seen neither in line nor at a worker; then it is
put in line again, since Redis may have lost the entry."""


class Parking:
    """What one connection knows of its session's rest."""

    def __init__(self, wake: Callable[[], None], *, is_parked: bool) -> None:
        """Know what check-in has told; ``wake`` puts the session in line for a worker."""
        self._wake = wake
        self.is_parked = is_parked
        self._woken_s = float("-inf")

    def told(self, *, is_parked: bool) -> None:
        """The worker has said how it is."""
        self.is_parked = is_parked
        self._woken_s = float("-inf")

    def said(self, now_s: float) -> None:
        """The client says something; ``now_s`` is monotonic."""
        if self.is_parked:
            self.is_parked, self._woken_s = False, now_s
            self._wake()

    def found(self, status: str, now_s: float, *, is_in_line: bool) -> None:
        """A touch has found this status."""
        if status == "unheard":
            if now_s >= self._woken_s + AGAIN_S and not is_in_line:
                self.is_parked = True
                self.said(now_s)
        else:
            self.told(is_parked=status == "parked")
