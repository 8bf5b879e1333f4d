"""The official SDK, unmodified, against a real local-live process: turns."""

from __future__ import annotations

from typing import Any

from google.genai import types

from tests.local_live.live_server import LiveServer
from tests.local_live.samples import jpeg, quiet, tone
from tests.local_live.talk import (
    Heard,
    kind_of,
    next_handle,
    session,
    speak,
    turn,
)


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
