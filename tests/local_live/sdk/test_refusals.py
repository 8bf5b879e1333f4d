"""What a real local-live process refuses, takes in either spelling, and sends."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import httpx
import pytest
from google.genai import errors, types
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.local_live.live_server import LIVE_PATH, MODEL, LiveServer, running
from tests.local_live.samples import jpeg
from tests.local_live.talk import (
    ended,
    session,
    turn,
)


async def test_wrong_key_is_refused_after_setup(server: LiveServer) -> None:
    """A key that begins with "refuse" gets Google's answer to a wrong one."""
    with pytest.raises(errors.APIError) as caught:
        async with session(server, key="refuse-me"):
            pass

    assert caught.value.code == 1007
    assert str(caught.value.details).startswith("API key not valid")


async def test_wrong_model_is_not_found(server: LiveServer) -> None:
    """A model that does not exist closes with 1008 and names itself and the version."""
    with pytest.raises(errors.APIError) as caught:
        async with session(server, "gemini-9-live"):
            pass

    assert caught.value.code == 1008
    assert str(caught.value.details).startswith("models/gemini-9-live is not found for API version")


async def test_field_that_the_model_does_not_know_is_refused(server: LiveServer) -> None:
    """3.8 has no thinking: the field closes the connection, whatever its value."""
    with pytest.raises(errors.APIError) as caught:
        async with session(server, thinking_config={"thinking_budget": 0}):
            pass

    assert caught.value.code == 1007
    assert 'Unknown name "thinkingConfig"' in str(caught.value.details)


async def test_deprecated_media_is_refused(server: LiveServer) -> None:
    """`media=` makes media_chunks, which newer models refuse."""
    async with session(server) as live:
        await live.send_realtime_input(media=types.Blob(data=b"\0\0", mime_type="audio/pcm"))

        error = await ended(live)

    assert error.code == 1007
    assert "media_chunks is deprecated" in str(error.details)


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        '{"realtimeInput":{"text":"too early"}}',
        '{"setup":{}}',
        '{"setup":{"model":"models/gemini-3.8-live","colour":"red"}}',
        '{"setup":{"model":"models/gemini-3.8-live"},"clientContent":{}}',
    ],
)
async def test_bad_first_frame_closes_with_1007(server: LiveServer, frame: str) -> None:
    """Whatever comes first and is not a good setup ends that connection, and no other."""
    async with session(server) as bystander, server.raw() as socket:
        await socket.send(frame)

        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
        await bystander.send_realtime_input(text="still here")

        assert (await turn(bystander)).said == "You said: still here"
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1007


@pytest.mark.parametrize(
    "frame",
    [
        '{"setup":{"model":"models/gemini-3.8-live"}}',
        '{"somethingElse":{}}',
        '{"realtimeInput":{"audio":{"mimeType":"audio/pcm","data":"AAA="},"colour":1}}',
        '{"realtimeInput":{"audio":{"mimeType":"audio/pcm","data":"AAAA"}}}',
        '{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=1","data":"AAAAAA=="}}}',
        '{"realtimeInput":{"audio":{"mimeType":"audio/pcm","data":"%%%%"}}}',
        '{"realtimeInput":{"video":{"mimeType":"image/jpeg","data":"AAAA"}}}',
        '{"clientContent":{"turns":[{"parts":[{"text":"no role"}]}]}}',
        '{"clientContent":{"turns":"text"}}',
    ],
)
async def test_bad_later_frame_closes_with_1007(server: LiveServer, frame: str) -> None:
    """Malformed input ends the connection that it came on."""
    async with server.raw() as socket:
        await socket.send('{"setup":{"model":"models/gemini-3.8-live"}}')
        await socket.recv()
        await socket.send(frame)

        with pytest.raises(ConnectionClosed) as caught:
            await _read_for_ever(socket)

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1007


async def _read_for_ever(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


@pytest.mark.parametrize("snake", [True, False])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
async def test_both_spellings_and_alphabets_are_taken(
    server: LiveServer, snake: bool, encode: Any
) -> None:
    """The same picture, in each way that clients write it; padding is optional too."""
    data = encode(jpeg(64, 48)).decode().rstrip("=" if snake else "")
    names = (
        ("realtime_input", "mime_type", "output_audio_transcription")
        if snake
        else ("realtimeInput", "mimeType", "outputAudioTranscription")
    )
    async with server.raw() as socket:
        await socket.send(json.dumps({"setup": {"model": f"models/{MODEL}", names[2]: {}}}))
        await socket.recv()
        await socket.send(json.dumps({names[0]: {"video": {names[1]: "image/jpeg", "data": data}}}))
        await socket.send(json.dumps({names[0]: {"text": "look"}}))
        said = ""
        while not said.endswith("\u00d748)"):
            raw = await socket.recv()
            assert isinstance(raw, bytes)
            content = json.loads(raw).get("serverContent", {})
            said += content.get("outputTranscription", {}).get("text", "")

    assert said == "You said: look (picture 64\u00d748)"


async def test_paths_and_keys(server: LiveServer) -> None:
    """Slashes and a prefix before the path do no harm; no key, or another path, is refused."""
    async with server.raw("//proxy/" + LIVE_PATH, key="k") as socket:
        await socket.send(json.dumps({"setup": {"model": MODEL}}))
        assert "setupComplete" in json.loads(await socket.recv())

    with pytest.raises(InvalidStatus) as keyless:
        async with server.raw(key=""):
            pass
    with pytest.raises(InvalidStatus) as lost:
        async with server.raw("/elsewhere"):
            pass

    assert keyless.value.response.status_code == 403
    assert lost.value.response.status_code == 404


async def test_health_is_plain_http(server: LiveServer) -> None:
    """A GET, as a container's health check sends it, is answered without a WebSocket."""
    url = f"https://localhost:{server.port}/healthz"

    async with httpx.AsyncClient(verify=server.context, trust_env=False) as client:
        response = await client.get(url)

    assert (response.status_code, response.text) == (200, "ok\n")


async def test_everything_sent_is_known_to_the_sdk(server: LiveServer) -> None:
    """Read by the SDK's own types, no field of any frame is lost."""
    await server.fault("tool_call", name="lights", args={"on": True}, turn=1)
    setup = {
        "model": MODEL,
        "sessionResumption": {},
        "outputAudioTranscription": {},
        "inputAudioTranscription": {},
    }
    frames: list[dict[str, Any]] = []
    async with server.raw() as socket:
        await socket.send(json.dumps({"setup": setup}))
        await socket.send(json.dumps({"realtimeInput": {"text": "light"}}))
        while not (frames and "handle" in str(frames[-1]).lower()):
            frames.append(json.loads(await socket.recv()))
            if call := frames[-1].get("toolCall"):
                done = {"id": call["functionCalls"][0]["id"], "response": {"ok": True}}
                await socket.send(json.dumps({"toolResponse": {"functionResponses": [done]}}))
        await server.fault("phantom_interrupted")
        await server.fault("go_away", seconds=30)
        while not frames[-1].get("goAway"):
            frames.append(json.loads(await socket.recv()))

    for frame in frames:
        parsed = types.LiveServerMessage.model_validate(frame)
        assert _leaves(frame) == _leaves(parsed.model_dump(exclude_none=True, by_alias=True)), frame
    assert {next(iter(frame)) for frame in frames} == {
        "setupComplete",
        "sessionResumptionUpdate",
        "toolCall",
        "serverContent",
        "goAway",
    }


def _leaves(value: Any) -> int:
    """Count what a frame says; lists and objects themselves say nothing."""
    if isinstance(value, dict):
        return sum(_leaves(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_leaves(inner) for inner in value)
    return 1


async def test_sigterm_ends_it_within_two_seconds(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """An open session does not hold the process; its client sees 1001."""
    with running(tmp_path_factory.mktemp("stop"), mode="scripted") as server:
        async with session(server) as live:
            started_s = time.monotonic()
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            error = await ended(live)
            code = await stopping
            took_s = time.monotonic() - started_s

    assert error.code == 1001
    assert code == 0
    assert took_s < 2.0
