"""A conversation through the official SDK, in the words of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from google.genai import errors, types
from google.genai.live import AsyncSession

from tests.local_live.live_server import MODEL, LiveServer

CONFIG: dict[str, Any] = {
    "response_modalities": ["AUDIO"],
    "session_resumption": {},
    "input_audio_transcription": {},
    "output_audio_transcription": {},
}
ANSWER_TIMEOUT_S = 10.0


@asynccontextmanager
async def session(
    server: LiveServer, model: str = MODEL, key: str = "anything", **more: Any
) -> AsyncIterator[AsyncSession]:
    async with server.client(key).aio.live.connect(
        model=model, config=cast("types.LiveConnectConfigDict", CONFIG | more)
    ) as live:
        yield live


class Heard:
    """What came of one turn."""

    def __init__(self, messages: list[types.LiveServerMessage]) -> None:
        self.messages = messages

    @property
    def audio(self) -> bytes:
        return b"".join(message.data or b"" for message in self.messages)

    @property
    def said(self) -> str:
        contents = [message.server_content for message in self.messages]
        spoken = [one.output_transcription for one in contents if one and one.output_transcription]
        return "".join(one.text or "" for one in spoken)

    @property
    def understood(self) -> str:
        contents = [message.server_content for message in self.messages]
        heard = [one.input_transcription for one in contents if one and one.input_transcription]
        return "".join(one.text or "" for one in heard)

    def kinds(self) -> list[str]:
        """Return the frames' kinds in order, each run of speech once."""
        kinds: list[str] = []
        for message in self.messages:
            kind = kind_of(message)
            if kind != "speech" or kinds[-1:] != ["speech"]:
                kinds.append(kind)
        return kinds


def kind_of(message: types.LiveServerMessage) -> str:
    """Name a frame by what it holds."""
    content = message.server_content
    if content is None:
        return next(iter(message.model_dump(exclude_none=True)))
    if content.model_turn:
        return "speech"
    return "+".join(content.model_dump(exclude_none=True))


async def turn(live: AsyncSession) -> Heard:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        return Heard([message async for message in live.receive()])


async def next_handle(live: AsyncSession) -> types.LiveServerSessionResumptionUpdate:
    """Read on until a handle comes."""
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        while True:
            async for message in live.receive():
                update = message.session_resumption_update
                if update is not None and update.resumable:
                    return update


async def ended(live: AsyncSession) -> errors.APIError:
    """Read until the connection ends; return how."""
    with pytest.raises(errors.APIError) as caught:
        await _read_for_ever(live)
    return caught.value


async def _read_for_ever(live: AsyncSession) -> None:
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        while True:
            async for _ in live.receive():
                pass


async def speak(live: AsyncSession, pcm16: bytes) -> None:
    for start in range(0, len(pcm16), 1280):
        blob = types.Blob(data=pcm16[start : start + 1280], mime_type="audio/pcm;rate=16000")
        await live.send_realtime_input(audio=blob)


async def ledger_of(server: LiveServer, live: AsyncSession) -> list[dict[str, Any]]:
    (entry,) = (await server.control(op="ledger", session=live.session_id))["ledger"]
    items: list[dict[str, Any]] = entry["items"]
    return items
