"""The Live side ends the connection, with every code and reason that was ever seen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

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


@dataclass
class Talk:
    """A conversation after its first turn."""

    system: System
    client: Client

    async def live(self) -> str:
        """Return its Live session."""
        (session,) = await self.system.live_sessions()
        return session

    async def lose_connection(self, code: int, reason: str) -> None:
        """Let its Live connection end."""
        if code == 1006:
            await self.system.fault(kind="drop", session=await self.live())
        else:
            await self.system.fault(
                kind="close", code=code, reason=reason, session=await self.live()
            )
        await self.client.wait_for("state", state="resuming")

    async def handle(self) -> bytes | str | None:
        """Return the handle that a worker which took the session over now would go on from."""
        async with self.system.look() as redis:
            keys = SessionKeys.of(self.client.ready["session"])
            return await redis.hget(keys.session, "handle")

    def resumed(self) -> list[str]:
        """Return, for each of its Live connections, whether it was opened with a handle."""
        session = re.escape(self.client.ready["session"])
        log = self.system.workers[0].text
        return [
            str(line)
            for line in re.findall(rf"\blive .*resumed=(True|False).*session={session}", log)
        ]

    async def goes_on(self, *, with_handle: bool) -> None:
        """Ask again: the model knows what was said, and hears nothing twice."""
        await self.client.say("text", text="Second")
        await self.client.wait_for("turn_end", turn=2)
        assert self.client.words("assistant", 2).strip() == "You said: Second"
        assert self.resumed() == ["False", str(with_handle)]
        history = await self.system.control(op="history", session=await self.live())
        said = [turn["text"] for turn in history["turns"] if turn["role"] == "user"]
        assert said == ["First", "Second"]
        await self.leave()

    async def leave(self) -> None:
        """End the conversation, and wait until its Live connection is gone."""
        await self.client.say("end")
        await self.client.wait_closed()

        async def is_gone() -> bool:
            return not await self.system.live_sessions()

        await until(is_gone, "its Live connection is gone")


@pytest_asyncio.fixture
async def talk(system: System) -> AsyncIterator[Talk]:
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    yield Talk(system, client)


@pytest.mark.parametrize(("code", "reason"), KEPT)
async def test_what_may_pass_keeps_the_handle(talk: Talk, code: int, reason: str) -> None:
    """The next connection goes on with the handle, and the model remembers."""
    await talk.lose_connection(code, reason)

    await talk.goes_on(with_handle=True)


@pytest.mark.parametrize(("code", "reason"), DROPPED)
async def test_a_dead_handle_is_dropped(talk: Talk, code: int, reason: str) -> None:
    """The next connection, whoever dials it, is a fresh one and is told what was said."""
    dead = await talk.handle()

    await talk.lose_connection(code, reason)

    async def is_forgotten() -> bool:
        return await talk.handle() != dead

    assert dead
    await until(is_forgotten, "the dead handle is in Redis no more")
    await talk.goes_on(with_handle=False)


@pytest.mark.parametrize(("code", "reason", "ends"), FINAL)
async def test_what_no_dial_can_mend_ends_the_session(
    talk: Talk, code: int, reason: str, ends: str
) -> None:
    """The user is told why, in a sentence, and nothing is dialled again."""
    await talk.system.fault(kind="close", code=code, reason=reason, session=await talk.live())

    over = await talk.client.wait_for("state", state="ended")
    assert over["reason"] == ends
    assert over["message"].endswith(".")
    assert await talk.client.wait_closed() == (4501, f"ended: {ends}")
    assert talk.resumed() == ["False"]


@pytest.mark.parametrize(("status", "ends"), [(503, None), (429, None), (403, "refused")])
async def test_a_refused_handshake(talk: Talk, status: int, ends: str | None) -> None:
    """A status that may pass is dialled again with the handle; a refused key ends the session."""
    await talk.system.fault(kind="http", status=status)

    await talk.lose_connection(1006, "")

    if ends is None:
        await talk.goes_on(with_handle=True)
    else:
        assert await talk.client.wait_closed() == (4501, f"ended: {ends}")


async def test_an_answer_without_end_is_left_when_the_time_is_over(talk: Talk) -> None:
    """An answer longer than goAway allows is cut shortly before, and given anew."""
    await talk.client.say("text", text="say 40")
    await talk.client.wait_for("turn_start", turn=2)

    await talk.system.fault(kind="go_away", seconds=4.0, session=await talk.live())

    await talk.client.wait_for("interrupted", turn=2)
    end = await talk.client.wait_for("turn_end", turn=3, limit_s=40)
    words = talk.client.words("assistant", end["turn"]).split()
    assert words == [f"word{n}" for n in range(1, 41)]
    assert talk.resumed() == ["False", "True"]
    await talk.leave()
