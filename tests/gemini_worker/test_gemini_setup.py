"""What a session is opened with."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from gemini_worker.gemini_setup import Policy, Resolution, Setup, live_config, offered_tools
from gemini_worker.tools import DECLARATIONS
from shared.bus_messages import HistoryTurn
from shared.options import Detail, Sensitivity, SessionOptions

BOTH_TOOLS = SessionOptions(tools=("point_at", "look_closer"))


def _config(setup: Setup, policy: Policy | None = None) -> dict[str, Any]:
    return live_config(setup, policy or Policy()).model_dump(exclude_none=True)


def _turn() -> HistoryTurn:
    return HistoryTurn(role="user", text="Hello", turn=1, time_ms=0.0)


def test_a_setup_has_what_is_always_on() -> None:
    """Speech, both transcripts, resumption and compression are asked for in every session."""
    config = _config(Setup("gemini-3.8-live", SessionOptions(voice="Puck"), "Be kind.", "h1"))

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
    config = _config(Setup(model, SessionOptions(), "Be kind."))

    assert config.get("thinking_config") == thinking
    assert not {"proactivity", "enable_affective_dialog", "realtime_input_config"} & set(config)


@pytest.mark.parametrize(
    ("model", "announced"), [("gemini-3.1-flash-live-preview", True), ("gemini-3.8-live", False)]
)
def test_history_is_announced_where_the_model_wants_it(model: str, announced: bool) -> None:
    """A model that takes history only when told beforehand is told; with a handle there is none."""
    fresh = _config(Setup(model, SessionOptions(), "", None, [_turn()]))
    resumed = _config(Setup(model, SessionOptions(), "", "h1", [_turn()]))

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

    realtime = _config(Setup(model, options, ""))["realtime_input_config"]

    assert realtime["automatic_activity_detection"] == {"disabled": True}
    assert realtime.get("turn_coverage") == coverage


@pytest.mark.parametrize(
    ("sensitivity", "start"),
    [
        ("low", types.StartSensitivity.START_SENSITIVITY_LOW),
        ("high", types.StartSensitivity.START_SENSITIVITY_HIGH),
    ],
)
def test_the_user_says_how_easily_sound_is_speech(
    sensitivity: Sensitivity, start: types.StartSensitivity
) -> None:
    """Low and high are told to the model; normal is its own way, and told by nothing."""
    options = SessionOptions(sensitivity=sensitivity)

    realtime = _config(Setup("gemini-3.8-live", options, ""))["realtime_input_config"]

    assert realtime["automatic_activity_detection"]["start_of_speech_sensitivity"] == start
    assert "realtime_input_config" not in _config(Setup("gemini-3.8-live", SessionOptions(), ""))


@pytest.mark.parametrize(
    ("detail", "pinned", "resolution"),
    [
        ("saver", None, "LOW"),
        ("balanced", None, "MEDIUM"),
        ("sharp", None, "HIGH"),
        ("sharp", "low", "LOW"),
        ("saver", "high", "HIGH"),
    ],
)
def test_detail_is_the_users_unless_the_operator_has_settled_it(
    detail: Detail, pinned: Resolution | None, resolution: str
) -> None:
    """How finely pictures are looked at costs tokens, so the operator's word is the last."""
    setup = Setup("gemini-3.8-live", SessionOptions(detail=detail), "")

    config = _config(setup, Policy(resolution=pinned))

    assert config["media_resolution"] == f"MEDIA_RESOLUTION_{resolution}"


@pytest.mark.parametrize(
    ("model", "behavior"),
    [
        ("gemini-3.8-live", types.Behavior.NON_BLOCKING),
        ("gemini-3.8-live-extended-thinking", None),
        ("gemini-3.1-flash-live-preview", None),
    ],
)
def test_tools_are_declared_as_the_model_takes_them(
    model: str, behavior: types.Behavior | None
) -> None:
    """Each tool that the client has is declared, and never with a field that is refused."""
    (tool,) = _config(Setup(model, BOTH_TOOLS, ""))["tools"]

    declared = tool["function_declarations"]
    assert [one["name"] for one in declared] == list(DECLARATIONS)
    assert [one.get("behavior") for one in declared] == [behavior] * 2


def test_only_what_both_sides_can_is_offered() -> None:
    """A client without tools, or a model that nobody knows, is offered none."""
    some = SessionOptions(tools=("point_at",))

    assert offered_tools("gemini-3.8-live", some) == ("point_at",)
    assert offered_tools("gemini-3.8-live", SessionOptions()) == ()
    assert offered_tools("gemini-9-live", BOTH_TOOLS) == ()
    assert "tools" not in _config(Setup("gemini-9-live", BOTH_TOOLS, ""), Policy(None, True))


def test_searching_is_the_operators_to_allow() -> None:
    """Google search is declared beside the functions where it is switched on."""
    setup = Setup("gemini-3.8-live", BOTH_TOOLS, "")

    with_search = _config(setup, Policy(google_search=True))["tools"]

    assert [next(iter(tool)) for tool in with_search] == ["function_declarations", "google_search"]
    assert len(_config(setup)["tools"]) == 1
