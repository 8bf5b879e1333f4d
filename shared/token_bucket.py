"""A pace that is kept on average. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """Allows ``rate`` units a second on average and ``burst`` at once."""

    rate: float
    burst: float
    _level: float = field(init=False)
    _at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._level = self.burst

    def take(self, units: float, now_s: float) -> bool:
        """Take ``units`` if they are there; tell whether they were."""
        self._fill(now_s)
        if units > self._level:
            return False
        self._level -= units
        return True

    def spend(self, units: float, now_s: float) -> None:
        """Take ``units`` whether they are there or not; what comes later pays the debt."""
        self._fill(now_s)
        self._level -= units

    def wait_s(self, units: float, now_s: float) -> float:
        """Return in how many seconds ``units`` will be there; 0 if they are."""
        self._fill(now_s)
        return max(0.0, (units - self._level) / self.rate)

    def _fill(self, now_s: float) -> None:
        if self._at is not None:
            self._level = min(self.burst, self._level + (now_s - self._at) * self.rate)
        self._at = now_s
