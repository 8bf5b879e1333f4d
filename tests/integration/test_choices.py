"""What a user may choose for a conversation, and what the operator allows, through to the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.client import Client
from tests.support.media import jpeg
from tests.support.system import System

OTHER = "gemini-3.1-flash-live-preview"


@pytest_asyncio.fixture
async def generous(empty_system: System) -> AsyncIterator[System]:
    """A system whose operator offers another model, and lets the model search."""
    await empty_system.start_live(LOCAL_LIVE_STRICT="true")
    await empty_system.start_worker(GEMINI_MODELS=OTHER, WORKER_GOOGLE_SEARCH="true")
    await empty_system.start_gateway()
    yield empty_system


async def _connected(system: System, **options: Any) -> Client:
    client = await system.client()
    await client.connect(system.url(), **options)
    return client


async def test_the_model_is_the_users_choice(generous: System) -> None:
    """A model that is offered answers; any other is replaced by the default, and that is told."""
    chosen = await _connected(generous, model=OTHER, tools=["look_closer"])
    other = await _connected(generous, model="gemini-2.5-flash-native-audio-latest")

    assert (await chosen.wait_for("state", state="live"))["model"] == OTHER
    assert (await other.wait_for("state", state="live"))["model"] == "gemini-3.8-live"
    notice = await other.wait_for("notice", code="model_not_offered")
    assert "gemini-2.5-flash-native-audio-latest is not offered" in notice["message"]
    assert not [message for message in chosen.messages if message["type"] == "notice"]
    await chosen.say("text", text="Who answers?")
    await chosen.wait_for("turn_end")
    await chosen.close()
    await other.close()


async def test_detail_decides_what_a_picture_costs(generous: System) -> None:
    """Tokens come by kind, and those of pictures follow the user's choice."""
    costs = {}
    for detail in ("saver", "balanced", "sharp"):
        client = await _connected(generous, detail=detail, sensitivity="high")
        await client.show(jpeg(1_536, 888))
        await client.say("text", text="What is this?", picture=1)
        usage = await client.wait_for("usage")
        costs[detail] = usage["details"]["prompt"]["image"]
        assert usage["details"]["response"] == {"text": 0, "audio": usage["response_tokens"]}
        assert sum(usage["details"]["prompt"].values()) == usage["prompt_tokens"]
        await client.close()

    assert costs == {"saver": 64, "balanced": 256, "sharp": 256 * 5}


async def test_sources_of_an_answer_are_cited(generous: System) -> None:
    """What the model has looked up comes with the turn that rests on it."""
    client = await _connected(generous)
    await client.say("text", text="search for night shifts")

    citations = await client.wait_for("citations")

    end = await client.wait_for("turn_end")
    assert citations["turn"] == end["turn"]
    assert citations["sources"] == [
        {"title": "About night shifts", "url": "https://search.example/night%20shifts"}
    ]
    await client.close()
