"""Nobody is free: clients wait in line, keep speaking, and are served in their order."""

from __future__ import annotations

from shared import limits
from tests.support.media import silence, speech
from tests.support.processes import until
from tests.support.system import System


async def test_clients_wait_in_line_until_a_worker_comes(empty_system: System) -> None:
    """Each is told its place; what was said meanwhile is heard when a worker is there."""
    await empty_system.start_live()
    await empty_system.start_gateway()
    first, second = await empty_system.client("a"), await empty_system.client("b")
    await first.connect(empty_system.url())
    await first.wait_for("state", state="queued", position=1)
    await second.connect(empty_system.url())
    await second.wait_for("state", state="queued", position=2)
    for chunk in [*speech(first=1, chunks=10), *silence(first=11, chunks=15)]:
        await first.speak(chunk)

    await empty_system.start_worker(WORKER_CAPACITY="1")

    await first.wait_for("turn_end")
    assert first.words("user") == "heard 400 ms"
    await second.wait_for("state", state="queued", position=1)
    await first.say("end")
    await second.wait_for("state", state="live")
    await first.close()
    await second.close()


async def test_a_waiting_client_may_leave(empty_system: System) -> None:
    """A session that no worker has claimed ends at once when its client says so."""
    await empty_system.start_live()
    await empty_system.start_gateway()
    client = await empty_system.client()
    await client.connect(empty_system.url())
    await client.wait_for("state", state="queued")

    await client.say("end")

    assert await client.wait_closed() == (4501, "ended: client")
    worker = await empty_system.start_worker()
    async with empty_system.look() as redis:
        assert not await redis.exists(f"session:{{{client.ready['session']}}}:up")
    follower = await empty_system.client()
    await follower.connect(empty_system.url())
    await follower.wait_for("state", state="live")
    assert client.ready["session"] not in worker.text
    await follower.close()


async def test_speech_that_fell_out_is_announced(empty_system: System) -> None:
    """Waiting longer than the stream holds loses the oldest speech, and `gap` says what."""
    await empty_system.start_live()
    await empty_system.start_gateway()
    client = await empty_system.client()
    chunk = next(silence(first=1, chunks=1))[:64]
    for connection in range(2):  # one may not send that many frames at once
        await client.connect(empty_system.url(), resume=connection > 0)
        for _ in range(limits.UP_MAX_ENTRIES // 2 + 125):
            await client.speak(chunk)
        await client.wait_acked()
        await client.close()
    await client.connect(empty_system.url(), resume=True)

    await empty_system.start_worker()

    gap = await client.wait_for("gap", kind="audio", first=1)
    assert 100 < gap["last"] <= 250
    await client.close()


async def test_every_worker_is_gone(own_system: System) -> None:
    """A live client is told that it waits, keeps speaking, and is served when a worker returns."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")

    await own_system.workers[0].kill()

    await client.wait_for("state", state="queued", position=1)
    for chunk in [*speech(first=1, chunks=10), *silence(first=11, chunks=15)]:
        await client.speak(chunk)
    await client.wait_acked()
    await own_system.start_worker()
    await client.wait_for("state", state="resuming")
    await client.wait_for("turn_end", turn=2)
    assert client.words("user") == "heard 400 ms"
    assert client.closed is None
    await client.close()


async def test_every_worker_is_gone_for_a_minute(own_system: System) -> None:
    """A minute of speech that nobody took is all there when a worker returns, once and in order."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    await own_system.workers[0].kill()
    chunks = 1_500

    for first in range(1, chunks, 500):  # one connection may not bring so much at once
        for chunk in silence(first=first, chunks=500):
            await client.speak(chunk)
        await client.wait_acked()
        await client.close()
        await client.connect(own_system.url(), resume=True)
    await client.wait_for("state", state="queued", position=1)
    await own_system.start_worker()

    async def all_heard() -> bool:
        heard = (await own_system.audio_in_history())[-1]
        return heard == tuple(range(1, chunks + 1))

    await until(all_heard, "the model has heard every chunk once and in order")
    assert not [message for message in client.messages if message["type"] == "gap"]
    await client.close()
