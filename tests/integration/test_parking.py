"""A conversation in which nothing happens costs no worker and no connection, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.rest import AGAIN_S
from shared import keys, limits
from tests.support.browser import chromium, keep_picture, press, serve_page, silent
from tests.support.client import Client
from tests.support.media import jpeg, silence, speech
from tests.support.processes import until
from tests.support.system import System, bare_system

PARK_S = "0.5"


async def _open(system: System) -> System:
    """Start a worker that parks soon, and has room for one session."""
    await system.start_live()
    await system.start_worker(WORKER_PARK_S=PARK_S, WORKER_CAPACITY="1")
    await system.start_gateway()
    await system.start_gateway()
    return system


@pytest.fixture
async def own_lot(empty_system: System) -> System:
    """Such a system, which the test may break."""
    return await _open(empty_system)


@pytest.fixture(scope="module")
async def _common_lot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with bare_system(tmp_path_factory.mktemp("lot")) as system:
        yield await _open(system)


@pytest.fixture
async def lot(_common_lot: System) -> AsyncIterator[System]:
    """Such a system, shared by all tests that break nothing."""
    yield _common_lot
    await _common_lot.end_sessions()


async def _parked(system: System, client: Client) -> None:
    """Wait until a client's session is parked, and the model's connection gone."""
    await until(lambda: _states(client)[-1] == "parked", "it is told to be parked")

    async def is_nobody_there() -> bool:
        return not await system.live_sessions()

    await until(is_nobody_there, "the connection is gone")


def _states(client: Client) -> list[str]:
    return [message["state"] for message in client.messages if message["type"] == "state"]


async def _talked(system: System, **options: Any) -> Client:
    """Return a client that was heard and answered, and is parked."""
    client = await system.client()
    await client.connect(system.url(), **options)
    await client.wait_for("state", state="live")
    for chunk in [*speech(first=1, chunks=10), *silence(first=11, chunks=15)]:
        await client.speak(chunk)
    await client.show(jpeg(320, 200))
    await client.wait_for("turn_end", turn=1)
    await _parked(system, client)
    return client


async def _left(system: System, client: Client) -> list[object]:
    async with system.look() as redis:
        session = f"session:{{{client.ready['session']}}}"
        found = await redis.hmget(session, ["state", "worker", "crashes", "wakes"])
        return list(found)


async def test_speech_wakes_it_and_the_model_knows_what_was_said(lot: System) -> None:
    """All of it is heard, once and in order, by a model that goes on from before."""
    client = await _talked(lot)
    async with lot.look() as redis:
        assert await redis.xlen(keys.DISPATCH) == 0

    for chunk in [*speech(first=101, chunks=10), *silence(first=111, chunks=15)]:
        await client.speak(chunk)
    await client.wait_for("turn_end", turn=2)

    assert client.words("user", 2) == "heard 400 ms"
    assert [*range(1, 26), *range(101, 126)] in map(list, await lot.audio_in_history())
    assert _states(client) == ["connecting", "live", "parked", "connecting", "live"]
    assert client.closed is None
    assert (await _left(lot, client))[2:] == [b"0", b"1"]
    await client.close()


@pytest.mark.parametrize("how", ["typed", "shown"])
async def test_whatever_is_said_wakes_it(lot: System, how: str) -> None:
    """A question, and a picture: the model watches."""
    client = await _talked(lot)

    if how == "typed":
        await client.say("text", text="Good morning")
        await client.wait_for("turn_end", turn=2)
    else:
        await client.show(jpeg(320, 200))
        await until(lambda: _states(client)[-1] == "live", "it is woken")

    await _parked(lot, client)
    await client.close()


async def test_what_is_parked_leaves_room_for_others(lot: System) -> None:
    """A worker for one serves two, one after the other, and nobody waits for who is silent."""
    clients = [await _talked(lot) for _ in range(2)]

    for client in clients:
        await client.say("text", text="Good morning")
        await client.wait_for("turn_end", turn=2)
        await _parked(lot, client)

    assert [client.closed for client in clients] == [None] * 2
    for client in clients:
        await client.close()


async def test_it_outlives_its_gateway_and_its_worker(own_lot: System) -> None:
    """Nobody need be there but Redis; whoever comes back finds it parked, and speaks on."""
    client = await _talked(own_lot)
    await own_lot.workers[0].kill()
    await own_lot.gateways[0][0].kill()
    await client.wait_closed()

    ready = await client.connect(own_lot.url(1), resume=True)
    await client.wait_for("state", state="parked", after=len(client.messages) - 1)
    await client.say("text", text="Good morning")
    await client.wait_for("state", state="queued", position=1)
    await own_lot.start_worker()

    assert ready["resumed"]
    await client.wait_for("turn_end", turn=2)
    assert (await _left(own_lot, client))[2:] == [b"0", b"1"]
    await client.close()


async def test_a_page_loaded_again_leaves_it_parked(lot: System) -> None:
    """It gets the transcript, and no model is asked for anything."""
    client = await _talked(lot)
    await client.close()

    ready = await client.connect(lot.url(1), resume=True, forget=True)

    assert [turn["role"] for turn in ready["history"]] == ["user", "assistant"]
    assert (await client.wait_for("state", state="parked", after=len(client.messages) - 1))["model"]
    assert not await lot.live_sessions()
    await client.close()


async def test_a_place_in_line_that_redis_lost_is_taken_again(own_lot: System) -> None:
    """What the client has said does not wait for ever."""
    client = await _talked(own_lot)
    await own_lot.workers[0].kill()
    await client.say("text", text="Good morning")
    await client.wait_for("state", state="queued", position=1)
    async with own_lot.look() as redis:
        await redis.xtrim(keys.DISPATCH, maxlen=0)

    await own_lot.start_worker()

    await client.wait_for("turn_end", turn=2, limit_s=AGAIN_S + 15.0)
    await client.close()


async def test_its_client_ends_it_without_a_worker(lot: System) -> None:
    """At once, and nothing is dialled for it."""
    client = await _talked(lot)

    await client.say("end")

    assert await client.wait_closed() == (4501, "ended: client")
    assert await _left(lot, client) == [b"ended", b"", b"0", None]
    async with lot.look() as redis:

        async def is_line_empty() -> bool:
            return not await redis.xlen(keys.DISPATCH)

        await until(is_line_empty, "its place in line is given up")


async def test_a_long_quiet_is_no_loss(lot: System) -> None:
    """Minutes of an open microphone that no handle stands for: heard, and nobody's business."""
    client = await _talked(lot)
    quiet = next(silence(first=1, chunks=1))[:64]
    for _ in range(2):  # one may not send that many frames at once
        for _ in range(limits.UP_MAX_ENTRIES // 2 + 125):
            await client.speak(quiet)
        await client.wait_acked()
        await client.close()
        await client.connect(lot.url(), resume=True)
    await _parked(lot, client)

    await client.say("text", text="Good morning")

    await client.wait_for("turn_end", turn=2)
    assert [message for message in client.messages if message["type"] == "gap"] == []
    await client.close()


async def test_who_speaks_on_is_never_parked(lot: System) -> None:
    """Silence of an open microphone is for the model to hear."""
    client = await _talked(lot)

    for chunk in silence(first=101, chunks=50):
        await client.speak(chunk)
        await asyncio.sleep(
            0.04
        )  # as fast as anybody speaks; four times as long as it takes to park

    assert _states(client) == ["connecting", "live", "parked", "connecting", "live"]
    await _parked(lot, client)
    await client.close()


@pytest.mark.browser
async def test_the_page_shows_nothing_of_it(empty_system: System, tmp_path: Path) -> None:
    """A page that was left alone is ready as ever, and goes on; so does one loaded again."""
    await empty_system.start_live()
    await empty_system.start_worker(WORKER_PARK_S=PARK_S)
    address = await serve_page(empty_system)

    async def is_parked() -> bool:
        return not await empty_system.live_sessions()

    async with chromium(microphone=silent(tmp_path)) as browser:
        page = await browser.new_page()
        await page.goto(address)
        await press(page, "start-type")
        for number, question in enumerate(("First", "Second", "Third")):
            await page.locator("#composer-text").fill(question)
            await page.keyboard.press("Enter")
            answer = page.locator("[data-from='assistant']", has_text=f"You said: {question}")
            await answer.first.wait_for(timeout=30_000)
            await until(is_parked, "nobody listens any more", 30)
            await page.locator("html[data-state='ready']").wait_for(state="attached")
            if number == 1:
                await page.reload()
                await answer.first.wait_for(timeout=30_000)
                await page.locator("html[data-state='ready']").wait_for(state="attached")

        assert await page.locator("[data-from='assistant']").count() == 3
        await keep_picture(page, "parked")
