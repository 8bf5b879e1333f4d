"""The official SDK, unmodified, against a real local-live process in scripted mode."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from google.genai import errors, types
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.local_live.live_server import LIVE_PATH, MODEL, LiveServer, running
from tests.local_live.samples import jpeg, quiet, tone
from tests.local_live.talk import (
    Heard,
    ended,
    kind_of,
    ledger_of,
    next_handle,
    session,
    speak,
    turn,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("live")
    with running(folder, mode="scripted", script_pace="20", strict="true") as server:
        yield server


@pytest.fixture(autouse=True)
async def no_faults(server: LiveServer) -> AsyncIterator[None]:
    yield
    await server.control(op="clear")


# Turns


async def test_typed_turn_has_googles_order_of_frames(server: LiveServer) -> None:
    """A typed question is answered by sound and words, then completed, then made resumable."""
    async with session(server) as live:
        await live.send_realtime_input(text="hello there")

        heard = await turn(live)
        update = await next_handle(live)

    assert heard.kinds() == [
        "session_resumption_update",
        "speech",
        "output_transcription",
        "generation_complete",
        "turn_complete",
    ]
    assert heard.said == "You said: hello there"
    assert len(heard.audio) == 4 * 300 * 48
    usage = heard.messages[-1].usage_metadata
    assert usage is not None
    assert usage.response_token_count == 30
    assert update.last_consumed_client_message_index == 0


async def test_spoken_turn_measures_what_it_heard(server: LiveServer) -> None:
    """Speech ends after 400 ms of quiet; the transcript says how much was voiced."""
    async with session(server) as live:
        await speak(live, quiet(200) + tone(620) + quiet(500))

        heard = await turn(live)

    assert heard.understood == "heard 620 ms"
    assert heard.said == "I heard 620 ms."


async def test_switching_the_microphone_off_ends_the_speech(server: LiveServer) -> None:
    """`audioStreamEnd` answers at once, without waiting for silence."""
    async with session(server) as live:
        await speak(live, tone(300))

        await live.send_realtime_input(audio_stream_end=True)

        assert (await turn(live)).said == "I heard 300 ms."


async def test_push_to_talk_takes_what_lies_between_the_signals(server: LiveServer) -> None:
    """With detection disabled, only `activityStart` and `activityEnd` make an utterance."""
    manual: dict[str, Any] = {
        "realtime_input_config": {"automatic_activity_detection": {"disabled": True}}
    }
    async with session(server, **manual) as live:
        await speak(live, tone(500))
        await live.send_realtime_input(activity_start=types.ActivityStart())
        await speak(live, tone(200) + quiet(800) + tone(200))
        await live.send_realtime_input(activity_end=types.ActivityEnd())

        assert (await turn(live)).said == "I heard 400 ms."


async def test_picture_is_named_once(server: LiveServer) -> None:
    """The answer names the size of a picture that came since the last turn, and only then."""
    async with session(server) as live:
        blob = types.Blob(data=jpeg(640, 480), mime_type="image/jpeg")
        await live.send_realtime_input(video=blob)
        await live.send_realtime_input(text="one")
        first = await turn(live)
        await live.send_realtime_input(text="two")
        second = await turn(live)

    assert first.said == "You said: one (picture 640\u00d7480)"
    assert second.said == "You said: two"


async def test_speech_interrupts_and_only_what_was_sent_is_remembered(server: LiveServer) -> None:
    """Barge-in: `interrupted`, `turnComplete`, no `generationComplete`; then the new turn."""
    await server.fault("slow_chunks", seconds=0.05)
    async with session(server) as live:
        await live.send_realtime_input(text="say 50")
        spoken = aiter(live.receive())
        while kind_of(await anext(spoken)) != "speech":
            pass

        await speak(live, tone(300) + quiet(500))
        cut = Heard([message async for message in spoken])
        after = await turn(live)
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert cut.kinds()[-2:] == ["interrupted", "turn_complete"]
    assert "generation_complete" not in cut.kinds()
    assert after.said == "I heard 300 ms."
    assert turns[1]["text"].startswith("word1")
    assert "word50" not in turns[1]["text"]


async def test_client_may_forbid_interruptions(server: LiveServer) -> None:
    """With NO_INTERRUPTION the answer is finished, and the speech is answered after it."""
    config: dict[str, Any] = {"realtime_input_config": {"activity_handling": "NO_INTERRUPTION"}}
    async with session(server, **config) as live:
        await live.send_realtime_input(text="say 10")
        await speak(live, tone(200) + quiet(500))

        first, second = await turn(live), await turn(live)

    assert first.said.endswith("word10")
    assert second.said == "I heard 200 ms."


async def test_client_content_seeds_the_history_and_asks(server: LiveServer) -> None:
    """Turns handed over are in the history; `turnComplete` asks for an answer to the last."""
    async with session(server) as live:
        seeded: list[types.Content | types.ContentDict] = [
            types.Content(role="user", parts=[types.Part(text="Call me Ada.")]),
            types.Content(role="model", parts=[types.Part(text="Hello Ada.")]),
        ]
        await live.send_client_content(turns=seeded, turn_complete=False)
        asked = types.Content(role="user", parts=[types.Part(text="Who am I?")])
        await live.send_client_content(turns=asked, turn_complete=True)

        heard = await turn(live)
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert heard.said == "You said: Who am I?"
    assert [one["role"] for one in turns] == ["user", "model", "user", "model"]


async def test_long_text_is_echoed_in_small_frames(server: LiveServer) -> None:
    """One word as long as a book does not make a frame that the SDK refuses."""
    async with session(server) as live:
        await live.send_realtime_input(text="x" * 2_000_000)

        heard = await turn(live)

    assert heard.said == "You said: " + "x" * 10_000


# Resumption


async def test_seeding_gives_a_handle(server: LiveServer) -> None:
    """A history that asks for no answer is worth resuming."""
    async with session(server) as live:
        asked = types.Content(role="user", parts=[types.Part(text="Call me Ada.")])
        await live.send_client_content(turns=asked, turn_complete=False)
        update = await next_handle(live)

    async with session(server, session_resumption={"handle": update.new_handle}) as live:
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert turns == [{"role": "user", "text": "Call me Ada."}]


async def test_interruption_by_nothing_leaves_a_handle(server: LiveServer) -> None:
    """Push-to-talk without a word cuts the answer off, and the session can be resumed again."""
    manual: dict[str, Any] = {
        "realtime_input_config": {"automatic_activity_detection": {"disabled": True}}
    }
    async with session(server, **manual) as live:
        await live.send_realtime_input(text="say 1000")
        await live.send_realtime_input(activity_start=types.ActivityStart())
        await live.send_realtime_input(activity_end=types.ActivityEnd())

        cut = await turn(live)
        update = await next_handle(live)

    assert "interrupted" in cut.kinds()
    assert update.last_consumed_client_message_index == 2


async def test_handle_restores_exactly_the_snapshot(server: LiveServer) -> None:
    """What the client sent after the handle was made is not in the resumed conversation."""
    async with session(server) as live:
        await speak(live, tone(100) + quiet(440))
        await turn(live)
        update = await next_handle(live)
        before = await ledger_of(server, live)
        await live.send_realtime_input(text="too late")
        await turn(live)

    resumed: dict[str, Any] = {"session_resumption": {"handle": update.new_handle}}
    async with session(server, **resumed) as live:
        after = await ledger_of(server, live)
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert after == before
    assert update.last_consumed_client_message_index == len(before) - 1
    assert [one["text"] for one in turns] == ["heard 100 ms", "I heard 100 ms."]


async def test_handle_holds_half_an_utterance(server: LiveServer) -> None:
    """Speech begun before the handle and ended after resuming is one utterance."""
    config: dict[str, Any] = {"realtime_input_config": {"activity_handling": "NO_INTERRUPTION"}}
    async with session(server, **config) as live:
        await live.send_realtime_input(text="say 12")
        await speak(live, tone(200))
        update = await next_handle(live)

    resumed: dict[str, Any] = {"session_resumption": {"handle": update.new_handle}}
    async with session(server, **resumed) as live:
        await speak(live, tone(300) + quiet(500))

        assert (await turn(live)).said == "I heard 500 ms."


async def test_resumed_session_gets_a_handle_at_once(server: LiveServer) -> None:
    """Right after setup there is a fresh handle, which stands for none of this connection yet."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle

    async with session(server, session_resumption={"handle": handle}) as live:
        update = await next_handle(live)

    assert update.new_handle != handle
    assert update.last_consumed_client_message_index is None


async def test_handle_of_another_model_fails_after_setup(server: LiveServer) -> None:
    """Google accepts such a handle and then fails with 1011."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle

    other = "gemini-3.1-flash-live-preview"
    async with session(server, other, session_resumption={"handle": handle}) as live:
        assert (await ended(live)).code == 1011


async def test_unknown_handle_is_not_found(server: LiveServer) -> None:
    """A handle that never was closes with 1008 instead of setupComplete."""
    with pytest.raises(errors.APIError) as caught:
        async with session(server, session_resumption={"handle": "nonsense"}):
            pass

    assert (caught.value.code, caught.value.details) == (
        1008,
        "BidiGenerateContent session not found",
    )


async def test_going_away_is_announced_and_carried_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A connection learns of its end beforehand, and ends with 1011 when it stays."""
    folder = tmp_path_factory.mktemp("short")
    with running(folder, mode="scripted", connection_s="1") as server:
        async with session(server) as live:
            message = await anext(live.receive())
            error = await ended(live)

    assert message.go_away is not None
    assert message.go_away.time_left == "0.5s"
    assert (error.code, error.details) == (
        1011,
        "Deadline expired before operation could complete.",
    )


# Refusals


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
