"""Who is alive: each process renews a hash with a TTL, and an index tells their names."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable

from shared import keys
from shared.bus import Bus
from shared.bus.commands import Arg
from shared.errors import BusError

BEAT_S = 1.0
TTL_MS = 5_000
LEAVE_S = 1.0
_FORGET_MS = 60_000


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
        now_ms = int(time.time() * 1000)
        fields = {**self._describe(), "tasks": len(asyncio.all_tasks()), "seen_ms": now_ms}
        flat = [item for pair in fields.items() for item in pair]
        waiting = [
            self._bus.send("HSET", self._key, *flat),
            self._bus.send("PEXPIRE", self._key, TTL_MS),
            self._bus.send("ZADD", self._index, now_ms, self._id),
            self._bus.send("ZREMRANGEBYSCORE", self._index, "-inf", now_ms - _FORGET_MS),
        ]
        await asyncio.gather(*waiting)

    async def leave(self) -> None:
        """Remove the entry; if Redis is away, it goes by itself after `TTL_MS`."""
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._bus.send("DEL", self._key)
                await self._bus.send("ZREM", self._index, self._id)


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
