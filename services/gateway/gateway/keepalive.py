"""When to ask a silent client whether it lives, and when to give it up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

PING_S, PONG_S = 10.0, 10.0
"""After how much silence a client is asked whether it lives, and how long it may take to say so."""

REST_PING_S = 30.0
"""How often a client is asked in whose conversation nothing has happened for long, so that nothing
depends on the answer but its place here. It is given up when it is to be asked again."""


class Step(Enum):
    """What to do about a client."""

    WAIT = auto()
    ASK = auto()
    GIVE_UP = auto()


@dataclass(slots=True)
class KeepAlive:
    """Whether one client lives, as far as those know who look now and then.

    What arrives is noted without a clock: a client counts as heard when somebody looks. So times
    are as exact as the looks are frequent, and all of them come from one clock.
    """

    is_heard: bool = True
    """Something has arrived since the last look; set by whoever reads."""
    _heard_s: float = 0.0
    _asked_s: float = float("-inf")
    _is_awaited: bool = False
    """It was asked, and has not been heard since."""

    def due_s(self, *, is_at_rest: bool) -> float:
        """Return when the next look is worth while, if nothing is heard before."""
        if is_at_rest:
            return self._asked_s + REST_PING_S
        return self._asked_s + PONG_S if self._is_awaited else self._heard_s + PING_S

    def look(self, now_s: float, *, is_at_rest: bool = False) -> Step:
        """Return what to do; ``now_s`` never runs back."""
        if self.is_heard:
            self.is_heard, self._heard_s, self._is_awaited = False, now_s, False
        if now_s < self.due_s(is_at_rest=is_at_rest):
            return Step.WAIT
        if self._is_awaited:
            return Step.GIVE_UP
        self._asked_s, self._is_awaited = now_s, True
        return Step.ASK
