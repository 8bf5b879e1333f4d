"""Who is alive, as Redis tells it."""

from __future__ import annotations

import asyncio

from shared import keys
from shared.bus import Bus
from shared.presence import TTL_MS, Presence, alive, new_process_id


def test_names_of_processes_differ() -> None:
    """Two processes with the same pid, one after the other, have different names."""
    assert new_process_id() != new_process_id()


async def test_a_beat_shows_the_process_for_a_while(bus: Bus) -> None:
    """A process is seen after its beat, with its fields, and only as long as it goes on beating."""
    presence = Presence(bus, keys.WORKERS, "host-1-ab", lambda: {"sessions": 3})

    await presence.beat()

    key = keys.process_key(keys.WORKERS, "host-1-ab")
    assert await bus.send("HGET", key, "sessions") == b"3"
    assert int(await bus.send("HGET", key, "tasks")) == len(asyncio.all_tasks())
    assert 0 < await bus.send("PTTL", key) <= TTL_MS
    assert await bus.send("ZRANGE", keys.WORKERS, 0, -1) == [b"host-1-ab"]


async def test_a_process_that_leaves_is_gone(bus: Bus) -> None:
    """Leaving removes the entry at once."""
    presence = Presence(bus, keys.GATEWAYS, "host-1-ab", dict)
    await presence.beat()

    await presence.leave()

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
