"""What is done for a connection now and then: tell Redis that its client is there, ask the client.

All connections of a process are looked after in rounds (docs/decisions/0012-rounds.md): one on
which something happens every two seconds, one at rest only when something is due.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from gateway.client_messages import CloseCode
from gateway.closing import Closing
from gateway.downlink import Downlink
from gateway.house import House
from gateway.rest import Rest
from gateway.session_store import Attachment, Pulse
from gateway.socket import ClientSocket
from gateway.uplink import Uplink
from shared.errors import BusError, SessionGone, Superseded

TOUCH_S, IDLE_TOUCH_S, PARKED_TOUCH_S = 2.0, 10.0, 60.0
"""How often Redis is told that the client is there; the same where nobody says anything; and where
no worker waits for it either."""

CALM_S = 30.0
"""After how long without a word a connection is at rest."""


class Tended(Protocol):
    """One client's connection."""

    held: Attachment
    socket: ClientSocket
    uplink: Uplink
    downlink: Downlink
    rest: Rest

    def acknowledgement(self) -> str | None:
        """Return what tells the client what is stored, if its protocol has a word for that."""


class Upkeep:
    """Looks after one connection."""

    def __init__(self, house: House, connection: Tended, away: Callable[[], None]) -> None:
        """``away`` is called whenever Redis does not answer."""
        self._house, self._connection, self._tell_away = house, connection, away
        self._touched_s = self._changed_s = float("-inf")
        self._traffic: object = None
        self._leave_s: float | None = None

    def called(self) -> None:
        """Something about the session has changed, perhaps: see in the next round."""
        self._touched_s = float("-inf")
        self.stir()

    def stir(self) -> None:
        """Look in the next round."""
        self._house.rounds.stir(self.look)

    def look(self, now_s: float) -> float:
        """See to what is due; return when to come back."""
        if self._house.draining.is_set():
            return self._drain(now_s)
        connection = self._connection
        traffic = (connection.uplink.appended, connection.downlink.last)
        if traffic != self._traffic:
            self._traffic, self._changed_s = traffic, now_s
        touch_s = self._touch_s()
        if now_s >= self._touched_s + touch_s:
            self._touched_s = now_s
            self._house.store.touch(connection.held, self._touched)
            connection.downlink.forget_played()
        is_calm = connection.rest.is_parked or now_s >= self._changed_s + CALM_S
        is_at_rest = is_calm and not connection.downlink.is_receipt_awaited
        again_s = connection.socket.look_after(
            now_s, is_at_rest=is_at_rest, along=connection.acknowledgement
        )
        if not is_at_rest:
            return now_s + TOUCH_S
        connection.rest.begin()
        return min(again_s, self._touched_s + touch_s)

    def _touch_s(self) -> float:
        rest = self._connection.rest
        if self._changed_s > self._touched_s or rest.is_waking:
            return TOUCH_S
        return PARKED_TOUCH_S if rest.is_parked else IDLE_TOUCH_S

    def _drain(self, now_s: float) -> float:
        """Leave, spread out, so that the gateways that remain are not stormed."""
        if self._leave_s is None:
            self._leave_s = now_s + random.uniform(0, self._house.drain_s)  # noqa: S311 - no secret
        if now_s >= self._leave_s:
            closing = Closing(CloseCode.GOING_AWAY, "this gateway is being replaced")
            self._connection.uplink.fail(closing)
        return self._leave_s

    def _touched(self, pulse: Pulse | BusError) -> None:
        """Take what Redis says of the session."""
        connection, session_id = self._connection, self._connection.held.session_id
        if isinstance(pulse, BusError):
            self._tell_away()
            return
        if pulse.status == "superseded":
            connection.uplink.fail(Superseded(session_id))
            return
        connection.downlink.noticed(pulse.newest_down)
        is_in_line = self._house.queue.has_place(session_id)
        connection.rest.found(pulse.status, monotonic(), is_in_line=is_in_line)
        if pulse.status == "gone":
            connection.uplink.fail(SessionGone(session_id))
