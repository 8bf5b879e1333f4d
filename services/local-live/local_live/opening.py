"""The first frame of a connection: what the client wants of the session. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_live.fields import (
    enum,
    integer,
    list_or_empty,
    malformed,
    object_or_empty,
    parse_object,
    strict_object,
    string_or_empty,
    text_of,
)
from local_live.pictures import Resolution
from local_live.vad import Detection, Sensitivity

_SENSITIVITIES: dict[str, Sensitivity] = {
    "START_SENSITIVITY_LOW": "low",
    "START_SENSITIVITY_HIGH": "high",
}
_RESOLUTIONS: dict[str, Resolution] = {
    "MEDIA_RESOLUTION_LOW": "low",
    "MEDIA_RESOLUTION_HIGH": "high",
}


@dataclass(frozen=True, slots=True)
class Setup:
    """The first frame of a connection."""

    model: str
    instruction: str = ""
    wants_handles: bool = False
    handle: str = ""
    detection: Detection = field(default_factory=Detection)
    interruptible: bool = True
    hears_input: bool = False
    hears_output: bool = False
    resolution: Resolution = "medium"
    """How finely pictures are looked at; what they cost follows from it."""
    functions: frozenset[str] = frozenset()
    """Names of the functions that the client has declared."""
    searches: bool = False
    """Google search is allowed."""
    fields: dict[str, Any] = field(default_factory=dict)
    """The whole setup in camelCase, for the checks of a model's profile."""


def parse_setup(raw: str | bytes) -> Setup:
    """Read the first frame.

    Raises:
        Refused: If it is not JSON, not a setup, or names no model.
    """
    message = parse_object(raw)
    setup = message.get("setup")
    if len(message) != 1 or not isinstance(setup, dict):
        raise malformed()
    model = string_or_empty(setup.get("model"))
    if not model:
        raise malformed()
    realtime = object_or_empty(setup.get("realtimeInputConfig"))
    generation = object_or_empty(setup.get("generationConfig"))
    tools = [strict_object(tool) for tool in list_or_empty(setup.get("tools"))]
    resumption = setup.get("sessionResumption")
    return Setup(
        model=model,
        instruction=text_of(object_or_empty(setup.get("systemInstruction"))),
        wants_handles=resumption is not None,
        handle=string_or_empty(object_or_empty(resumption).get("handle")),
        detection=_detection(object_or_empty(realtime.get("automaticActivityDetection"))),
        interruptible=enum(realtime.get("activityHandling")) != "NO_INTERRUPTION",
        hears_input=setup.get("inputAudioTranscription") is not None,
        hears_output=setup.get("outputAudioTranscription") is not None,
        resolution=_RESOLUTIONS.get(enum(generation.get("mediaResolution")), "medium"),
        functions=frozenset(name for tool in tools for name in _functions(tool)),
        searches=any("googleSearch" in tool for tool in tools),
        fields=setup,
    )


def _detection(given: dict[str, Any]) -> Detection:
    return Detection(
        manual=given.get("disabled") is True,
        silence_ms=integer(given.get("silenceDurationMs")),
        start_ms=integer(given.get("prefixPaddingMs")),
        sensitivity=_SENSITIVITIES.get(enum(given.get("startOfSpeechSensitivity")), "normal"),
    )


def _functions(tool: dict[str, Any]) -> list[str]:
    declared = list_or_empty(tool.get("functionDeclarations"))
    return [string_or_empty(strict_object(one).get("name")) for one in declared]
