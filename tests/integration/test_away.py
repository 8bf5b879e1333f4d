"""A client is away: the network, or a laptop that sleeps. The time is set, not waited for."""

from __future__ import annotations

import pytest

from shared import limits
from tests.support.client import Client
from tests.support.processes import until
from tests.support.system import System


async def _lost_in_mid_answer(system: System) -> Client:
    """Return a client that lost its connection while a long answer was given to it."""
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="say 20")
    await client.wait_for("turn_start")
    await until(lambda: client.audio, "speech has begun")
    client.drop()
    await client.wait_closed()
    return client


async def _answered(system: System, client: Client) -> None:
    """Wait until the answer is complete, while nobody hears it."""

    async def is_complete() -> bool:
        async with system.look() as redis:
            return bool(await redis.xlen(f"{_key(client)}:history") == 2)

    await until(is_complete, "the answer is complete")


async def _let_time_pass(system: System, client: Client, away_s: float) -> None:
    """Make the client's absence look longer."""
    async with system.look() as redis:
        await redis.hincrby(_key(client), "seen_ms", -round(away_s * 1000))


def _key(client: Client) -> str:
    return f"session:{{{client.ready['session']}}}"


@pytest.mark.parametrize("away_s", [20.0, 120.0], ids=["network away", "laptop asleep"])
async def test_who_was_away_gets_the_text_and_no_old_speech(system: System, away_s: float) -> None:
    """The same conversation, with all of the answer to read, and sound from now on."""
    client = await _lost_in_mid_answer(system)
    heard_ms = client.heard_ms()
    await _answered(system, client)
    await _let_time_pass(system, client, away_s)
    session = client.ready["session"]

    await client.connect(system.url(), resume=True)

    assert client.ready["resumed"]
    assert client.ready["session"] == session
    await client.wait_for("turn_end", turn=1)
    assert client.words("assistant", 1).split() == [f"word{n}" for n in range(1, 21)]
    assert client.heard_ms() == heard_ms
    await client.say("text", text="Go on")
    await client.wait_for("turn_end", turn=2)
    assert client.heard_ms(2) > 0
    await client.say("end")
    await client.wait_closed()


async def test_who_reloads_after_a_while_gets_the_transcript(system: System) -> None:
    """A page that has forgotten everything is given the finished turns, and no old speech."""
    client = await _lost_in_mid_answer(system)
    heard_ms = client.heard_ms()
    await _answered(system, client)
    await _let_time_pass(system, client, 20.0)

    ready = await client.connect(system.url(), resume=True, forget=True)

    assert [(turn["role"], turn["turn"]) for turn in ready["history"]] == [
        *(("user", 1), ("assistant", 1))
    ]
    assert ready["history"][1]["text"].split() == [f"word{n}" for n in range(1, 21)]
    await client.say("text", text="Go on")
    await client.wait_for("turn_end", turn=2)
    assert client.heard_ms(1) == heard_ms
    await client.say("end")
    await client.wait_closed()


async def test_who_was_away_too_long_starts_anew(system: System) -> None:
    """After the grace the session is over, nothing of it is left, and a new one begins."""
    client = await _lost_in_mid_answer(system)
    key = _key(client)
    await _let_time_pass(system, client, limits.GRACE_S)

    async def is_over() -> bool:
        async with system.look() as redis:
            return bool(await redis.hget(key, "reason") == b"idle")

    await until(is_over, "the session is over")
    ready = await client.connect(system.url(), resume=True)

    assert not ready["resumed"]
    await client.wait_for("error", code="no_session")
    async with system.look() as redis:
        assert not await redis.exists(f"{key}:up", f"{key}:frames", f"{key}:history")
    await client.say("end")
    await client.wait_closed()
