"""What the server sends: one function for each kind of frame, ready for the socket. Pure.

Every frame is JSON in bytes (the Live API uses binary frames), with camelCase names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pybase64 import b64encode_as_string

OUTPUT_MIME_TYPE = "audio/pcm;rate=24000"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one turn: the whole context at its start, and what was said."""

    prompt_text: int = 0
    prompt_audio: int = 0
    prompt_video: int = 0
    response_audio: int = 0

    @property
    def prompt(self) -> int:
        """Everything that the model had before it."""
        return self.prompt_text + self.prompt_audio + self.prompt_video


def setup_complete(session_id: str) -> bytes:
    """Accept the client's `setup`."""
    return orjson.dumps({"setupComplete": {"sessionId": session_id}})


def input_transcription(text: str) -> bytes:
    """Say what was heard."""
    return orjson.dumps({"serverContent": {"inputTranscription": {"text": text}}})


def spoken(
    pcm16: bytes, text: str, *, transcribed: bool, sources: Sequence[tuple[str, str]] = ()
) -> bytes:
    """Speak: mono PCM16 at 24 000 Hz, and the words that begin in it.

    ``sources``: titles and addresses of the pages that the answer rests on.
    """
    content: dict[str, object] = {}
    if pcm16:
        blob = {"mimeType": OUTPUT_MIME_TYPE, "data": b64encode_as_string(pcm16)}
        content["modelTurn"] = {"role": "model", "parts": [{"inlineData": blob}]}
    if text and transcribed:
        content["outputTranscription"] = {"text": text}
    if sources:
        chunks = [{"web": {"title": title, "uri": uri}} for title, uri in sources]
        content["groundingMetadata"] = {"groundingChunks": chunks}
    return orjson.dumps({"serverContent": content})


def transcription_finished() -> bytes:
    """Say that no more words of this turn will come."""
    return orjson.dumps({"serverContent": {"outputTranscription": {"finished": True}}})


def generation_complete() -> bytes:
    """Say that everything of this turn has been sent, though not yet played."""
    return orjson.dumps({"serverContent": {"generationComplete": True}})


def interrupted() -> bytes:
    """Tell the client to fall silent at once."""
    return orjson.dumps({"serverContent": {"interrupted": True}})


def turn_complete(usage: Usage, *, idle: bool, vertex: bool) -> bytes:
    """End the turn.

    Args:
        usage: Tokens of this turn.
        idle: Also say `interactionStatus`, which only extended-thinking models do.
        vertex: Use Vertex's names for the response's tokens.
    """
    content: dict[str, object] = {"turnComplete": True}
    if idle:
        content["interactionStatus"] = "IDLE"
    prompt = [
        {"modality": modality, "tokenCount": count}
        for modality, count in (
            ("TEXT", usage.prompt_text),
            ("AUDIO", usage.prompt_audio),
            ("VIDEO", usage.prompt_video),
        )
        if count
    ]
    response = [{"modality": "AUDIO", "tokenCount": usage.response_audio}]
    name = "candidates" if vertex else "response"
    tokens = {
        "promptTokenCount": usage.prompt,
        f"{name}TokenCount": usage.response_audio,
        "totalTokenCount": usage.prompt + usage.response_audio,
        "promptTokensDetails": prompt,
        f"{name}TokensDetails": response,
    }
    return orjson.dumps({"serverContent": content, "usageMetadata": tokens})


def tool_call(call_id: str, name: str, args: object) -> bytes:
    """Ask the client to run a tool."""
    call = {"id": call_id, "name": name, "args": args}
    return orjson.dumps({"toolCall": {"functionCalls": [call]}})


def tool_call_cancellation(call_id: str) -> bytes:
    """Take a tool call back, because the user spoke over it."""
    return orjson.dumps({"toolCallCancellation": {"ids": [call_id]}})


def go_away(time_left_s: float) -> bytes:
    """Announce that the connection will end."""
    return orjson.dumps({"goAway": {"timeLeft": f"{time_left_s:g}s"}})


def not_resumable() -> bytes:
    """Say that no handle stands for this moment: something is being generated."""
    return orjson.dumps({"sessionResumptionUpdate": {"resumable": False}})


def resumable(handle: str, last_consumed_index: int | None) -> bytes:
    """Hand out a handle.

    Args:
        handle: Names the conversation as it stands now.
        last_consumed_index: 0-based index, among the client's messages after `setup` on this
            connection, of the last one that the handle stands for; None when there is none.
    """
    update: dict[str, object] = {"newHandle": handle, "resumable": True}
    if last_consumed_index is not None:
        # An int64, so a string, as proto3 JSON has it.
        update["lastConsumedClientMessageIndex"] = str(last_consumed_index)
    return orjson.dumps({"sessionResumptionUpdate": update})
