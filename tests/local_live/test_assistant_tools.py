"""The assistant with its real models uses the client's tools, through the official SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from google.genai import types
from google.genai.live import AsyncSession

from gemini_worker.gemini_setup import Policy, Setup, live_config
from shared.options import SessionOptions
from tests.local_live.live_server import MODEL, LiveServer, running
from tests.local_live.samples import invoice_overview, invoice_part
from tests.local_live.talk import Heard

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(find_spec("rapidocr") is None, reason="the models are not installed"),
]

ANSWER_TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("live"), voice_model="none") as server:
        yield server


async def show(live: AsyncSession, picture: bytes) -> None:
    await live.send_realtime_input(video=types.Blob(data=picture, mime_type="image/jpeg"))


async def ask(
    server: LiveServer, question: str, *, error: str = ""
) -> tuple[Heard, list[types.FunctionCall]]:
    """Ask about the small print; return the answer, and the calls that were made for it."""
    options = SessionOptions(tools=("look_closer", "point_at"))
    config = live_config(Setup(MODEL, options, "Be brief."), Policy())
    calls: list[types.FunctionCall] = []
    heard = Heard([])
    async with (
        asyncio.timeout(ANSWER_TIMEOUT_S),
        server.client().aio.live.connect(model=MODEL, config=config) as live,
    ):
        await show(live, invoice_overview())
        await live.send_realtime_input(text=question)
        async for message in live.receive():
            heard.messages.append(message)
            for call in (message.tool_call.function_calls or []) if message.tool_call else []:
                calls.append(call)
                if call.name == "look_closer" and not error:
                    await show(live, invoice_part(call.args or {}))
                result = {"error": error} if error else {"result": "Done."}
                response = types.FunctionResponse(id=call.id, name=call.name, response=result)
                await live.send_tool_response(function_responses=[response])
    return heard, calls


async def test_small_print_is_looked_at_more_closely(server: LiveServer) -> None:
    """A figure too small to be sure of is read from a close-up, and that one is right."""
    heard, calls = await ask(server, "What is the amount due?")

    assert [call.name for call in calls] == ["look_closer"]
    assert "1,938.47 EUR" in heard.said


async def test_it_looks_closer_when_asked_to(server: LiveServer) -> None:
    """What stands at the place that was named is read out."""
    heard, calls = await ask(server, "Zoom in on the invoice number")

    assert [call.name for call in calls] == ["look_closer"]
    assert "84-1167-3309" in heard.said


async def test_a_refusal_is_told(server: LiveServer) -> None:
    """If the client cannot show more, its reason is said, and the answer given all the same."""
    heard, _ = await ask(server, "Zoom in on the invoice number", error="Sharing is paused.")

    assert "I could not look closer: Sharing is paused." in heard.said
    assert "It says:" in heard.said


async def test_it_points_at_what_is_asked_for(server: LiveServer) -> None:
    """The mark lies on the words, in pixels of the frame that its caption numbers."""
    heard, calls = await ask(server, "Where is cancel order?")

    (call,) = [one for one in calls if one.name == "point_at"]
    assert call.args is not None
    assert call.args["frame"] == 12
    assert call.args["label"].lower() == "cancel order"
    assert abs(call.args["x"] - 0.8 * (600 + 36)) < 30
    assert abs(call.args["y"] - 0.8 * (400 + 2 * 48 + 7)) < 12
    assert '"Cancel order" is' in heard.said
    assert "1536x864" not in heard.said
