"""The SDK's messages in our words, and what a session is opened with."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai
from google.genai import types
from google.genai.live import AsyncSession

from gemini_worker import gemini
from gemini_worker.events import (
    AssistantWords,
    Audio,
    GoAway,
    HandleUpdate,
    Interrupted,
    LiveEvent,
    Tokens,
    TurnComplete,
    UserWords,
)
from gemini_worker.gemini import LiveConnection, LiveEndpoint, Setup
from shared.bus_messages import HistoryTurn
from shared.errors import ConfigurationError
from shared.options import SessionOptions

_SPOKEN = {"modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "AQA="}}]}}
_TWO_PARTS = {"modelTurn": {"parts": [{"text": "thought"}, *_SPOKEN["modelTurn"]["parts"] * 2]}}


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"setupComplete": {}}, []),
        ({"serverContent": {}}, []),
        ({"serverContent": {"modelTurn": {}}}, []),
        ({"serverContent": _SPOKEN}, [Audio(b"\1\0")]),
        ({"serverContent": _TWO_PARTS}, [Audio(b"\1\0"), Audio(b"\1\0")]),
        ({"serverContent": {"inputTranscription": {"text": "Hi"}}}, [UserWords("Hi")]),
        ({"serverContent": {"inputTranscription": {"text": ""}}}, []),
        ({"serverContent": {"outputTranscription": {"text": "Ho"}}}, [AssistantWords("Ho")]),
        (
            {"serverContent": {**_SPOKEN, "outputTranscription": {"text": "Ho"}}},
            [AssistantWords("Ho"), Audio(b"\1\0")],
        ),
        ({"serverContent": {"interrupted": True}}, [Interrupted()]),
        ({"serverContent": {"generationComplete": True}}, []),
        ({"serverContent": {"turnComplete": True}}, [TurnComplete()]),
        (
            {"serverContent": {"turnComplete": True, "interactionStatus": "IN_PROGRESS"}},
            [TurnComplete(is_filler=True)],
        ),
        (
            {"serverContent": {"turnComplete": True, "interactionStatus": "IDLE"}},
            [TurnComplete()],
        ),
        (
            {
                "serverContent": {"turnComplete": True},
                "usageMetadata": {
                    "promptTokenCount": 7,
                    "responseTokenCount": 3,
                    "totalTokenCount": 10,
                },
            },
            [Tokens(7, 3, 10), TurnComplete()],
        ),
        ({"usageMetadata": {}}, [Tokens(0, 0, 0)]),
        (
            {"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}},
            [HandleUpdate("h")],
        ),
        (
            {
                "sessionResumptionUpdate": {
                    "newHandle": "h",
                    "resumable": True,
                    "lastConsumedClientMessageIndex": "41",
                }
            },
            [HandleUpdate("h", 41)],
        ),
        (
            {"sessionResumptionUpdate": {"newHandle": "h", "resumable": False}},
            [HandleUpdate(None)],
        ),
        ({"sessionResumptionUpdate": {"newHandle": "", "resumable": True}}, [HandleUpdate(None)]),
        ({"goAway": {"timeLeft": "9.5s"}}, [GoAway(9.5)]),
        ({"goAway": {"timeLeft": "soon"}}, [GoAway(0.0)]),
        ({"goAway": {}}, [GoAway(0.0)]),
    ],
    ids=str,
)
def test_a_message_becomes_events(message: dict[str, Any], events: list[LiveEvent]) -> None:
    """Each message of the Live protocol says what it means, and nothing that it does not."""
    parsed = types.LiveServerMessage.model_validate(message)

    assert gemini._events_in(parsed) == events


@pytest.fixture(autouse=True)
def _with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "any")


def _config(model: str, setup: Setup) -> dict[str, Any]:
    endpoint = LiveEndpoint(model, "v1beta", "medium")
    return endpoint._config(setup).model_dump(exclude_none=True)


def _turn() -> HistoryTurn:
    return HistoryTurn(role="user", text="Hello", turn=1, time_ms=0.0)


def test_no_key_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any way to reach Gemini the worker says what to set."""
    monkeypatch.delenv("GEMINI_API_KEY")

    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY"):
        LiveEndpoint("gemini-3.8-live", "v1beta", "medium")


def test_a_setup_has_what_is_always_on() -> None:
    """Speech, both transcripts, resumption and compression are asked for in every session."""
    config = _config("gemini-3.8-live", Setup(SessionOptions(voice="Puck"), "Be kind.", "h1"))

    assert config["response_modalities"] == [types.Modality.AUDIO]
    assert {"input_audio_transcription", "output_audio_transcription"} <= set(config)
    assert config["session_resumption"] == {"handle": "h1"}
    assert config["context_window_compression"]["sliding_window"]["target_tokens"] == 8_000
    assert config["system_instruction"] == "Be kind."
    voice = config["speech_config"]["voice_config"]["prebuilt_voice_config"]
    assert voice == {"voice_name": "Puck"}


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.8-live", None),
        ("gemini-3.8-live-extended-thinking", {"thinking_level": types.ThinkingLevel.LOW}),
        ("gemini-2.5-flash-native-audio-latest", {"thinking_budget": 0}),
        ("some-new-model", None),
    ],
)
def test_a_setup_has_no_field_that_the_model_refuses(
    model: str, thinking: dict[str, object] | None
) -> None:
    """How thinking is said, or that it is not, follows from the model."""
    config = _config(model, Setup(SessionOptions(), "Be kind."))

    assert config.get("thinking_config") == thinking
    assert not {"proactivity", "enable_affective_dialog", "realtime_input_config"} & set(config)


@pytest.mark.parametrize(
    ("model", "announced"), [("gemini-3.1-flash-live-preview", True), ("gemini-3.8-live", False)]
)
def test_history_is_announced_where_the_model_wants_it(model: str, announced: bool) -> None:
    """A model that takes history only when told beforehand is told; with a handle there is none."""
    fresh = _config(model, Setup(SessionOptions(), "", None, [_turn()]))
    resumed = _config(model, Setup(SessionOptions(), "", "h1", [_turn()]))

    assert ("history_config" in fresh) is announced
    assert "history_config" not in resumed


@pytest.mark.parametrize(
    ("model", "coverage"),
    [
        ("gemini-3.8-live", None),
        ("gemini-3.1-flash-live-preview", types.TurnCoverage.TURN_INCLUDES_ALL_INPUT),
    ],
)
def test_push_to_talk_turns_the_models_own_hearing_off(
    model: str, coverage: types.TurnCoverage | None
) -> None:
    """With push-to-talk the client says when speech starts and ends."""
    options = SessionOptions(turn_taking="push_to_talk")

    realtime = _config(model, Setup(options, ""))["realtime_input_config"]

    assert realtime["automatic_activity_detection"] == {"disabled": True}
    assert realtime.get("turn_coverage") == coverage


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

    assert LiveEndpoint("gemini-3.8-live", "v1beta", "medium").model == "gemini-3.8-live"


class _Recorder:
    """Stands where the SDK has its socket, and keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[str] = []

    async def send(self, frame: str | bytes, *, text: bool | None = None) -> None:
        assert isinstance(frame, str) or text
        self.frames.append(frame if isinstance(frame, str) else frame.decode())


@pytest.mark.parametrize(
    "data", [b"\xfb\xff\xfe", b"\xff\xd8\xff" + bytes(range(256)) * 5, b"\0\1"]
)
async def test_prebuilt_frames_are_those_of_the_sdk(data: bytes) -> None:
    """Speech and pictures leave byte for byte as the SDK itself would send them."""
    recorder = _Recorder()
    client = genai.Client(api_key="any")
    session = AsyncSession(api_client=client._api_client, websocket=recorder)  # type: ignore[arg-type]
    connection = LiveConnection(session)
    await session.send_realtime_input(audio=types.Blob(data=data, mime_type="audio/pcm;rate=16000"))
    await session.send_realtime_input(video=types.Blob(data=data, mime_type="image/jpeg"))

    await connection.send_audio(data)
    await connection.send_picture(data)

    assert recorder.frames[2:] == recorder.frames[:2]
