"""The SDK's client and its socket: options, and the frames that leave."""

from __future__ import annotations

import json

import pytest
from google import genai
from google.genai import types
from google.genai.live import AsyncSession

from gemini_worker import gemini
from gemini_worker.gemini import LiveConnection, LiveEndpoint
from gemini_worker.gemini_setup import Policy
from gemini_worker.tools import ToolAnswer
from shared.errors import ConfigurationError


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


class _Recorder:
    """Stands where the SDK has its socket, and keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[str] = []

    async def send(self, frame: str | bytes, *, text: bool | None = None) -> None:
        assert isinstance(frame, str) or text
        self.frames.append(frame if isinstance(frame, str) else frame.decode())


def _session(recorder: _Recorder) -> AsyncSession:
    client = genai.Client(api_key="any")
    return AsyncSession(api_client=client._api_client, websocket=recorder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data", [b"\xfb\xff\xfe", b"\xff\xd8\xff" + bytes(range(256)) * 5, b"\0\1"]
)
async def test_prebuilt_frames_are_those_of_the_sdk(data: bytes) -> None:
    """Speech and pictures leave byte for byte as the SDK itself would send them."""
    recorder = _Recorder()
    session = _session(recorder)
    connection = LiveConnection(session)
    await session.send_realtime_input(audio=types.Blob(data=data, mime_type="audio/pcm;rate=16000"))
    await session.send_realtime_input(video=types.Blob(data=data, mime_type="image/jpeg"))

    await connection.send_audio(data)
    await connection.send_picture(data)

    assert recorder.frames[2:] == recorder.frames[:2]


@pytest.mark.parametrize(("schedules", "extra"), [(True, {"scheduling": "SILENT"}), (False, {})])
async def test_a_tools_answer_says_when_to_speak_where_it_can(
    schedules: bool, extra: dict[str, str]
) -> None:
    """A model that knows no scheduling would refuse the field, so it is left out."""
    recorder = _Recorder()
    connection = LiveConnection(_session(recorder), schedules_tools=schedules)

    await connection.send_tool_answer(ToolAnswer("m1", "point_at", {"result": "Done."}, "SILENT"))

    sent = json.loads(recorder.frames[0])["tool_response"]["functionResponses"]
    assert sent == [{"id": "m1", "name": "point_at", "response": {"result": "Done."}, **extra}]


async def test_an_interruption_is_content_that_asks_for_nothing() -> None:
    """There is no message to stop an answer; any client content does, and this one is empty."""
    recorder = _Recorder()

    await LiveConnection(_session(recorder)).send_interruption()

    assert json.loads(recorder.frames[0]) == {"client_content": {"turnComplete": False}}
