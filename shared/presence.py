"""Who is alive: each process renews a hash with a TTL, and an index tells their names."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from time import monotonic, time

from shared import keys
from shared.bus import Bus
from shared.bus.commands import Arg
from shared.errors import BusError

BEAT_S = 1.0
TTL_MS = 5_000
LEAVE_S = 1.0
_FORGET_MS = 60_000
_COUNT_SELDOM = 1_000


def new_process_id() -> str:
    """Return a name for this process: host, pid, and a random end, since pids are used again."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Presence:
    """One process's entry among the `workers` or `gateways`."""

    def __init__(
        self, bus: Bus, index: str, process_id: str, describe: Callable[[], dict[str, Arg]]
    ) -> None:
        """Prepare an entry.

        Args:
            bus: Where it is written.
            index: `keys.WORKERS` or `keys.GATEWAYS`.
            process_id: From `new_process_id`.
            describe: Returns the fields to show (capacity, load, …), asked for at every beat.
        """
        self._bus, self._index, self._id = bus, index, process_id
        self._key = keys.process_key(index, process_id)
        self._describe = describe
        self._tasks = _TaskCount()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            # The bus has logged it; the next beat tells that we are back.
            with contextlib.suppress(BusError):
                await self.beat()
            await asyncio.sleep(BEAT_S)

    async def beat(self) -> None:
        """Write the entry once, and forget processes that are long gone.

        It also tells how many tasks the process runs: those of a session end with it.
        """
        now_ms = int(time() * 1000)
        fields = {**self._describe(), "tasks": self._tasks.count(), "seen_ms": now_ms}
        flat = [item for pair in fields.items() for item in pair]
        self._bus.post("HSET", self._key, *flat)
        self._bus.post("PEXPIRE", self._key, TTL_MS)
        self._bus.post("ZADD", self._index, now_ms, self._id)
        await self._bus.send("ZREMRANGEBYSCORE", self._index, "-inf", now_ms - _FORGET_MS)

    async def leave(self) -> None:
        """Remove the entry; if Redis is away, it goes by itself after `TTL_MS`."""
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._bus.send("DEL", self._key)
                await self._bus.send("ZREM", self._index, self._id)


class _TaskCount:
    """How many tasks the process runs.

    asyncio tells only by walking through all of them, which takes ms where there are thousands. So
    the last count stands until a thousand times as long as it took has passed.
    """

    def __init__(self) -> None:
        self._counted, self._good_until_s = 0, float("-inf")

    def count(self) -> int:
        """Return the number."""
        began_s = monotonic()
        if began_s >= self._good_until_s:
            self._counted = len(asyncio.all_tasks())
            took_s = monotonic() - began_s
            self._good_until_s = began_s + took_s * _COUNT_SELDOM
        return self._counted


async def alive(bus: Bus, index: str, *, within_ms: int = TTL_MS) -> dict[str, dict[str, str]]:
    """Return the processes of a kind that have beaten ``within_ms``: id to fields.

    By what is left of their entries' time, so by Redis' clock alone.
    """
    names = [name.decode() for name in await bus.send("ZRANGE", index, 0, -1)]
    found = [keys.process_key(index, name) for name in names]
    left_ms, entries = await asyncio.gather(
        asyncio.gather(*(bus.send("PTTL", key) for key in found)),
        asyncio.gather(*(bus.send("HGETALL", key) for key in found)),
    )
    return {
        name: {key.decode(): value.decode() for key, value in entry.items()}
        for name, left, entry in zip(names, left_ms, entries, strict=True)
        if entry and left > TTL_MS - within_ms
    }
