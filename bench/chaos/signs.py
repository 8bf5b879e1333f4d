"""Signs of life, and the silences between them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

NOTICED_S = 0.4
"""Shorter silences are how a healthy conversation looks from outside."""


class Silence(NamedTuple):
    """Nothing was seen between these two moments, in seconds by the loop's clock."""

    began_s: float
    ended_s: float

    @property
    def lasted_s(self) -> float:
        """Its length."""
        return self.ended_s - self.began_s


@dataclass(slots=True)
class Breaks:
    """When one client had nothing to say."""

    spans: list[list[float]] = field(default_factory=list)
    """Beginning and end of each, in seconds by the loop's clock."""
    _is_on: bool = False

    def seen(self, now_s: float, *, is_on: bool) -> None:
        """Note whether the client says something now."""
        if is_on and not self._is_on:
            self.spans.append([now_s, now_s])
        elif self._is_on:
            self.spans[-1][1] = now_s
        self._is_on = is_on

    def explain(self, silence: Silence) -> bool:
        """Tell whether a silence is one of these, or what came of it."""
        return any(began <= silence.ended_s and silence.began_s <= end for began, end in self.spans)


@dataclass(slots=True)
class Signs:
    """When one side of one conversation was last seen alive."""

    last_s: float | None = None
    silences: list[Silence] = field(default_factory=list)

    def seen(self, now_s: float) -> None:
        """Note a sign of life."""
        if self.last_s is not None and now_s - self.last_s > NOTICED_S:
            self.silences.append(Silence(self.last_s, now_s))
        self.last_s = now_s
