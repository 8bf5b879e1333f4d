"""May this client connect? Pure, but for the key of the tickets."""

from __future__ import annotations

from time import monotonic

from shared.bus import Bus
from shared.errors import TicketRefused
from shared.tickets import Ticket, check, signing_key

REREAD_S = 1.0
"""How often a wrong signature may make us ask Redis whether the key has changed."""


def is_allowed_origin(origin: str | None, allowed: frozenset[str]) -> bool:
    """Tell whether a page from ``origin`` may connect: exactly a known one, or nobody.

    A missing header is refused too: every browser sends it, and a client that is no browser can.
    """
    return origin is not None and origin in allowed


class Doorkeeper:
    """Checks tickets with the signing key, and asks Redis for it again when it no longer fits."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._key = b""
        self._read_at = float("-inf")

    async def key(self) -> bytes:
        """Return the signing key.

        Raises:
            BusUnavailable: If it must be read and Redis does not answer.
        """
        if not self._key:
            await self._reread()
        return self._key

    async def check(self, ticket: str) -> Ticket:
        """Return what a client's ticket says.

        Raises:
            TicketRefused: If it is forged or expired.
            BusUnavailable: If the key must be read and Redis does not answer.
        """
        try:
            return check(await self.key(), ticket, "gateway")
        except TicketRefused:
            # A Redis that lost its data has a new key, and the web service signs with that.
            if monotonic() - self._read_at < REREAD_S:
                raise
            old = self._key
            await self._reread()
            if self._key == old:
                raise
            return check(self._key, ticket, "gateway")

    async def _reread(self) -> None:
        self._read_at = monotonic()
        self._key = await signing_key(self._bus)
