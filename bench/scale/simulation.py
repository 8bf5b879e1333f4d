"""A system of very many sessions, second by second: placement, coming and going, and what fails.

Sessions are numbers in arrays, so that a million of them take a second of a laptop's time for each
half minute of theirs. The rules are the system's own: a session's keys lie in the slot of its id;
it waits in one of several `dispatch` streams, which are read by the workers of that part; a worker
takes what waits, up to its capacity; what a dead worker held is free after the lease and is taken
by the others of its part, no faster than each can open Live connections. The workers of a machine
have numbers in a row, and so belong to as many parts as possible.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bench.scale.placement import Ints, new_ids, shards_of, slots_of

NOBODY = -1


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated."""

    sessions: int
    """At the same time, on average."""
    shards: int
    workers: int
    gateways: int
    parts: int
    """Of `dispatch`."""
    capacity: int
    """Sessions of one worker."""
    mean_s: float = 600.0
    """Length of a session."""
    seconds: int = 60
    fail_at_s: int = 20
    failing_workers: int = 0
    """That die together: those of one machine."""
    failing_gateways: int = 0
    lease_s: int = 2
    opens_per_s: int = 20
    """Live connections that one worker opens in a second."""
    reconnect_s: float = 5.0
    """Clients come back spread over so long."""
    seed: int = 1


@dataclass
class Outcome:
    """What happened."""

    shard_spread: float
    """Sessions on the fullest shard over the mean; so for the next two."""
    worker_spread: float
    gateway_spread: float
    arrivals_per_s: float
    most_waiting: int = 0
    """Sessions without a worker, at the worst moment without a failure."""
    orphans: int = 0
    """Sessions whose worker died."""
    recovered_s: list[int] = field(default_factory=list)
    """Seconds after the failure, for each of them that did not end meanwhile."""
    busiest_takeover: int = 0
    """Sessions that one worker took over."""
    reconnects: int = 0
    """Clients whose gateway died."""
    most_reconnects_per_s: int = 0
    """At one gateway."""
    stranded: int = 0
    """Orphans that nobody had room for until the end."""


class Simulation:
    """One run; `run` carries it out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._chance = np.random.default_rng(world.seed)
        self._now_s = 0
        self._alive = np.ones(world.workers, bool)
        self._part_of_worker = np.arange(world.workers) % world.parts
        self._shard = self._part = self._worker = self._gateway = np.empty(0, np.int64)
        self._waits_from = self._orphaned_at = np.empty(0, np.int64)
        self._gateways_alive = np.ones(world.gateways, bool)
        self._taken = np.zeros(world.workers, np.int64)

    def run(self) -> Outcome:
        """Fill the system, let it live, break it, and tell."""
        world = self.world
        self._arrive(world.sessions)
        self._claim(np.iinfo(np.int64).max)
        outcome = Outcome(
            _spread(self._shard, world.shards),
            _spread(self._worker[self._worker != NOBODY], world.workers),
            _spread(self._gateway, world.gateways),
            world.sessions / world.mean_s,
        )
        for self._now_s in range(1, world.seconds + 1):
            self._leave()
            self._arrive(int(self._chance.poisson(world.sessions / world.mean_s)))
            if self._now_s == world.fail_at_s:
                self._fail(outcome)
            recovered = self._claim(world.opens_per_s)
            outcome.recovered_s += [self._now_s - world.fail_at_s] * recovered
            if self._now_s < world.fail_at_s:
                waiting = int(np.count_nonzero(self._worker == NOBODY))
                outcome.most_waiting = max(outcome.most_waiting, waiting)
        outcome.busiest_takeover = int(self._taken.max(initial=0))
        outcome.stranded = int(np.count_nonzero(self._orphaned_at >= 0))
        return outcome

    def _arrive(self, count: int) -> None:
        world = self.world
        slots = slots_of(new_ids(count, self._chance))
        alive = np.flatnonzero(self._gateways_alive)
        self._shard = np.append(self._shard, shards_of(slots, world.shards))
        # Not by ranges as the shards: a part is to draw from all of them alike.
        self._part = np.append(self._part, slots % world.parts)
        self._gateway = np.append(self._gateway, self._chance.choice(alive, count))
        self._worker = np.append(self._worker, np.full(count, NOBODY))
        self._waits_from = np.append(self._waits_from, np.full(count, self._now_s))
        self._orphaned_at = np.append(self._orphaned_at, np.full(count, -1))

    def _leave(self) -> None:
        stays = self._chance.random(len(self._worker)) >= 1 / self.world.mean_s
        for name in ("_shard", "_part", "_gateway", "_worker", "_waits_from", "_orphaned_at"):
            setattr(self, name, getattr(self, name)[stays])

    def _fail(self, outcome: Outcome) -> None:
        world = self.world
        first = self._chance.integers(world.workers)
        dead = (first + np.arange(world.failing_workers)) % world.workers
        self._alive[dead] = False
        orphans = np.isin(self._worker, dead)
        self._worker[orphans] = NOBODY
        self._waits_from[orphans] = self._now_s + world.lease_s
        self._orphaned_at[orphans] = self._now_s
        outcome.orphans = int(np.count_nonzero(orphans))

        gone = self._chance.choice(world.gateways, world.failing_gateways, replace=False)
        self._gateways_alive[gone] = False
        cut = np.flatnonzero(np.isin(self._gateway, gone))
        self._gateway[cut] = self._chance.choice(np.flatnonzero(self._gateways_alive), len(cut))
        seconds = (self._chance.random(len(cut)) * world.reconnect_s).astype(np.int64)
        arriving = np.bincount(
            self._gateway[cut] * (int(world.reconnect_s) + 1) + seconds, minlength=1
        )
        outcome.reconnects, outcome.most_reconnects_per_s = len(cut), int(arriving.max())

    def _claim(self, most_each: int) -> int:
        """Let workers take what waits; return how many orphans were among it."""
        world = self.world
        held = np.bincount(self._worker[self._worker != NOBODY], minlength=world.workers)
        room = np.where(self._alive, np.minimum(world.capacity - held, most_each), 0)
        waiting = np.flatnonzero((self._worker == NOBODY) & (self._waits_from <= self._now_s))
        recovered = 0
        for part in np.unique(self._part[waiting]):
            queue = waiting[self._part[waiting] == part]
            mine = np.flatnonzero((self._part_of_worker == part) & (room > 0))
            takers = _in_turn(mine, room[mine], len(queue))
            taken = queue[: len(takers)]
            orphans = self._orphaned_at[taken] >= 0
            recovered += int(np.count_nonzero(orphans))
            np.add.at(self._taken, takers[orphans], 1)
            self._worker[taken], self._orphaned_at[taken] = takers, -1
        return recovered


def _in_turn(workers: Ints, room: Ints, wanted: int) -> Ints:
    """Return who takes each of ``wanted`` entries: those with the most room first, one by one.

    All workers of a part read one stream, and who is idle asks first.
    """
    if wanted >= room.sum():
        return np.repeat(workers, room)
    low, high = 0, int(room.max())
    while low < high:
        # Find the level down to which everybody's room is used up.
        level = (low + high) // 2
        if np.maximum(room - level, 0).sum() > wanted:
            low = level + 1
        else:
            high = level
    takes = np.maximum(room - low, 0)
    more = np.flatnonzero((room >= low) & (room > takes))
    takes[more[: wanted - takes.sum()]] += 1
    return np.repeat(workers, takes)


def _spread(places: Ints, count: int) -> float:
    numbers = np.bincount(places, minlength=count)
    return float(numbers.max() / numbers.mean())
