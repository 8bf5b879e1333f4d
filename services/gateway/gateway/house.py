"""What a gateway process offers to every connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.admission import Doorkeeper
from gateway.queue_watch import QueueWatch
from gateway.session_store import SessionStore
from shared.bus import Subscriptions
from shared.rounds import Rounds


@dataclass(frozen=True, slots=True)
class House:
    """What a gateway process offers to every connection."""

    store: SessionStore
    subscriptions: Subscriptions
    doorkeeper: Doorkeeper
    queue: QueueWatch
    rounds: Rounds
    draining: asyncio.Event
    drain_s: float

    def drain(self) -> None:
        """Send all clients to other gateways, one by one."""
        self.draining.set()
        self.rounds.stir_all()
