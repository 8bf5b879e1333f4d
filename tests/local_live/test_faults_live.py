"""Every fault that scripted mode can make, seen from the SDK's side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from google.genai import errors, types
from websockets.exceptions import InvalidStatus

from tests.local_live.live_server import LiveServer, running
from tests.local_live.samples import quiet, tone
from tests.local_live.talk import ended, next_handle, session, speak, turn


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("live")
    with running(folder, mode="scripted", script_pace="20") as server:
        yield server


@pytest.fixture(autouse=True)
async def no_faults(server: LiveServer) -> AsyncIterator[None]:
    yield
    await server.control(op="clear")


async def test_handshake_is_refused_by_status(server: LiveServer) -> None:
    """The HTTP status reaches the client; the next connection is let in."""
    await server.fault("http", status=503)

    with pytest.raises(InvalidStatus) as caught:
        async with session(server):
            pass
    async with session(server) as live:
        assert live.session_id

    assert caught.value.response.status_code == 503


async def test_setup_is_refused_for_one_tag_only(server: LiveServer) -> None:
    """A fault with a tag strikes sessions whose instruction holds it, and no others."""
    reason = "API key expired. Please renew the API key."
    await server.fault("refuse_setup", code=1007, reason=reason, tag="[doomed]")

    async with session(server, system_instruction="[fine]") as live:
        await live.send_realtime_input(text="hello")
        assert (await turn(live)).said == "You said: hello"
    with pytest.raises(errors.APIError) as caught:
        async with session(server, system_instruction="You are [doomed]."):
            pass

    assert (caught.value.code, caught.value.details) == (1007, reason)


async def test_setup_comes_late(server: LiveServer) -> None:
    """The answer to setup waits for as long as it was told."""
    await server.fault("delay_setup", seconds=0.4)
    started_s = time.monotonic()

    async with session(server):
        waited_s = time.monotonic() - started_s

    assert waited_s >= 0.4


async def test_fault_can_wait_for_the_nth_connection(server: LiveServer) -> None:
    """`connection: 2` lets the first connection after it was set pass."""
    await server.fault("refuse_setup", code=1011, connection=2)

    async with session(server) as live:
        assert live.session_id
    with pytest.raises(errors.APIError):
        async with session(server):
            pass


async def test_handle_is_dead(server: LiveServer) -> None:
    """A good handle is refused as if it had expired."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle
    await server.fault("dead_handle")

    with pytest.raises(errors.APIError) as caught:
        async with session(server, session_resumption={"handle": handle}):
            pass

    assert (caught.value.code, caught.value.details) == (
        1008,
        "BidiGenerateContent session not found",
    )


async def test_resumed_sessions_fail_for_ever(server: LiveServer) -> None:
    """Each resumption is accepted and then closed with 1011; a fresh session is well."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle
    await server.fault("fail_resumed", times=None)

    for _ in range(2):
        async with session(server, session_resumption={"handle": handle}) as live:
            assert (await ended(live)).code == 1011
    async with session(server) as live:
        await live.send_realtime_input(text="two")
        assert (await turn(live)).said == "You said: two"


async def test_first_sound_is_late_on_the_second_turn(server: LiveServer) -> None:
    """`turn: 2` leaves the first turn alone."""
    await server.fault("slow_first_audio", seconds=0.6, turn=2)
    took_s = []
    async with session(server) as live:
        for text in ("one", "two"):
            started_s = time.monotonic()
            await live.send_realtime_input(text=text)
            await turn(live)
            took_s.append(time.monotonic() - started_s)

    assert took_s[1] >= 0.6
    assert took_s[1] - took_s[0] > 0.4


async def test_chunks_come_slowly(server: LiveServer) -> None:
    """Each chunk waits for as long as it was told."""
    await server.fault("slow_chunks", seconds=0.05)
    async with session(server) as live:
        started_s = time.monotonic()
        await live.send_realtime_input(text="say 4")
        await turn(live)

    assert time.monotonic() - started_s >= 12 * 0.05


async def test_stalled_turn_is_heard_and_never_answered(server: LiveServer) -> None:
    """The transcript comes, then nothing; the next utterance is answered as ever."""
    await server.fault("stall")
    async with session(server) as live:
        await speak(live, tone(200) + quiet(500))
        silent = live.receive()
        first = await anext(silent)
        later = [message async for message in _within(0.6, silent)]
        await speak(live, tone(400) + quiet(500))
        heard = await turn(live)

    assert first.server_content is not None
    assert first.server_content.input_transcription is not None
    assert all(message.session_resumption_update for message in later)
    assert heard.said == "I heard 400 ms."
    assert "interrupted" not in heard.kinds()


async def _within(
    seconds: float, messages: AsyncIterator[types.LiveServerMessage]
) -> AsyncIterator[types.LiveServerMessage]:
    """Give what comes within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            async for message in messages:
                yield message
    except TimeoutError:
        return


async def test_tool_is_called_and_its_result_told(server: LiveServer) -> None:
    """The call carries name and arguments; the answer waits for the response."""
    await server.fault("tool_call", name="lights", args={"on_off": "on"})
    async with session(server) as live:
        await live.send_realtime_input(text="light please")
        async for message in live.receive():
            if message.tool_call:
                break
        assert message.tool_call is not None
        (call,) = message.tool_call.function_calls or []
        response = types.FunctionResponse(id=call.id, name=call.name, response={"is_on": True})
        await live.send_tool_response(function_responses=response)
        heard = await turn(live)

    assert (call.name, call.args) == ("lights", {"on_off": "on"})
    assert heard.said == 'The tool lights answered {"is_on":true}.'


async def test_speech_takes_a_tool_call_back(server: LiveServer) -> None:
    """A call that nobody has answered is cancelled by name when the user speaks."""
    await server.fault("tool_call", name="lights")
    async with session(server) as live:
        await live.send_realtime_input(text="light please")
        async for message in live.receive():
            if message.tool_call:
                break
        assert message.tool_call is not None
        (call,) = message.tool_call.function_calls or []
        await speak(live, tone(200) + quiet(500))
        cut = await turn(live)
        after = await turn(live)

    assert cut.messages[0].tool_call_cancellation is not None
    assert cut.messages[0].tool_call_cancellation.ids == [call.id]
    assert cut.kinds()[1:] == ["interrupted", "turn_complete"]
    assert after.said == "I heard 200 ms."


async def test_connection_is_dropped_without_a_close_frame(server: LiveServer) -> None:
    """After three chunks the TCP connection is gone: 1006."""
    await server.fault("drop", when="turn", after_chunks=3)
    async with session(server) as live:
        await live.send_realtime_input(text="say 5")
        arrived = aiter(live.receive())
        chunks = [(await anext(arrived)).data for _ in range(4)]
        error = await ended(live)

    assert error.code == 1006
    assert [bool(chunk) for chunk in chunks] == [False, True, True, True]


async def test_connection_is_closed_at_once(server: LiveServer) -> None:
    """A fault without a moment strikes the open sessions, with its code and reason."""
    async with session(server) as live:
        reply = await server.fault("close", code=1011, reason="Internal error occurred.")
        error = await ended(live)

    assert reply == {"struck": 1}
    assert (error.code, error.details) == (1011, "Internal error occurred.")


async def test_connection_is_closed_after_setup(server: LiveServer) -> None:
    """With `when: setup`, a connection is accepted and closed before it can do anything."""
    await server.fault("close", when="setup", code=1008, reason="Operation is not implemented.")

    async with session(server) as live:
        error = await ended(live)

    assert error.code == 1008


async def test_goaway_is_sent_and_lapses(server: LiveServer) -> None:
    """The client is told what is left; when it has passed, the connection ends with 1011."""
    async with session(server) as live:
        started_s = time.monotonic()
        await server.fault("go_away", seconds=0.5)
        message = await anext(live.receive())
        error = await ended(live)

    assert message.go_away is not None
    assert message.go_away.time_left == "0.5s"
    assert (error.code, error.details) == (
        1011,
        "Deadline expired before operation could complete.",
    )
    assert time.monotonic() - started_s >= 0.5


@pytest.mark.parametrize("moment", ["now", "turn"])
async def test_phantom_interruption(server: LiveServer, moment: str) -> None:
    """`interrupted` and `turnComplete` come though nobody spoke; the session goes on."""
    async with session(server) as live:
        if moment == "now":
            await server.fault("phantom_interrupted")
        else:
            await server.fault("phantom_interrupted", when="turn", after_chunks=2)
            await live.send_realtime_input(text="say 9")
        cut = await turn(live)
        await live.send_realtime_input(text="on")
        after = await turn(live)

    assert cut.kinds()[-2:] == ["interrupted", "turn_complete"]
    assert after.said == "You said: on"


async def test_server_stops_reading_and_starts_again(server: LiveServer) -> None:
    """What is sent meanwhile waits, and is answered afterwards."""
    async with session(server) as live:
        await server.fault("stop_reading", seconds=0.6)
        started_s = time.monotonic()
        # The frame that the server was waiting for may still pass.
        await live.send_realtime_input(text="one")
        await live.send_realtime_input(text="two")
        while "two" not in (await turn(live)).said:
            pass

    assert time.monotonic() - started_s >= 0.6


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"op": "dance"}, "there is no op 'dance'"),
        ({"op": "history", "session": "x"}, "there is no such session"),
        ({"op": "fault", "fault": 3}, "'fault' must be an object"),
        ({"op": "fault", "fault": {"kind": "earthquake"}}, "kind"),
        ({"op": "fault", "fault": {"kind": "stall", "when": "setup"}}, "has its own moment"),
        ({"op": "fault", "fault": {"kind": "drop", "turn": 1}}, "during a turn"),
        ({"op": "fault", "fault": {"kind": "tool_call"}}, "needs the tool's name"),
    ],
)
async def test_bad_control_request_is_told(
    server: LiveServer, request_: dict[str, object], complaint: str
) -> None:
    """The control door says what is wrong, and stays open."""
    reply = await server.control(**request_)

    assert complaint in reply["error"]


async def test_ledger_tells_what_came_in_order(server: LiveServer) -> None:
    """Audio by size, digest and first sample; pictures by size; signals by name."""
    async with session(server) as live:
        blob = types.Blob(data=b"\x07\x00\x01\x00", mime_type="audio/pcm;rate=16000")
        await live.send_realtime_input(audio=blob)
        await live.send_realtime_input(audio_stream_end=True)
        await live.send_realtime_input(text="hello")
        await turn(live)
        everything = (await server.control(op="ledger"))["ledger"]

    (entry,) = [one for one in everything if one["session"] == live.session_id]
    kinds = [item["kind"] for item in entry["items"]]
    assert kinds == ["audio", "audioStreamEnd", "text"]
    assert entry["items"][0] == {
        "kind": "audio",
        "bytes": 4,
        "digest": "d50597ce7faa599c",
        "first": 7,
    }
