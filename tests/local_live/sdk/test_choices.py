"""The official SDK, unmodified, against a real local-live process: what a client may choose."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from tests.local_live.live_server import LiveServer
from tests.local_live.samples import jpeg, quiet, tone
from tests.local_live.talk import Heard, kind_of, ledger_of, session, speak, turn

SEARCH: dict[str, Any] = {"tools": [types.Tool(google_search=types.GoogleSearch())]}


@pytest.mark.parametrize(
    ("resolution", "tokens"),
    [
        (types.MediaResolution.MEDIA_RESOLUTION_LOW, 64),
        (types.MediaResolution.MEDIA_RESOLUTION_MEDIUM, 256),
        (types.MediaResolution.MEDIA_RESOLUTION_HIGH, 256 * 5),
    ],
)
async def test_pictures_cost_by_resolution(
    server: LiveServer, resolution: types.MediaResolution, tokens: int
) -> None:
    """64, 256, or 256 and as many for each of the four tiles; told apart from speech and text."""
    async with session(server, media_resolution=resolution) as live:
        blob = types.Blob(data=jpeg(1_536, 864), mime_type="image/jpeg")
        await live.send_realtime_input(video=blob)
        await speak(live, tone(400) + quiet(600))

        heard = await turn(live)

    usage = heard.messages[-1].usage_metadata
    assert usage is not None
    prompt = {one.modality: one.token_count for one in usage.prompt_tokens_details or []}
    assert prompt[types.MediaModality.VIDEO] == tokens
    assert prompt[types.MediaModality.AUDIO] == 25
    assert usage.prompt_token_count == sum(count or 0 for count in prompt.values())


@pytest.mark.parametrize(
    ("sensitivity", "peak", "is_speech"),
    [
        (types.StartSensitivity.START_SENSITIVITY_LOW, 1_500, False),
        (types.StartSensitivity.START_SENSITIVITY_LOW, 8_000, True),
        (types.StartSensitivity.START_SENSITIVITY_HIGH, 500, True),
        (None, 500, False),
        (None, 1_500, True),
    ],
)
async def test_sensitivity_says_what_is_loud_enough(
    server: LiveServer, sensitivity: types.StartSensitivity | None, peak: int, is_speech: bool
) -> None:
    """A murmur is speech where the client wants it to be; clear speech follows and always is."""
    detection = types.AutomaticActivityDetection(start_of_speech_sensitivity=sensitivity)
    realtime = types.RealtimeInputConfig(automatic_activity_detection=detection)
    async with session(server, realtime_input_config=realtime) as live:
        await speak(live, tone(300, peak) + quiet(600))
        heard = [(await turn(live)).understood] if is_speech else []
        await speak(live, tone(200) + quiet(600))
        heard.append((await turn(live)).understood)

    assert heard == ["heard 300 ms", "heard 200 ms"][not is_speech :]


async def test_short_sounds_are_no_speech_where_the_client_says_so(server: LiveServer) -> None:
    """`prefixPaddingMs` is how long sound must last before it is speech."""
    detection = types.AutomaticActivityDetection(prefix_padding_ms=200)
    realtime = types.RealtimeInputConfig(automatic_activity_detection=detection)
    async with session(server, realtime_input_config=realtime) as live:
        await speak(live, tone(120) + quiet(600) + tone(400) + quiet(600))

        assert (await turn(live)).understood == "heard 400 ms"


async def test_a_search_is_cited_where_it_is_allowed(server: LiveServer) -> None:
    """The page that the answer rests on comes as grounding metadata, with its address."""
    async with session(server, **SEARCH) as live:
        await live.send_realtime_input(text="search for night shifts")
        found = await turn(live)
    async with session(server) as live:
        await live.send_realtime_input(text="search for night shifts")
        echoed = await turn(live)

    assert found.said == "I found night shifts."
    contents = [message.server_content for message in found.messages if message.server_content]
    (grounding,) = [one.grounding_metadata for one in contents if one.grounding_metadata]
    (chunk,) = grounding.grounding_chunks or []
    assert chunk.web is not None
    assert chunk.web.uri == "https://search.example/night%20shifts"
    assert echoed.said == "You said: search for night shifts"


async def test_empty_client_content_stops_the_answer(server: LiveServer) -> None:
    """A bare message without turns interrupts; the next question is answered as ever."""
    await server.fault("slow_chunks", seconds=0.05)
    async with session(server) as live:
        await live.send_realtime_input(text="say 50")
        spoken = aiter(live.receive())
        while kind_of(await anext(spoken)) != "speech":
            pass

        await live.send_client_content(turn_complete=False)
        cut = Heard([message async for message in spoken])
        await live.send_realtime_input(text="Still there?")
        after = await turn(live)
        kinds = [item["kind"] for item in await ledger_of(server, live)]

    assert cut.kinds()[-2:] == ["interrupted", "turn_complete"]
    assert after.said == "You said: Still there?"
    assert kinds == ["text", "clientContent", "text"]
