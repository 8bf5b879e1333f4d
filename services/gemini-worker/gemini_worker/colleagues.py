"""The other workers, as their table in Redis shows them."""

from __future__ import annotations

import asyncio

from gemini_worker.balance import Appetite, Load, appetite, has_surplus
from shared import keys
from shared.bus import Bus
from shared.errors import BusError
from shared.presence import BEAT_S, alive


class Colleagues:
    """Who else works, and how much there is to do; as old as the last `look`."""

    def __init__(self, bus: Bus, worker_id: str, capacity: int, lease_s: float) -> None:
        """Know of nobody until the first `look`.

        Args:
            bus: Where the table is.
            worker_id: This worker's own entry, which is passed over.
            capacity: Of this worker.
            lease_s: Who has not beaten for as long is gone, or may be.
        """
        self._bus, self._worker_id, self._capacity = bus, worker_id, capacity
        self._silence_ms = int(max(lease_s, BEAT_S) * 1000)
        self._others: list[Load] = []
        self._total = 0

    async def look(self) -> None:
        """Read the table again; while Redis is away nobody is known."""
        found: dict[str, dict[str, str]]
        try:
            found, self._total = await asyncio.gather(
                alive(self._bus, keys.WORKERS, within_ms=self._silence_ms),
                self._bus.send("XLEN", keys.DISPATCH),
            )
        except BusError:
            found = {}
        self._others = [
            Load(int(fields["sessions"]), int(fields["capacity"]))
            for name, fields in found.items()
            if name != self._worker_id and fields["draining"] == "0"
        ]

    def appetite(self, sessions: int) -> Appetite:
        """Return what this worker, which holds ``sessions``, may take next."""
        return appetite(Load(sessions, self._capacity), self._others, self._total)

    def has_surplus(self, sessions: int) -> bool:
        """Tell whether this worker, which holds ``sessions``, should hand one over."""
        return has_surplus(Load(sessions, self._capacity), self._others, self._total)
