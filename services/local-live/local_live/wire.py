"""What a client of the Live API sends: JSON frames to dataclasses. Pure.

Both spellings of every name (camelCase, snake_case) and both base64 alphabets are taken, padded or
not, since the SDK mixes them and Google takes either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pybase64

from local_live.errors import UNSUPPORTED_DATA, Refused, unknown_name
from local_live.fields import (
    list_or_empty,
    malformed,
    object_or_empty,
    parse_object,
    strict_object,
    strict_string,
    string_or_empty,
    text_of,
)

DEFAULT_RATE_HZ = 16_000
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 48_000


@dataclass(frozen=True, slots=True)
class AudioIn:
    """Microphone audio as it came: mono, little-endian signed 16-bit."""

    pcm16: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class PictureIn:
    """One still of the screen, encoded."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class TextIn:
    """Typed text, which starts a turn at once."""

    text: str


@dataclass(frozen=True, slots=True)
class ActivityStart:
    """Push-to-talk pressed."""


@dataclass(frozen=True, slots=True)
class ActivityEnd:
    """Push-to-talk let go."""


@dataclass(frozen=True, slots=True)
class AudioStreamEnd:
    """The microphone was switched off: speech that is under way has ended."""


@dataclass(frozen=True, slots=True)
class ContentTurn:
    """One turn of a history that the client hands over; ``role`` is "user" or "model"."""

    role: str
    text: str
    pictures: tuple[PictureIn, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """Ordered history; ``complete`` asks for an answer to it."""

    turns: tuple[ContentTurn, ...]
    complete: bool
    roles_named: bool


@dataclass(frozen=True, slots=True)
class ToolResponse:
    """What a tool gave back for the call with this id."""

    call_id: str
    name: str
    response: object


@dataclass(frozen=True, slots=True)
class ContextUpdate:
    """A new system instruction in mid-session."""

    instruction: str


ClientInput = (
    AudioIn
    | PictureIn
    | TextIn
    | ActivityStart
    | ActivityEnd
    | AudioStreamEnd
    | Content
    | ToolResponse
    | ContextUpdate
)


@dataclass(frozen=True, slots=True)
class ClientFrame:
    """One WebSocket frame after `setup`: its inputs, in order."""

    inputs: tuple[ClientInput, ...]
    uses_media_chunks: bool = False


def parse_frame(raw: str | bytes) -> ClientFrame:
    """Read any frame after the first.

    Raises:
        Refused: If it is not JSON, has not exactly one known key, or holds something malformed.
    """
    message = parse_object(raw)
    if len(message) != 1:
        raise malformed()
    ((name, body),) = message.items()
    if name == "realtimeInput":
        return _parse_realtime(strict_object(body))
    if name == "clientContent":
        return ClientFrame((_parse_content(strict_object(body)),))
    if name == "toolResponse":
        responses = list_or_empty(strict_object(body).get("functionResponses"))
        return ClientFrame(tuple(_parse_tool_response(strict_object(one)) for one in responses))
    if name == "contextUpdate":
        instruction = object_or_empty(strict_object(body).get("systemInstruction"))
        return ClientFrame((ContextUpdate(text_of(instruction)),))
    if name == "setup":
        raise Refused(UNSUPPORTED_DATA, "setup may only be the first message of a connection.")
    raise unknown_name(name, "")


def decode_base64(text: str) -> bytes:
    """Decode either alphabet, padded or not.

    Raises:
        Refused: If ``text`` is not base64.
    """
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    alphabet = b"-_" if "-" in bare or "_" in bare else None
    try:
        # The standard library takes 0.4 ms for a picture of 60 KB, this 5 microseconds.
        return pybase64.b64decode(padded, alphabet, validate=True)
    except ValueError as exc:
        raise malformed() from exc


def _parse_realtime(body: dict[str, Any]) -> ClientFrame:
    inputs: list[ClientInput] = []
    for name, value in body.items():
        if name == "audio":
            inputs.append(_parse_audio(strict_object(value)))
        elif name == "video":
            inputs.append(_parse_picture(strict_object(value)))
        elif name == "mediaChunks":
            inputs.extend(_parse_blob(strict_object(blob)) for blob in list_or_empty(value))
        elif name == "text":
            inputs.append(TextIn(strict_string(value)))
        elif name in _SIGNALS:
            if value not in (None, False):
                inputs.append(_SIGNALS[name])
        else:
            raise unknown_name(name, "realtime_input")
    return ClientFrame(tuple(inputs), uses_media_chunks="mediaChunks" in body)


_SIGNALS: dict[str, ClientInput] = {
    "activityStart": ActivityStart(),
    "activityEnd": ActivityEnd(),
    "audioStreamEnd": AudioStreamEnd(),
}


def _parse_blob(blob: dict[str, Any]) -> ClientInput:
    mime_type = strict_string(blob.get("mimeType"))
    return _parse_audio(blob) if mime_type.startswith("audio/") else _parse_picture(blob)


def _parse_audio(blob: dict[str, Any]) -> AudioIn:
    kind, *parameters = strict_string(blob.get("mimeType")).replace(" ", "").split(";")
    rate_hz = DEFAULT_RATE_HZ
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "rate":
            rate_hz = int(value) if value.isascii() and value.isdecimal() else 0
    pcm16 = decode_base64(strict_string(blob.get("data")))
    if kind != "audio/pcm" or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ or len(pcm16) % 2:
        raise malformed()
    return AudioIn(pcm16, rate_hz)


def _parse_picture(blob: dict[str, Any]) -> PictureIn:
    mime_type = strict_string(blob.get("mimeType"))
    if not mime_type.startswith("image/"):
        raise malformed()
    return PictureIn(decode_base64(strict_string(blob.get("data"))), mime_type)


def _parse_content(body: dict[str, Any]) -> Content:
    turns = [strict_object(turn) for turn in list_or_empty(body.get("turns"))]
    return Content(
        turns=tuple(
            ContentTurn(
                role=string_or_empty(turn.get("role")) or "user",
                text=text_of(turn),
                pictures=tuple(_pictures_of(turn)),
            )
            for turn in turns
        ),
        # Absent means false in proto3, and a frame without turns is the SDK's way to say "answer".
        complete=body.get("turnComplete") is True,
        roles_named=all(string_or_empty(turn.get("role")) in {"user", "model"} for turn in turns),
    )


def _parse_tool_response(body: dict[str, Any]) -> ToolResponse:
    return ToolResponse(
        string_or_empty(body.get("id")), string_or_empty(body.get("name")), body.get("response")
    )


def _pictures_of(turn: dict[str, Any]) -> list[PictureIn]:
    blobs = (object_or_empty(part).get("inlineData") for part in list_or_empty(turn.get("parts")))
    return [
        _parse_picture(blob)
        for blob in blobs
        if isinstance(blob, dict) and string_or_empty(blob.get("mimeType")).startswith("image/")
    ]
