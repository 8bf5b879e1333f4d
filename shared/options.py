"""What a client may choose when it starts a session; everything else is the operator's."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field

from shared.bus_messages import Message, ToolName

Voice = Literal["Aoede", "Charon", "Fenrir", "Kore", "Leda", "Orus", "Puck", "Zephyr"]
Preset = Literal["screen_helper", "paper_reader", "pair_programmer", "note_taker"]
TurnTaking = Literal["open_mic", "push_to_talk"]
Sensitivity = Literal["low", "normal", "high"]
Detail = Literal["saver", "balanced", "sharp"]

VOICES: tuple[Voice, ...] = get_args(Voice)


class PresetText(NamedTuple):
    """How a preset is offered to the user."""

    name: str
    description: str


PRESETS: dict[Preset, PresetText] = {
    "screen_helper": PresetText("Screen helper", "Answers about whatever is on your screen"),
    "paper_reader": PresetText("Paper reader", "Explains papers: claims, figures, notation"),
    "pair_programmer": PresetText("Pair programmer", "Reads code and errors along with you"),
    "note_taker": PresetText("Note taker", "Keeps to facts and sums up what was seen"),
}


class SessionOptions(Message):
    """The `options` of `hello` (docs/protocol.md), kept in the session's hash as JSON."""

    voice: Voice = "Kore"
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] = "en-US"
    preset: Preset = "screen_helper"
    instructions: Annotated[str, Field(max_length=2_000)] = ""
    turn_taking: TurnTaking = "open_mic"
    sensitivity: Sensitivity = "normal"
    """How easily the model takes sound for speech."""
    detail: Detail = "balanced"
    """How finely the model looks at pictures, unless the operator has settled that."""
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")] | None = None
    """One of the operator's `GEMINI_MODELS`; None for the first of them."""
    tools: Annotated[tuple[ToolName, ...], Field(max_length=len(get_args(ToolName)))] = ()
    """What the client can do for the model."""
