"""A worker with two hundred sessions dies."""

from __future__ import annotations

import asyncio
import time

from tests.support.client import Client
from tests.support.processes import until
from tests.support.system import System

SESSIONS = 200
ROOM = 80


async def test_two_hundred_sessions_are_taken_over(empty_system: System) -> None:
    """The rest take what they have room for; the others are told their place, and wait for room."""
    system = empty_system
    await system.start_live(LOCAL_LIVE_MAX_SESSIONS="500")
    first = await system.start_worker(WORKER_CAPACITY=str(SESSIONS))
    await system.start_gateway()
    clients = [await system.client(f"user-{number}") for number in range(SESSIONS)]
    await asyncio.gather(*(client.connect(system.url()) for client in clients))
    await asyncio.gather(
        *(client.wait_for("state", state="live", limit_s=90) for client in clients)
    )
    rest = [await system.start_worker(WORKER_CAPACITY=str(ROOM)) for _ in range(2)]

    killed_at = time.monotonic()
    await first.kill()

    def resumed() -> list[Client]:
        return [
            client
            for client in clients
            if any(
                m["type"] == "state" and m.get("id", "").startswith("2-") for m in client.messages
            )
        ]

    await until(lambda: len(resumed()) == 2 * ROOM, "all room is taken", 60)
    took_s = time.monotonic() - killed_at
    waiting = [client for client in clients if client not in resumed()]

    def told() -> set[int]:
        last = [
            [m for m in client.messages if m["type"] == "state"][-1].get("position", 0)
            for client in waiting
        ]
        return set(last)

    await until(lambda: told() == set(range(1, len(waiting) + 1)), "each knows its place", 30)
    print(f"{2 * ROOM} sessions taken over in {took_s:.1f} s")  # noqa: T201
    taken = [process.text.count("session claimed") for process in rest]
    assert taken == [ROOM, ROOM]

    await system.start_worker(WORKER_CAPACITY=str(SESSIONS))

    await until(lambda: len(resumed()) == SESSIONS, "all are served again", 60)
    assert all(client.closed is None for client in clients)
    await asyncio.gather(*(client.close() for client in clients))
