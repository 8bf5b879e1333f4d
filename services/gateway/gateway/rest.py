"""Notices when a client that has been silent says something, and has a parked session woken for it.

No worker holds a session in which nothing happens (docs/decisions/0013-parked-sessions.md). Three
things tell that it is parked: its state at check-in, the worker's last word, and every touch. What
a client said just before that word came is found by the touch that follows it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

AGAIN_S = 5.0
"""How long a session that has been woken may be seen neither in line nor at a worker; then it is
put in line again, since Redis may have lost the entry."""


class Rest:
    """Whether one connection's session is at rest, and whether it is parked besides."""

    def __init__(
        self, wake: Callable[[], None], stir: Callable[[], None], *, is_parked: bool
    ) -> None:
        """Begin with what check-in has told.

        Args:
            wake: Puts the session in line for a worker.
            stir: Has the connection looked after soon.
            is_parked: No worker holds the session.
        """
        self._wake, self._stir = wake, stir
        self.is_parked = is_parked
        self.is_on = is_parked
        """The connection is looked after seldom: tell `said`."""
        self._woken_s = float("-inf")

    @property
    def is_waking(self) -> bool:
        """Tell whether the session was woken, and nobody has said yet that a worker has it."""
        return self._woken_s > float("-inf")

    def begin(self) -> None:
        """Nothing has happened for a while."""
        self.is_on = True

    def said(self, now_s: float) -> None:
        """The client, or the worker, says something; ``now_s`` is monotonic."""
        self.is_on = False
        if self.is_parked:
            self.is_parked, self._woken_s = False, now_s
            self._wake()
        self._stir()

    def told(self, *, is_parked: bool) -> None:
        """The worker has said how it is."""
        self.is_parked = is_parked
        self.is_on = self.is_on or is_parked
        self._woken_s = float("-inf")

    def found(self, status: str, now_s: float, *, is_in_line: bool) -> None:
        """A touch has found this status."""
        if status != "unheard":
            self.told(is_parked=status == "parked")
        elif now_s >= self._woken_s + AGAIN_S and not is_in_line:
            self.is_parked = True
            self.said(now_s)
