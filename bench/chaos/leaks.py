"""What must be gone once every client has said `end`. Linux only (/proc)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import keys, limits
from shared.bus import Bus
from shared.presence import alive
from tests.support.processes import Process
from tests.support.system import System

SPARE_DESCRIPTORS = 3
SPARE_TASKS = 3
"""What a process may be doing at the moment: a beat, a look at the table."""

_LOCAL, _REMOTE, _INODE = 1, 2, 9
"""Columns of /proc/net/tcp."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """The most that any process of a kind holds, by kind."""

    descriptors: dict[str, int]
    tasks: dict[str, int]

    @classmethod
    async def of(cls, system: System, bus: Bus) -> Holdings:
        """Look at all processes."""
        tasks = {
            kind: max(int(fields["tasks"]) for fields in (await alive(bus, kind)).values())
            for kind in (keys.WORKERS, keys.GATEWAYS)
        }
        return cls(descriptors(system), tasks)


async def find_leaks(system: System, bus: Bus, before: Holdings) -> dict[str, int]:
    """Return how much of everything is left; each figure must be 0.

    Args:
        system: After the last client has gone.
        bus: On the system's Redis.
        before: While nobody was connected.
    """
    held = await bus.send("XPENDING", keys.DISPATCH, keys.DISPATCH_GROUP)
    processes = [*(await alive(bus, keys.WORKERS)).values()]
    gateways = [*(await alive(bus, keys.GATEWAYS)).values()]
    live = await system.control(op="sessions")
    after = await Holdings.of(system, bus)
    return {
        "session keys": await _session_keys(bus),
        "sessions listed": await bus.send("ZCARD", keys.SESSIONS),
        "dispatch entries": await bus.send("XLEN", keys.DISPATCH),
        "pending entries": held["pending"],
        "live connections": len(live["sessions"]),
        "subscriptions": len(await bus.send("PUBSUB", "CHANNELS", "session:*")),
        "sessions at workers": sum(int(fields["sessions"]) for fields in processes),
        "sockets at gateways": sum(int(fields["connections"]) for fields in gateways),
        "descriptors": _grown(before.descriptors, after.descriptors, SPARE_DESCRIPTORS),
        "tasks": _grown(before.tasks, after.tasks, SPARE_TASKS),
    }


def _grown(before: dict[str, int], after: dict[str, int], spare: int) -> int:
    return sum(max(0, after[kind] - before.get(kind, after[kind]) - spare) for kind in after)


async def _session_keys(bus: Bus) -> int:
    """Count session keys but for the tombstones, which go by themselves in a minute."""
    left, cursor = 0, 0
    while True:
        cursor, found = await bus.send("SCAN", cursor, "MATCH", "session:*", "COUNT", 500)
        for name in found:
            ttl_s = await bus.send("TTL", name)
            is_stone = name.endswith((b"}", b":down")) and 0 < ttl_s <= limits.TOMBSTONE_S
            left += not (is_stone or ttl_s == _GONE)
        if cursor == 0:
            return left


_GONE = -2


def descriptors(system: System) -> dict[str, int]:
    """Return the most open files of any process of each kind, but for its sockets to Redis.

    Those are kept by pools with bounds of their own, and grow with the sessions ever held at once.
    """
    counts: dict[str, int] = {}
    for process in system.processes:
        if process.is_running:
            count = _open_files(process, system.redis.port)
            counts[process.name] = max(count, counts.get(process.name, 0))
    return counts


def _open_files(process: Process, redis_port: int) -> int:
    folder = Path(f"/proc/{process.process.pid}")
    to_redis = set()
    for line in (folder / "net" / "tcp").read_text("ascii").splitlines()[1:]:
        fields: list[Any] = line.split()
        if fields[_REMOTE].endswith(f":{redis_port:04X}"):
            to_redis.add(f"socket:[{fields[_INODE]}]")
    names = []
    for entry in (folder / "fd").iterdir():
        try:
            names.append(str(entry.readlink()))
        except FileNotFoundError:
            continue  # closed while we looked
    return sum(name not in to_redis for name in names)
