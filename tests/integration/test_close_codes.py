"""The Live side ends the connection, with every code and reason that was ever seen."""

from __future__ import annotations

import re

import pytest

from shared.keys import SessionKeys
from tests.support.client import Client
from tests.support.processes import until
from tests.support.system import System

KEPT = [
    (1000, "bye"),
    (1006, ""),
    (1011, "Internal error occurred."),
    (1011, "Deadline expired before operation could complete."),
    (1011, "RESOURCE_EXHAUSTED: You exceeded your current quota"),
]
DROPPED = [
    (1007, "Invalid session handle"),
    (1008, "BidiGenerateContent session not found"),
    (1008, "Requested entity was not found."),
    (1008, "Operation is not implemented, or supported, or enabled."),
]
FINAL = [
    (1007, "Request contains an invalid argument.", "failed"),
    (1007, 'Invalid JSON payload received. Unknown name "thinkingConfig"', "failed"),
    (1007, "Cannot extract voices from a non-audio request", "failed"),
    (1007, "API key not valid. Please pass a valid API key.", "refused"),
    (1007, "API key expired. Please renew the API key.", "refused"),
    (1008, "models/x is not found for API version v1beta", "refused"),
    (1008, "Publisher model publishers/google/models/x not found", "refused"),
]


async def _after_a_first_turn(system: System) -> Client:
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    return client


async def _end_connection(system: System, client: Client, code: int, reason: str) -> None:
    """Let the Live connection of this client end."""
    (live,) = (await system.control(op="sessions"))["sessions"]
    if code == 1006:
        await system.fault(kind="drop", session=live["session"])
    else:
        await system.fault(kind="close", code=code, reason=reason, session=live["session"])
    await client.wait_for("state", state="resuming")


async def _handle(system: System, client: Client) -> bytes | str | None:
    """Return the handle that a worker which took the session over now would go on from."""
    async with system.look() as redis:
        keys = SessionKeys.of(client.ready["session"])
        return await redis.hget(keys.session, "handle")


def _resumed(system: System, client: Client) -> list[str]:
    """Return, for each Live connection of a client, whether it was opened with a handle."""
    session = re.escape(client.ready["session"])
    lines = re.findall(rf"\blive .*resumed=(True|False).*session={session}", _log(system))
    return [str(line) for line in lines]


def _log(system: System) -> str:
    return system.workers[0].text


async def _goes_on(system: System, client: Client, *, with_handle: bool) -> None:
    await client.say("text", text="Second")
    await client.wait_for("turn_end", turn=2)
    assert client.words("assistant", 2).strip() == "You said: Second"
    assert _resumed(system, client) == ["False", str(with_handle)]
    (live,) = (await system.control(op="sessions"))["sessions"]
    history = await system.control(op="history", session=live["session"])
    said = [turn["text"] for turn in history["turns"] if turn["role"] == "user"]
    assert said == ["First", "Second"]
    await _leave(system, client)


async def _leave(system: System, client: Client) -> None:
    """End the conversation, and wait until its Live connection is gone."""
    await client.say("end")
    await client.wait_closed()

    async def is_empty() -> bool:
        return not (await system.control(op="sessions"))["sessions"]

    await until(is_empty, "no Live connection is left")


@pytest.mark.parametrize(("code", "reason"), KEPT)
async def test_what_may_pass_keeps_the_handle(system: System, code: int, reason: str) -> None:
    """The next connection goes on with the handle, and the model remembers."""
    client = await _after_a_first_turn(system)

    await _end_connection(system, client, code, reason)

    await _goes_on(system, client, with_handle=True)


@pytest.mark.parametrize(("code", "reason"), DROPPED)
async def test_a_dead_handle_is_dropped(system: System, code: int, reason: str) -> None:
    """The next connection, whoever dials it, is a fresh one and is told what was said."""
    client = await _after_a_first_turn(system)
    dead = await _handle(system, client)

    await _end_connection(system, client, code, reason)

    async def is_forgotten() -> bool:
        return await _handle(system, client) != dead

    assert dead
    await until(is_forgotten, "the dead handle is in Redis no more")
    await _goes_on(system, client, with_handle=False)


@pytest.mark.parametrize(("code", "reason", "ends"), FINAL)
async def test_what_no_dial_can_mend_ends_the_session(
    system: System, code: int, reason: str, ends: str
) -> None:
    """The user is told why, in a sentence, and nothing is dialled again."""
    client = await _after_a_first_turn(system)
    (live,) = (await system.control(op="sessions"))["sessions"]

    await system.fault(kind="close", code=code, reason=reason, session=live["session"])

    over = await client.wait_for("state", state="ended")
    assert over["reason"] == ends
    assert over["message"].endswith(".")
    assert await client.wait_closed() == (4501, f"ended: {ends}")
    assert _resumed(system, client) == ["False"]


@pytest.mark.parametrize(("status", "ends"), [(503, None), (429, None), (403, "refused")])
async def test_a_refused_handshake(system: System, status: int, ends: str | None) -> None:
    """A status that may pass is dialled again with the handle; a refused key ends the session."""
    client = await _after_a_first_turn(system)
    await system.fault(kind="http", status=status)

    await _end_connection(system, client, 1006, "")

    if ends is None:
        await _goes_on(system, client, with_handle=True)
    else:
        assert await client.wait_closed() == (4501, f"ended: {ends}")


async def test_an_answer_without_end_is_left_when_the_time_is_over(system: System) -> None:
    """An answer longer than goAway allows is cut shortly before, and given anew."""
    client = await _after_a_first_turn(system)
    await client.say("text", text="say 40")
    await client.wait_for("turn_start", turn=2)

    await system.fault(kind="go_away", seconds=4.0)

    await client.wait_for("interrupted", turn=2)
    end = await client.wait_for("turn_end", turn=3, limit_s=40)
    assert client.words("assistant", end["turn"]).split() == [f"word{n}" for n in range(1, 41)]
    assert _resumed(system, client) == ["False", "True"]
    await _leave(system, client)
