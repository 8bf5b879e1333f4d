"""The one message that comes all the time: speech, and the words of either side. Pure.

The SDK takes 70 to 100 µs to turn a message into its models. Nine of ten hold nothing but
speech, which is taken out here in 8; whatever has anything else in it is the SDK's.
"""

from __future__ import annotations

import binascii
from typing import Any

import orjson
import pybase64

from gemini_worker.events import AssistantWords, Audio, LiveEvent, UserWords

_MESSAGE = {"serverContent"}
_CONTENT = {"modelTurn", "inputTranscription", "outputTranscription"}
_TURN = {"role", "parts"}
_PART = {"inlineData"}
_BLOB = {"data", "mimeType"}
_WORDS = {"text"}


def speech_in(message: str | bytes) -> list[LiveEvent] | None:
    """Return the events of a message that holds nothing but speech and words; else None.

    They are those of `gemini_events.events_in` for the same message (tests/gemini_worker).
    """
    try:
        parsed = orjson.loads(message)
        if parsed.keys() != _MESSAGE:
            return None
        content = parsed["serverContent"]
        if not content or not content.keys() <= _CONTENT:
            return None
        heard = _words_in(content.get("inputTranscription", {}))
        said = _words_in(content.get("outputTranscription", {}))
        words: list[LiveEvent] = [UserWords(heard)] if heard else []
        words += [AssistantWords(said)] if said else []
        return words + _sounds_in(content.get("modelTurn", {}))
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error):
        return None  # of a shape that is not ours to judge


def _words_in(transcription: dict[str, Any]) -> str:
    _hold_only(transcription, _WORDS)
    text = transcription.get("text", "")
    if not isinstance(text, str):
        raise TypeError(text)
    return text


def _sounds_in(turn: dict[str, Any]) -> list[LiveEvent]:
    _hold_only(turn, _TURN)
    sounds: list[LiveEvent] = []
    for part in turn.get("parts", []):
        _hold_only(part, _PART)
        blob = part["inlineData"]
        _hold_only(blob, _BLOB)
        if blob["data"]:
            sounds.append(Audio(pybase64.b64decode(blob["data"], validate=True)))
    return sounds


def _hold_only(fields: dict[str, Any], known: set[str]) -> None:
    if not fields.keys() <= known:
        raise KeyError(fields.keys() - known)
