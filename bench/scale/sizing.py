"""How many processes and machines a number of sessions needs, from what one was measured to cost.

Pure. Everything is in proportion: nothing in the system is shared by all sessions but `dispatch`,
which counts by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Costs:
    """What one session costs; docs/performance.json holds what was measured."""

    gateway_ms: float
    """CPU of the gateway in each second; so for the next two."""
    worker_ms: float
    redis_ms: float
    redis_in_kb: float
    """Through Redis in each second."""
    redis_out_kb: float
    gateway_kb: float
    """Memory."""
    worker_kb: float
    redis_kb: float

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Costs:
        """Take them from the figures of one case of the bench."""
        cpu, memory = figures["cpu_ms_per_session_s"], figures["memory"]
        redis = figures["redis_per_session_s"]
        return cls(
            gateway_ms=cpu["gateway"],
            worker_ms=cpu["worker"],
            redis_ms=cpu["redis"],
            redis_in_kb=redis["net_input_bytes"] / 1000,
            redis_out_kb=redis["net_output_bytes"] / 1000,
            gateway_kb=memory["gateway"]["per_further_session_kb"],
            worker_kb=memory["worker"]["per_further_session_kb"],
            redis_kb=memory["redis"]["per_further_session_kb"],
        )


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a kind."""

    cores: int = 16
    memory_gb: float = 64.0
    network_gbit: float = 10.0
    busy: float = 0.6
    """Share of each core that is to be used; the rest is for bursts, takeovers and failovers."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of sessions needs."""

    gateways: int
    """Processes, one core each; so for the next two."""
    workers: int
    shards: int
    """Masters of Redis; each has a replica on another machine beside it."""
    limited_by: str
    """What the machines of Redis run out of first: cores, network or memory."""
    machines: int


def sessions_per_shard(costs: Costs, machine: Machine) -> int:
    """Return how many sessions one Redis has CPU for: its commands run on one core."""
    return math.floor(1000 * machine.busy / costs.redis_ms)


def redis_machines(sessions: int, costs: Costs, machine: Machine) -> dict[str, int]:
    """Return how many machines the Redis of so many sessions needs, by what would limit it."""
    shards = math.ceil(sessions / sessions_per_shard(costs, machine))
    # What leaves is more than what comes: the copy for the replica goes with it.
    leaving_kb_s = sessions * (costs.redis_in_kb + costs.redis_out_kb)
    wire_kb_s = machine.network_gbit * 1e6 / 8 * machine.busy
    held_kb = 2 * sessions * costs.redis_kb
    return {
        "cores": math.ceil(2 * shards / _usable(machine)),
        "network": math.ceil(leaving_kb_s / wire_kb_s),
        "memory": math.ceil(held_kb / (machine.memory_gb * 1e6 * machine.busy)),
    }


def need(sessions: int, costs: Costs, machine: Machine) -> Need:
    """Return what so many sessions need at the same time."""
    core_ms = 1000 * machine.busy
    gateways = math.ceil(sessions * costs.gateway_ms / core_ms)
    workers = math.ceil(sessions * costs.worker_ms / core_ms)
    redis = redis_machines(sessions, costs, machine)
    limited_by = max(redis, key=redis.__getitem__)
    return Need(
        gateways=gateways,
        workers=workers,
        shards=math.ceil(sessions / sessions_per_shard(costs, machine)),
        limited_by=limited_by,
        machines=math.ceil((gateways + workers) / _usable(machine)) + redis[limited_by],
    )


def sessions_per_machine(costs: Costs, machine: Machine) -> int:
    """Return how many sessions one machine carries that runs everything itself, with one Redis."""
    total_ms = costs.gateway_ms + costs.worker_ms + costs.redis_ms
    by_cpu = 1000 * machine.busy * machine.cores / total_ms
    total_kb = costs.gateway_kb + costs.worker_kb + costs.redis_kb
    by_memory = machine.memory_gb * 1e6 * machine.busy / total_kb
    return math.floor(min(by_cpu, sessions_per_shard(costs, machine), by_memory))


def _usable(machine: Machine) -> int:
    """Return the cores for our processes: one is the kernel's, for interrupts of the network."""
    return max(1, machine.cores - 1)
