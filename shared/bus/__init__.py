"""Redis: the only thing that two processes have in common. Only this package imports ``redis``."""

from __future__ import annotations

from shared.bus.commands import Bus, Script, Then, open_bus
from shared.bus.pubsub import Subscriber, Subscriptions

__all__ = ["Bus", "Script", "Subscriber", "Subscriptions", "Then", "open_bus"]
