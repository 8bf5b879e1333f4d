"""Who is alive, as Redis tells it."""

from __future__ import annotations

import asyncio

import pytest

from shared import keys, presence
from shared.bus import Bus
from shared.presence import TTL_MS, Presence, alive, new_process_id


def test_names_of_processes_differ() -> None:
    """Two processes with the same pid, one after the other, have different names."""
    assert new_process_id() != new_process_id()


async def test_a_beat_shows_the_process_for_a_while(bus: Bus) -> None:
    """A process is seen after its beat, with its fields, and only as long as it goes on beating."""
    one = Presence(bus, keys.WORKERS, "host-1-ab", lambda: {"sessions": 3})

    await one.beat()

    key = keys.process_key(keys.WORKERS, "host-1-ab")
    assert await bus.send("HGET", key, "sessions") == b"3"
    assert int(await bus.send("HGET", key, "tasks")) == len(asyncio.all_tasks())
    assert 0 < await bus.send("PTTL", key) <= TTL_MS
    assert await bus.send("ZRANGE", keys.WORKERS, 0, -1) == [b"host-1-ab"]


async def test_tasks_are_counted_as_often_as_it_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last count stands for a thousand times as long as it took."""
    now_s, took_s = 0.0, 0.004
    counted: list[float] = []

    def clock() -> float:
        return now_s

    def all_tasks() -> set[int]:
        nonlocal now_s
        counted.append(now_s)
        now_s += took_s
        return set(range(len(counted)))

    monkeypatch.setattr(presence, "monotonic", clock)
    monkeypatch.setattr(asyncio, "all_tasks", all_tasks)
    count = presence._TaskCount()

    told = []
    while now_s < 9.0:
        told.append(count.count())
        now_s += 1.0

    assert counted == [0.0, pytest.approx(4.0, abs=1.1), pytest.approx(8.0, abs=1.2)]
    assert told[0] == told[2] == 1
    assert told[-1] == 3


async def test_a_process_that_leaves_is_gone(bus: Bus) -> None:
    """Leaving removes the entry at once."""
    one = Presence(bus, keys.GATEWAYS, "host-1-ab", dict)
    await one.beat()

    await one.leave()

    assert await bus.send("DBSIZE") == 0


async def test_processes_long_gone_are_forgotten(bus: Bus) -> None:
    """A name that has not beaten for a minute leaves the index at somebody's next beat."""
    await bus.send("ZADD", keys.WORKERS, 1, "long-gone")

    await Presence(bus, keys.WORKERS, "host-1-ab", dict).beat()

    assert await bus.send("ZRANGE", keys.WORKERS, 0, -1) == [b"host-1-ab"]


async def test_living_processes_are_found_by_kind(bus: Bus) -> None:
    """Each kind has its own list, with what its processes say of themselves."""
    await Presence(bus, keys.WORKERS, "host-1-ab", lambda: {"sessions": 3}).beat()
    await Presence(bus, keys.GATEWAYS, "host-2-cd", lambda: {"connections": 5}).beat()

    workers = await alive(bus, keys.WORKERS)

    assert list(workers) == ["host-1-ab"]
    assert workers["host-1-ab"]["sessions"] == "3"
    assert list(await alive(bus, keys.GATEWAYS)) == ["host-2-cd"]


async def test_a_silent_process_is_not_found(bus: Bus) -> None:
    """A name in the index whose entry ran out is not alive."""
    process_id = new_process_id()
    await Presence(bus, keys.WORKERS, process_id, dict).beat()

    await bus.send("DEL", keys.process_key(keys.WORKERS, process_id))

    assert await alive(bus, keys.WORKERS) == {}
