"""A cancelled read ends: redis-py alone swallows two cancellations in five under load."""

from __future__ import annotations

import asyncio

from shared.bus import Bus
from shared.bus.pipeline import Pipeline

READS = 60


async def test_a_cancelled_read_ends(bus: Bus) -> None:
    """A task that reads in a loop ends when it is cancelled, at whatever moment that is."""
    for number in range(1, 200):
        await bus.send("XADD", "stream", f"1-{number}", "m", b"x" * 64)

    async def read_forever() -> None:
        while True:
            await bus.read("XREAD", "COUNT", 1, "BLOCK", 1_000, "STREAMS", "stream", "0-0")

    for moment in range(READS):
        reading = asyncio.create_task(read_forever())
        await asyncio.sleep(moment / READS * 0.005)

        reading.cancel()

        done, _ = await asyncio.wait([reading], timeout=2.0)
        assert done, f"cancelled after {moment / READS * 5:.2f} ms, and still reading"


async def test_a_cancelled_opening_ends(bus: Bus) -> None:
    """A task that opens connections in a loop ends when it is cancelled, and leaves none behind."""

    async def open_forever() -> None:
        while True:
            (await Pipeline.open(bus._client, lambda _: None, lambda: None)).close()

    for moment in range(READS):
        opening = asyncio.create_task(open_forever())
        await asyncio.sleep(moment / READS * 0.01)

        opening.cancel()

        done, _ = await asyncio.wait([opening], timeout=2.0)
        assert done, f"cancelled after {moment / READS * 10:.2f} ms, and still opening"
