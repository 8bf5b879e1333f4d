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
    """Masters of Redis; each wants a replica on another machine beside it."""
    limited_by: str
    """What bounds a shard: cpu, network or memory."""
    machines: int


def sessions_per_shard(costs: Costs, machine: Machine, shards_per_machine: int) -> dict[str, int]:
    """Return how many sessions one Redis carries, by what would limit it."""
    share = machine.busy / shards_per_machine
    network_kb_s = machine.network_gbit * 1e6 / 8
    # Of the two directions the one that leaves is fuller: the replica's copy is in it.
    per_session_kb_s = costs.redis_in_kb + costs.redis_out_kb
    return {
        "cpu": math.floor(1000 * machine.busy / costs.redis_ms),
        "network": math.floor(network_kb_s * share / per_session_kb_s),
        "memory": math.floor(machine.memory_gb * 1e6 * share / costs.redis_kb),
    }


def need(sessions: int, costs: Costs, machine: Machine) -> Need:
    """Return what so many sessions need at the same time."""
    core_ms = 1000 * machine.busy
    gateways = math.ceil(sessions * costs.gateway_ms / core_ms)
    workers = math.ceil(sessions * costs.worker_ms / core_ms)
    # A core of each machine is the kernel's: interrupts of the network.
    cores = machine.cores - 1
    per_shard = sessions_per_shard(costs, machine, cores)
    limited_by = min(per_shard, key=per_shard.__getitem__)
    shards = math.ceil(sessions / per_shard[limited_by])
    return Need(
        gateways, workers, shards, limited_by, math.ceil((gateways + workers + 2 * shards) / cores)
    )


def sessions_per_machine(costs: Costs, machine: Machine) -> int:
    """Return how many sessions one machine carries that runs everything itself."""
    total_ms = costs.gateway_ms + costs.worker_ms + costs.redis_ms
    by_cpu = 1000 * machine.busy * machine.cores / total_ms
    by_redis = 1000 * machine.busy / costs.redis_ms
    total_kb = costs.gateway_kb + costs.worker_kb + costs.redis_kb
    by_memory = machine.memory_gb * 1e6 * machine.busy / total_kb
    return math.floor(min(by_cpu, by_redis, by_memory))
