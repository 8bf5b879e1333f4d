"""The SDK's messages in our words."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from gemini_worker.events import (
    AssistantWords,
    Audio,
    GoAway,
    Grounding,
    HandleUpdate,
    Interrupted,
    LiveEvent,
    Tokens,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
    UserWords,
)
from gemini_worker.gemini_events import events_in
from shared.bus_messages import PromptTokens, ResponseTokens, Source, TokenDetails

_USAGE = {
    "promptTokenCount": 1_290,
    "responseTokenCount": 211,
    "totalTokenCount": 1_501,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 210},
        {"modality": "AUDIO", "tokenCount": 312},
        {"modality": "VIDEO", "tokenCount": 512},
        {"modality": "IMAGE", "tokenCount": 256},
        {"modality": "DOCUMENT", "tokenCount": 7},
        {"modality": "TEXT"},
    ],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 211}],
}
_COUNTED = Tokens(
    1_290,
    211,
    1_501,
    TokenDetails(
        prompt=PromptTokens(text=210, audio=312, image=768), response=ResponseTokens(audio=211)
    ),
)
_CHUNKS = [
    {"web": {"uri": "https://a.example/x", "title": "A"}},
    {"web": {"uri": "http://plain.example", "title": "not safe"}},
    {"web": {"uri": "javascript:alert(1)", "title": "worse"}},
    {"web": {"title": "nowhere"}},
    {"maps": {"uri": "https://maps.example"}},
]
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
        ({"usageMetadata": _USAGE}, [_COUNTED]),
        (
            {"toolCall": {"functionCalls": [{"id": "m1", "name": "f", "args": {"x": 1.5}}]}},
            [ToolCall("m1", "f", {"x": 1.5})],
        ),
        ({"toolCall": {"functionCalls": [{"id": "m1", "name": "f"}]}}, [ToolCall("m1", "f")]),
        ({"toolCall": {}}, []),
        ({"toolCallCancellation": {"ids": ["m1", "m2"]}}, [ToolCallsCancelled(("m1", "m2"))]),
        ({"serverContent": {"groundingMetadata": {}}}, []),
        (
            {"serverContent": {"groundingMetadata": {"groundingChunks": _CHUNKS}}},
            [Grounding((Source(title="A", url="https://a.example/x"),))],
        ),
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

    assert events_in(parsed) == events
