"""When a Live connection is left, and why, where it is not the Live side that closes it. Pure."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from gemini_worker.shift import Rules

GO_AWAY_MARGIN_S = 3.0
"""Before the announced end, so that the replacement is there in time."""

PRESENT_S = 30.0
"""A client that a gateway has seen so lately is there. A session whose client is gone is not
parked: it waits for the client, and ends."""


class Verdict(Enum):
    """Why a Live connection was left."""

    ENDED_BY_CLIENT = auto()
    ENDED_BY_OPERATOR = auto()
    IDLE = auto()
    ROTATE = auto()
    HAND_OVER = auto()
    PARK = auto()
    LEASE_LAPSED = auto()
    LEASE_LOST = auto()
    STALLED = auto()


class Moment(NamedTuple):
    """How a connection stands when somebody looks."""

    is_quiet: bool
    """Leaving now cuts nothing off and repeats nothing."""
    has_handle: bool
    has_lapsed: bool
    """The lease could not be renewed in time."""
    is_stopping: bool
    """The worker is to hand everything over."""
    is_moving: bool
    """This session may go to a worker that has less to do."""
    is_stalled: bool
    """The model owes an answer and stays silent."""


class Departure:
    """One connection's reasons to be left; those that are about the client come from elsewhere."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._go_away_s: float | None = None
        self._stop_s: float | None = None

    @property
    def is_near(self) -> bool:
        """Tell whether the connection is to be left at the next good moment."""
        return self._go_away_s is not None

    def announced(self, left_s: float, now_s: float) -> None:
        """The Live side will close the connection in ``left_s``."""
        self._go_away_s = now_s + max(0.0, left_s - GO_AWAY_MARGIN_S)

    def rest_in_s(self, still_s: float) -> float | None:
        """Return in how long the session may be parked if nothing happens; None if not by time."""
        rest_s = self._rules.park_s - still_s
        return rest_s if rest_s > 0 else None

    def due(self, now_s: float, moment: Moment) -> Verdict | None:
        """Return why to leave now, if there is reason; ``now_s`` is monotonic."""
        if moment.has_lapsed:
            return Verdict.LEASE_LAPSED
        if moment.is_stopping:
            self._stop_s = self._stop_s or now_s + self._rules.drain_s
            return Verdict.HAND_OVER if moment.is_quiet or now_s >= self._stop_s else None
        if moment.is_stalled:
            return Verdict.STALLED
        if self._go_away_s is not None and now_s >= self._go_away_s:
            return Verdict.ROTATE
        return self._due_in_quiet(moment) if moment.is_quiet else None

    def _due_in_quiet(self, moment: Moment) -> Verdict | None:
        if moment.has_handle and moment.is_moving:
            return Verdict.HAND_OVER
        if moment.has_handle and self._go_away_s is not None:
            return Verdict.ROTATE
        return None

    def may_park(self, still_s: float, away_s: float) -> bool:
        """Tell whether it is time to park the session, where nothing else speaks against it.

        Args:
            still_s: For how long nothing has happened.
            away_s: Since a gateway last saw the client.
        """
        return 0 < self._rules.park_s <= still_s and away_s < PRESENT_S
