"""What a Live session is opened with, as the SDK wants it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from google.genai import types

from gemini_worker.models import Capabilities, capabilities_of
from gemini_worker.tools import DECLARATIONS
from shared.bus_messages import HistoryTurn, ToolName
from shared.options import Detail, Sensitivity, SessionOptions

Resolution = Literal["low", "medium", "high"]

_RESOLUTION_OF: dict[Detail, Resolution] = {"saver": "low", "balanced": "medium", "sharp": "high"}
_RESOLUTIONS = {
    "low": types.MediaResolution.MEDIA_RESOLUTION_LOW,
    "medium": types.MediaResolution.MEDIA_RESOLUTION_MEDIUM,
    "high": types.MediaResolution.MEDIA_RESOLUTION_HIGH,
}
_DETECTION: dict[Sensitivity, types.AutomaticActivityDetection | None] = {
    # What is speech must be clearer, and last longer, before it interrupts.
    "low": types.AutomaticActivityDetection(
        start_of_speech_sensitivity=types.StartSensitivity.START_SENSITIVITY_LOW,
        prefix_padding_ms=200,
    ),
    "normal": None,  # the model's own
    "high": types.AutomaticActivityDetection(
        start_of_speech_sensitivity=types.StartSensitivity.START_SENSITIVITY_HIGH,
        prefix_padding_ms=0,
    ),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator has settled for every session."""

    resolution: Resolution | None = None
    """How finely pictures are looked at; None leaves it to the user's `detail`."""
    google_search: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """What one Live session is opened with."""

    model: str
    options: SessionOptions
    instruction: str
    handle: str | None = None
    history: Sequence[HistoryTurn] = ()
    """Finished turns, for a fresh session that goes on where an earlier one broke."""


def live_config(setup: Setup, policy: Policy) -> types.LiveConnectConfig:
    """Return the SDK's configuration: no field in it that the model would refuse."""
    can = capabilities_of(setup.model)
    options = setup.options
    seeded = bool(setup.history) and setup.handle is None and can.seeding_needs_history_config
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=options.voice)
            )
        ),
        media_resolution=_RESOLUTIONS[policy.resolution or _RESOLUTION_OF[options.detail]],
        system_instruction=setup.instruction,
        thinking_config=_thinking(can.thinking),
        tools=_tools(can, offered_tools(setup.model, options), policy) or None,
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
        session_resumption=types.SessionResumptionConfig(handle=setup.handle),
        context_window_compression=types.ContextWindowCompressionConfig(
            trigger_tokens=25_000,  # Google's own example: every turn bills the whole window
            sliding_window=types.SlidingWindow(target_tokens=8_000),
        ),
        realtime_input_config=_realtime(options, can),
        history_config=types.HistoryConfig(initial_history_in_client_content=True)
        if seeded
        else None,
    )


def offered_tools(model: str, options: SessionOptions) -> tuple[ToolName, ...]:
    """Return what the model may ask of the client: what both of them can."""
    if capabilities_of(model).tools == "none":
        return ()
    return tuple(name for name in DECLARATIONS if name in options.tools)


def _tools(can: Capabilities, names: Sequence[ToolName], policy: Policy) -> types.ToolListUnion:
    tools: types.ToolListUnion = []
    if names:
        behavior = types.Behavior.NON_BLOCKING if can.tools == "scheduled" else None
        tools.append(
            types.Tool(
                function_declarations=[
                    types.FunctionDeclaration(
                        name=name,
                        description=DECLARATIONS[name].description,
                        parameters_json_schema=DECLARATIONS[name].parameters,
                        behavior=behavior,
                    )
                    for name in names
                ]
            )
        )
    if policy.google_search and can.searches:
        tools.append(types.Tool(google_search=types.GoogleSearch()))
    return tools


def _realtime(options: SessionOptions, can: Capabilities) -> types.RealtimeInputConfig | None:
    if options.turn_taking == "open_mic":
        detection = _DETECTION[options.sensitivity]
        if detection is None:
            return None
        return types.RealtimeInputConfig(automatic_activity_detection=detection)
    all_input = can.all_input_coverage_for_push_to_talk
    return types.RealtimeInputConfig(
        automatic_activity_detection=types.AutomaticActivityDetection(disabled=True),
        turn_coverage=types.TurnCoverage.TURN_INCLUDES_ALL_INPUT if all_input else None,
    )


def _thinking(how: Literal["none", "budget", "level"]) -> types.ThinkingConfig | None:
    """Ask for the least thinking: somebody waits for the first word."""
    match how:
        case "budget":
            return types.ThinkingConfig(thinking_budget=0)
        case "level":
            return types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
        case "none":
            return None
