"""What a client may choose when it starts a session; everything else is the operator's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.bus_messages import Message

Voice = Literal["Aoede", "Charon", "Fenrir", "Kore", "Leda", "Orus", "Puck", "Zephyr"]
Preset = Literal["screen_helper", "paper_reader", "pair_programmer", "note_taker"]
TurnTaking = Literal["open_mic", "push_to_talk"]


class SessionOptions(Message):
    """The `options` of `hello` (docs/protocol.md), kept in the session's hash as JSON."""

    voice: Voice = "Kore"
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] = "en-US"
    preset: Preset = "screen_helper"
    instructions: Annotated[str, Field(max_length=2_000)] = ""
    turn_taking: TurnTaking = "open_mic"
