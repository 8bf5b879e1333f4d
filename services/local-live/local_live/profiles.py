"""What each model of the Live API takes and refuses, as known in autumn 2026. Pure.

A field that a model does not know closes the connection with 1007, even where its value is false;
a model that does not exist, with 1008.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from local_live.errors import INVALID_ARGUMENT, POLICY, UNSUPPORTED_DATA, Refused, unknown_name
from local_live.wire import ClientFrame, Content

Thinking = Literal["none", "budget", "level"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One model's peculiarities."""

    thinking: Thinking
    lowest_thinking: bool = True
    """Whether the level "minimal" is taken."""
    media_chunks: bool = False
    roles_required: bool = False
    proactivity: Literal["optional", "unsupported", "always"] = "unsupported"
    affective_dialog: bool = False
    blocking_tools: bool = True
    async_tools: bool = True
    says_idle: bool = False


PROFILES = {
    "gemini-3.8-live": Profile("none", roles_required=True, proactivity="always"),
    "gemini-3.8-live-extended-thinking": Profile(
        "level",
        lowest_thinking=False,
        roles_required=True,
        proactivity="always",
        blocking_tools=False,
        says_idle=True,
    ),
    "gemini-3.1-flash-live-preview": Profile("level", async_tools=False),
    "gemini-2.5-flash-native-audio-latest": Profile(
        "budget", media_chunks=True, proactivity="optional", affective_dialog=True
    ),
}
_SAME_AS = {
    "gemini-2.5-flash-native-audio-preview-09-2025": "gemini-2.5-flash-native-audio-latest",
    "gemini-2.5-flash-native-audio-preview-12-2025": "gemini-2.5-flash-native-audio-latest",
    "gemini-live-2.5-flash-native-audio": "gemini-2.5-flash-native-audio-latest",
}

_SETUP_FIELDS = frozenset(
    {
        "model",
        "generationConfig",
        "systemInstruction",
        "tools",
        "realtimeInputConfig",
        "sessionResumption",
        "contextWindowCompression",
        "inputAudioTranscription",
        "outputAudioTranscription",
        "proactivity",
        "historyConfig",
        "avatarConfig",
        "safetySettings",
        "labels",
        "explicitVadSignal",
    }
)
_TRANSCRIPTIONS = ("inputAudioTranscription", "outputAudioTranscription")


def short_name(model: str) -> str:
    """Return the model's bare name: ``models/x`` and Vertex's long paths end in it."""
    return model.rsplit("/", 1)[-1]


def profile_of(model: str, version: str) -> Profile:
    """Return what ``model`` takes.

    Raises:
        Refused: If there is no such model; the reason is Google's sentence.
    """
    name = short_name(model)
    profile = PROFILES.get(_SAME_AS.get(name, name))
    if profile is None:
        raise Refused(
            POLICY,
            f"models/{name} is not found for API version {version},"
            " or is not supported for bidiGenerateContent.",
        )
    return profile


def check_setup(profile: Profile, setup: dict[str, Any], *, strict: bool) -> None:
    """Refuse what the model does not take.

    Args:
        profile: The model's.
        setup: The first frame's body, in camelCase.
        strict: Also refuse names that no model knows, as Google does.

    Raises:
        Refused: With 1007 and the name of the field.
    """
    unknown = sorted(setup.keys() - _SETUP_FIELDS)
    if strict and unknown:
        raise unknown_name(unknown[0], "setup")
    generation = setup.get("generationConfig") or {}
    for name in _TRANSCRIPTIONS:
        if name in generation:
            raise unknown_name(name, "setup.generation_config")
    _check_modalities(generation)
    _check_thinking(profile, generation.get("thinkingConfig"))
    if "enableAffectiveDialog" in generation and not profile.affective_dialog:
        raise unknown_name("enableAffectiveDialog", "setup.generation_config")
    _check_proactivity(profile, setup.get("proactivity"))
    _check_tools(profile, setup.get("tools") or [])


def check_frame(profile: Profile, frame: ClientFrame) -> None:
    """Refuse what the model does not take in mid-session.

    Raises:
        Refused: With 1007.
    """
    if frame.uses_media_chunks and not profile.media_chunks:
        raise Refused(
            UNSUPPORTED_DATA,
            "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
        )
    if profile.roles_required:
        for given in frame.inputs:
            if isinstance(given, Content) and not given.roles_named:
                raise Refused(UNSUPPORTED_DATA, "Please use a valid role: user, model.")


def _check_modalities(generation: dict[str, Any]) -> None:
    for modality in generation.get("responseModalities") or []:
        if str(modality).upper() != "AUDIO":
            raise Refused(
                UNSUPPORTED_DATA,
                f"The requested combination of response modalities ({str(modality).upper()})"
                " is not supported by the model.",
            )


def _check_thinking(profile: Profile, thinking: dict[str, Any] | None) -> None:
    if thinking is None:
        return
    place = "setup.generation_config.thinking_config"
    if profile.thinking == "none":
        raise unknown_name("thinkingConfig", "setup.generation_config")
    if "thinkingLevel" in thinking and profile.thinking != "level":
        raise unknown_name("thinkingLevel", place)
    if "thinkingBudget" in thinking and profile.thinking != "budget":
        raise unknown_name("thinkingBudget", place)
    level = str(thinking.get("thinkingLevel", "")).upper()
    if level == "MINIMAL" and not profile.lowest_thinking:
        raise Refused(UNSUPPORTED_DATA, "Thinking level MINIMAL is not supported by this model.")


def _check_proactivity(profile: Profile, proactivity: dict[str, Any] | None) -> None:
    if proactivity is None or profile.proactivity == "optional":
        return
    if profile.proactivity == "unsupported":
        raise unknown_name("proactivity", "setup")
    if proactivity.get("proactiveAudio") is False:
        raise Refused(UNSUPPORTED_DATA, INVALID_ARGUMENT)


def _check_tools(profile: Profile, tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        for declaration in tool.get("functionDeclarations") or []:
            behavior = str(declaration.get("behavior", "")).upper()
            if behavior == "NON_BLOCKING" and not profile.async_tools:
                raise unknown_name("behavior", "setup.tools[0].function_declarations[0]")
            if behavior == "BLOCKING" and not profile.blocking_tools:
                raise Refused(UNSUPPORTED_DATA, INVALID_ARGUMENT)
