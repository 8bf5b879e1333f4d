"""When to ask a silent client whether it lives, and when to give it up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

PING_S, REST_PING_S = 10.0, 25.0
"""After how much silence a client is asked whether it lives; the same where nothing has happened
for long, so that nothing depends on the answer but its place here."""

PONG_S = 10.0
"""How long it may take to answer."""


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
    _asked_s: float | None = None

    def due_s(self, *, is_at_rest: bool) -> float:
        """Return when the next look is worth while, if nothing is heard before."""
        if self._asked_s is not None:
            return self._asked_s + PONG_S
        return self._heard_s + (REST_PING_S if is_at_rest else PING_S)

    def look(self, now_s: float, *, is_at_rest: bool = False) -> Step:
        """Return what to do; ``now_s`` never runs back."""
        if self.is_heard:
            self.is_heard, self._heard_s, self._asked_s = False, now_s, None
        if self._asked_s is not None:
            return Step.GIVE_UP if now_s >= self._asked_s + PONG_S else Step.WAIT
        if now_s < self.due_s(is_at_rest=is_at_rest):
            return Step.WAIT
        self._asked_s = now_s
        return Step.ASK
