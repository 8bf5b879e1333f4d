"""Sessions spread over the workers that there are, and conversations go on as if nothing was."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.support.client import Client
from tests.support.processes import Process, until
from tests.support.system import System

SESSIONS = 8


async def _talking(system: System) -> list[Client]:
    """Return clients that have had an answer each."""
    clients = [await system.client(f"user-{number}") for number in range(SESSIONS)]
    await asyncio.gather(*(client.connect(system.url()) for client in clients))
    await asyncio.gather(*(_ask(client, 1) for client in clients))
    return clients


async def _ask(client: Client, turn: int) -> None:
    await client.say("text", text=f"Question {turn}")
    await client.wait_for("turn_end", turn=turn)


def _claims(worker: Process) -> int:
    return worker.text.count("session claimed")


async def test_a_new_worker_is_given_its_share(empty_system: System) -> None:
    """Sessions go over one at a time, until none is well above its share; nobody notices."""
    await empty_system.start_live()
    await empty_system.start_gateway()
    full = await empty_system.start_worker()
    clients = await _talking(empty_system)
    assert _claims(full) == SESSIONS

    fresh = await empty_system.start_worker()

    # Five and three: within two of four each.
    await until(lambda: _claims(fresh) == 3, "three were taken by the new one", 30)
    await asyncio.gather(*(_ask(client, 2) for client in clients))
    assert (_claims(full), _claims(fresh)) == (SESSIONS, 3)
    assert full.text.count("session handed over") == 3
    for client in clients:
        assert client.closed is None
        assert client.words("assistant", 2)
        kinds = Counter(message["type"] for message in client.messages)
        assert (kinds["turn_end"], kinds["interrupted"], kinds["gap"]) == (2, 0, 0)
        assert kinds["notice"] == kinds["error"] == 0
        await client.close()


async def test_new_sessions_spread_over_free_workers(empty_system: System) -> None:
    """However many come at once, and whoever asks first: soon no worker has all of them."""
    await empty_system.start_live()
    await empty_system.start_gateway()
    workers = [await empty_system.start_worker() for _ in range(2)]

    clients = await _talking(empty_system)

    await until(lambda: min(map(_claims, workers)) >= SESSIONS // 4, "each has a quarter", 30)
    assert all(client.closed is None for client in clients)
    await asyncio.gather(*(client.close() for client in clients))
