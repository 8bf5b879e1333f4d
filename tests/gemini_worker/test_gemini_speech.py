"""Speech taken out of a message past the SDK is what the SDK would have taken out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.gemini_events import events_in
from gemini_worker.gemini_speech import speech_in


def _sound(data: bytes, mime_type: str = "audio/pcm;rate=24000") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _message(**content: Any) -> bytes:
    return json.dumps({"serverContent": content}).encode()


@given(
    sounds=st.lists(st.binary(max_size=64), max_size=3),
    words=st.none() | st.text(max_size=20),
    heard=st.none() | st.text(max_size=20),
    role=st.booleans(),
)
def test_speech_is_what_the_sdk_makes_of_it(
    sounds: list[bytes], words: str | None, heard: str | None, role: bool
) -> None:
    """Any message of sounds and words gives the same events, in the same order."""
    content: dict[str, Any] = {}
    if sounds:
        turn: dict[str, Any] = {"parts": [_sound(data) for data in sounds]}
        content["modelTurn"] = turn | ({"role": "model"} if role else {})
    if words is not None:
        content["outputTranscription"] = {"text": words}
    if heard is not None:
        content["inputTranscription"] = {"text": heard}
    message = types.LiveServerMessage.model_validate({"serverContent": content})

    events = speech_in(_message(**content))

    assert events == (events_in(message) if content else None)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b'{"setupComplete": {}}', id="another message"),
        pytest.param(b'{"serverContent": {}, "goAway": {}}', id="two at once"),
        pytest.param(_message(turnComplete=True), id="the end of a turn"),
        pytest.param(_message(interrupted=True, modelTurn={"parts": []}), id="an interruption"),
        pytest.param(_message(inputTranscription={"text": 1}), id="words that are none"),
        pytest.param(_message(interimInputTranscription={"text": "hi"}), id="words for now"),
        pytest.param(_message(modelTurn={"parts": [{"text": "a thought"}]}), id="text"),
        pytest.param(
            _message(modelTurn={"parts": [_sound(b"ab") | {"thought": True}]}), id="more in a part"
        ),
        pytest.param(_message(outputTranscription={"text": "a", "finished": True}), id="and words"),
        pytest.param(_message(modelTurn=None), id="null"),
        pytest.param(
            _message(modelTurn={"parts": [{"inlineData": {"data": "_-8="}}]}), id="alphabet"
        ),
        pytest.param(
            _message(modelTurn={"parts": [{"inlineData": {"data": "AQ"}}]}), id="no padding"
        ),
        pytest.param(_message(modelTurn={"parts": [{"inlineData": {}}]}), id="no data"),
        pytest.param(_message(modelTurn={"parts": ["audio"]}), id="a strange part"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"', id="no JSON"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_everything_else_is_left_to_the_sdk(message: bytes) -> None:
    """Whatever has a field that is not known here goes the long way, faults included."""
    assert speech_in(message) is None
