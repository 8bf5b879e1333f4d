"""The SDK's client and its socket: options, and the frames that leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from google import genai
from google.genai import types
from google.genai.live import AsyncSession
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from gemini_worker import gemini
from gemini_worker.events import Audio, Interrupted, LiveClosed, TurnComplete
from gemini_worker.gemini import LiveConnection, LiveEndpoint
from gemini_worker.gemini_setup import Policy
from gemini_worker.tools import ToolAnswer
from shared.errors import ConfigurationError
from tests.support.processes import until


@pytest.fixture(autouse=True)
def _with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "any")


def test_no_key_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any way to reach Gemini the worker says what to set."""
    monkeypatch.delenv("GEMINI_API_KEY")

    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY"):
        LiveEndpoint(["gemini-3.8-live"], "v1beta", Policy())


@pytest.mark.parametrize(
    ("base_url", "is_here"),
    [
        *(("https://localhost:9443", True), ("https://127.0.0.1:1", True)),
        *(("https://[::1]:1", True), ("https://live.example", False), ("", False)),
    ],
)
def test_no_proxy_stands_before_this_machine(
    monkeypatch: pytest.MonkeyPatch, base_url: str, is_here: bool
) -> None:
    """A system proxy is used for other hosts only, and deflate is never offered."""
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", base_url)

    options = gemini._websocket_options()

    assert ({"proxy": None}.items() <= options.items()) is is_here
    assert options["compression"] is None


@pytest.mark.parametrize("base_url", ["", "https://localhost:9443", "https://live.example"])
def test_the_sdk_takes_the_options(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    """The SDK's client is built with them for Google, for this machine and for another host."""
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", base_url)

    assert LiveEndpoint(["gemini-3.8-live"], "v1beta", Policy()).models == ("gemini-3.8-live",)


@pytest.mark.parametrize(
    ("wanted", "model"), [(None, "first"), ("first", "first"), ("second", "second"), ("3", "first")]
)
def test_a_session_gets_the_model_it_may_have(wanted: str | None, model: str) -> None:
    """What the operator does not offer is answered by the default."""
    endpoint = LiveEndpoint(["first", "second"], "v1beta", Policy())

    assert endpoint.choose_model(wanted) == model


class _Endpoint:
    """The other end of a real socket: keeps what it is sent, and says what a test wants said."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self._reading = asyncio.Event()
        self._reading.set()

    async def serve(self, socket: ServerConnection) -> None:
        self.socket = socket
        async for frame in socket:
            assert isinstance(frame, str)
            self.frames.append(frame)
            await self._reading.wait()

    async def received(self, count: int) -> list[str]:
        await until(lambda: len(self.frames) >= count, f"{count} frames", 5.0)
        return self.frames

    def stop_reading(self) -> None:
        self._reading.clear()

    def read_on(self) -> None:
        self._reading.set()


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[_Endpoint, AsyncSession]]:
    """Yield an endpoint and the SDK's session with it."""
    endpoint = _Endpoint()
    async with serve(endpoint.serve, "127.0.0.1", 0, compression=None, max_queue=1) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}"
        async with connect(url, compression=None, proxy=None) as socket:
            client = genai.Client(api_key="any")
            yield endpoint, AsyncSession(api_client=client._api_client, websocket=socket)
            endpoint.read_on()


@pytest.mark.parametrize(
    "data",
    [
        b"\xfb\xff\xfe",
        b"\xff\xd8\xff" + bytes(range(256)) * 5,
        b"\0\1",
        bytes(range(256)) * 24,  # one piece, to the byte
        bytes(range(251)) * 200,
    ],
)
async def test_prebuilt_frames_are_those_of_the_sdk(data: bytes) -> None:
    """Speech and pictures leave byte for byte as the SDK itself would send them."""
    async with _connected() as (endpoint, session):
        connection = LiveConnection(session)
        speech = types.Blob(data=data, mime_type="audio/pcm;rate=16000")
        await session.send_realtime_input(audio=speech)
        picture = types.Blob(data=data, mime_type="image/jpeg")
        await session.send_realtime_input(video=picture)

        await connection.send_audio(data)
        await connection.send_picture(data)

        frames = await endpoint.received(4)
        assert frames[2:] == frames[:2]


async def test_an_endpoint_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech that cannot leave in time ends the connection instead of filling the worker."""
    monkeypatch.setattr(gemini, "SEND_S", 0.2)
    async with _connected() as (endpoint, session):
        connection = LiveConnection(session)
        endpoint.stop_reading()

        async def speak_on() -> None:
            for _ in range(1_000):
                await connection.send_audio(bytes(100_000))

        with pytest.raises(LiveClosed, match="stopped reading"):
            await speak_on()


async def test_speech_to_a_closed_connection_says_how_it_was_closed() -> None:
    """The close code is told where something is sent, and where something is read."""
    async with _connected() as (endpoint, session):
        connection = LiveConnection(session)
        await connection.send_audio(b"\0\1")
        await endpoint.received(1)
        await endpoint.socket.close(1011, "Internal error occurred.")

        for telling in (connection.send_audio(b"\0\1"), anext(connection.events())):
            with pytest.raises(LiveClosed) as told:
                await telling
            assert (told.value.code, told.value.reason) == (1011, "Internal error occurred.")


async def test_speech_and_all_else_are_read_in_their_order() -> None:
    """Messages that the SDK parses come between those that it does not, as they were sent."""
    speech = {"modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "AQA="}}]}}
    async with _connected() as (endpoint, session):
        connection = LiveConnection(session)
        await connection.send_audio(b"\0\1")
        await endpoint.received(1)

        for content in (speech, {"interrupted": True}, speech, {"turnComplete": True}):
            await endpoint.socket.send(json.dumps({"serverContent": content}).encode())

        events = connection.events()
        assert [await anext(events) for _ in range(4)] == [
            Audio(b"\1\0"),
            Interrupted(),
            Audio(b"\1\0"),
            TurnComplete(is_filler=False),
        ]


@pytest.mark.parametrize(("schedules", "extra"), [(True, {"scheduling": "SILENT"}), (False, {})])
async def test_a_tools_answer_says_when_to_speak_where_it_can(
    schedules: bool, extra: dict[str, str]
) -> None:
    """A model that knows no scheduling would refuse the field, so it is left out."""
    answer = ToolAnswer("m1", "point_at", {"result": "Done."}, "SILENT")
    async with _connected() as (endpoint, session):
        await LiveConnection(session, schedules_tools=schedules).send_tool_answer(answer)
        (frame,) = await endpoint.received(1)

    sent = json.loads(frame)["tool_response"]["functionResponses"]
    assert sent == [{"id": "m1", "name": "point_at", "response": {"result": "Done."}, **extra}]


async def test_an_interruption_is_content_that_asks_for_nothing() -> None:
    """There is no message to stop an answer; any client content does, and this one is empty."""
    async with _connected() as (endpoint, session):
        await LiveConnection(session).send_interruption()
        (frame,) = await endpoint.received(1)

    assert json.loads(frame) == {"client_content": {"turnComplete": False}}
