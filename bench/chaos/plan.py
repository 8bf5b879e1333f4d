"""Which fault strikes when, and where: drawn from a seed before anything starts. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

QUIET_START_S = 3.0
"""Nothing breaks before the first sessions have had a turn."""

MIN_GAP_S = 0.5


class Kind(StrEnum):
    """What can go wrong."""

    WORKER_KILL = "worker-kill"
    WORKER_PAUSE = "worker-pause"
    WORKER_TERM = "worker-term"
    GATEWAY_KILL = "gateway-kill"
    GATEWAY_TERM = "gateway-term"
    GO_AWAY = "go-away"
    LIVE_DROP = "live-drop"
    LIVE_1000 = "live-1000"
    LIVE_1011 = "live-1011"
    LIVE_1008 = "live-1008"
    DEAD_HANDLE = "dead-handle"
    PUBSUB_KILL = "pubsub-kill"
    REDIS_PAUSE = "redis-pause"
    REDIS_KILL = "redis-kill"
    NETWORK_CUT = "network-cut"


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault to come."""

    at_s: float
    """Seconds after the load began."""
    kind: Kind
    target: float
    """0 to 1: which of those that are there when it strikes."""
    length: float
    """0 to 1: how long, between the bounds of its kind."""

    def pick(self, count: int) -> int:
        """Return the index of the target among ``count``."""
        return min(count - 1, int(self.target * count))

    def between(self, low: float, high: float) -> float:
        """Return the fault's length between two bounds."""
        return low + self.length * (high - low)


def parse_kinds(text: str) -> list[Kind]:
    """Return the kinds that ``text`` names, separated by commas.

    Raises:
        ValueError: Naming the one that there is not.
    """
    return [Kind(name.strip()) for name in text.split(",") if name.strip()]


def draw(
    seed: int, seconds: float, every_s: float, kinds: Sequence[Kind] = tuple(Kind)
) -> list[Planned]:
    """Return the faults of a run; the same arguments give the same plan.

    Every kind comes once before any comes again, so that a run of ordinary length has them all.
    """
    chance = random.Random(seed)
    planned: list[Planned] = []
    bag: list[Kind] = []
    at_s = QUIET_START_S
    while at_s < seconds:
        bag = bag or chance.sample(kinds, len(kinds))
        planned.append(Planned(at_s, bag.pop(), chance.random(), chance.random()))
        at_s += max(MIN_GAP_S, chance.expovariate(1 / every_s))
    return planned
