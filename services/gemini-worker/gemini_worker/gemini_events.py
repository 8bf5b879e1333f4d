"""What one message of the Live API says, in our own words. Pure."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator

from google.genai import types
from pydantic import ValidationError

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
from shared.bus_messages import PromptTokens, ResponseTokens, Source, TokenDetails

MAX_TITLE_CHARS = 300
_KINDS: dict[str, str] = {
    types.MediaModality.TEXT: "text",
    types.MediaModality.AUDIO: "audio",
    types.MediaModality.IMAGE: "image",
    types.MediaModality.VIDEO: "image",
}
"""Pictures of a stream are counted as video."""


def events_in(message: types.LiveServerMessage) -> list[LiveEvent]:
    """Return what one message says, in the order in which it should take effect."""
    events: list[LiveEvent] = []
    content = message.server_content
    if content is not None:
        events += _events_in_content(content)
    if message.usage_metadata is not None:
        events.append(_tokens(message.usage_metadata))
    if content is not None and content.turn_complete:
        status = content.interaction_status
        events.append(TurnComplete(status is types.InteractionStatus.IN_PROGRESS))
    update = message.session_resumption_update
    if update is not None:
        handle = update.new_handle if update.resumable else None
        consumed = update.last_consumed_client_message_index
        events.append(HandleUpdate(handle or None, consumed))
    for call in (message.tool_call.function_calls or []) if message.tool_call else []:
        events.append(ToolCall(call.id or "", call.name or "", call.args or {}))
    cancelled = message.tool_call_cancellation
    if cancelled is not None:
        events.append(ToolCallsCancelled(tuple(cancelled.ids or ())))
    if message.go_away is not None:
        events.append(GoAway(_seconds(message.go_away.time_left)))
    return events


def _events_in_content(content: types.LiveServerContent) -> list[LiveEvent]:
    events: list[LiveEvent] = []
    if content.input_transcription is not None and content.input_transcription.text:
        events.append(UserWords(content.input_transcription.text))
    if content.interrupted:
        events.append(Interrupted())
    if content.output_transcription is not None and content.output_transcription.text:
        events.append(AssistantWords(content.output_transcription.text))
    parts = (content.model_turn.parts or []) if content.model_turn else []
    blobs = [part.inline_data for part in parts if part.inline_data is not None]
    events += [Audio(blob.data) for blob in blobs if blob.data]
    if content.grounding_metadata is not None:
        sources = tuple(_sources(content.grounding_metadata.grounding_chunks or []))
        events += [Grounding(sources)] if sources else []
    return events


def _tokens(usage: types.UsageMetadata) -> Tokens:
    prompt = _by_kind(usage.prompt_tokens_details)
    response = _by_kind(usage.response_tokens_details)
    return Tokens(
        usage.prompt_token_count or 0,
        usage.response_token_count or 0,
        usage.total_token_count or 0,
        TokenDetails(
            prompt=PromptTokens(text=prompt["text"], audio=prompt["audio"], image=prompt["image"]),
            response=ResponseTokens(text=response["text"], audio=response["audio"]),
        ),
    )


def _by_kind(details: Iterable[types.ModalityTokenCount] | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in details or ():
        counts[_KINDS.get(one.modality or "", "other")] += one.token_count or 0
    return counts


def _sources(chunks: Iterable[types.GroundingChunk]) -> Iterator[Source]:
    """Yield the pages among them that a browser may open safely."""
    for chunk in chunks:
        web = chunk.web
        if web is None or not web.uri:
            continue
        with contextlib.suppress(ValidationError):
            yield Source(title=(web.title or web.domain or "")[:MAX_TITLE_CHARS], url=web.uri)


def _seconds(duration: str | None) -> float:
    """Parse a duration as the API writes it, ``"9.5s"``; 0 if it is missing or strange."""
    try:
        return max(0.0, float((duration or "0s").removesuffix("s")))
    except ValueError:
        return 0.0
