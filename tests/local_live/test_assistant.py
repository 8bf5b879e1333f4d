"""The assistant with its real models, through the official SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, repeat

import numpy as np
import pytest
from google.genai import types
from google.genai.live import AsyncSession

from local_live import hearing
from local_live.words import coverage, words_of
from tests.local_live.live_server import LiveServer, running
from tests.local_live.samples import jpeg, quiet, speech
from tests.local_live.talk import Heard, session

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the models are not installed"),
]

LINES = ("Quarterly report", "Revenue is up twelve percent", "Total|15|$13.20")
ANSWER_TIMEOUT_S = 40.0
FRAME_MS = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("live")) as server:
        yield server


async def microphone(live: AsyncSession, said: bytes) -> None:
    """Send ``said`` and then silence, in real time, until cancelled."""
    frame_bytes = FRAME_MS * 32
    spoken = (said[at : at + frame_bytes] for at in range(0, len(said), frame_bytes))
    for pcm16 in chain(spoken, repeat(quiet(FRAME_MS))):
        blob = types.Blob(data=pcm16, mime_type="audio/pcm;rate=16000")
        await live.send_realtime_input(audio=blob)
        await asyncio.sleep(FRAME_MS / 1000)


async def ask_aloud(live: AsyncSession, question: str) -> Heard:
    speaking = asyncio.create_task(microphone(live, speech(question)))
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return Heard([message async for message in live.receive()])
    finally:
        speaking.cancel()
        await asyncio.wait([speaking])


async def test_spoken_question_about_the_screen_is_answered_aloud(server: LiveServer) -> None:
    """It hears, reads, answers with what stands there, says who it is, and is understood."""
    async with session(server) as live:
        blob = types.Blob(data=jpeg(1280, 720, LINES), mime_type="image/jpeg")
        await live.send_realtime_input(video=blob)

        heard = await ask_aloud(live, "What does my screen say?")
        total = await ask_aloud(live, "What is the total?")

    assert "not Gemini" in heard.said
    for line in LINES:
        assert line.replace("|", ", ") in heard.said
    assert total.said == "Total: 15, $13.20."
    assert "not Gemini" not in total.said
    understood = await asyncio.to_thread(_understand, heard.audio)
    assert coverage(words_of("quarterly report revenue is up total"), understood) > 0.8


async def test_speech_silences_the_answer(server: LiveServer) -> None:
    """Spoken to in mid-answer it stops, and "go on" reads what it had left."""
    lines = [f"Point {number} of this long list is here" for number in range(1, 9)]
    async with session(server) as live:
        blob = types.Blob(data=jpeg(1280, 720, lines), mime_type="image/jpeg")
        await live.send_realtime_input(video=blob)
        await live.send_realtime_input(text="read my screen")
        arrived = aiter(live.receive())
        begun = Heard([])
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while "Point 1" not in begun.said:
                begun.messages.append(await anext(arrived))

        speaking = asyncio.create_task(microphone(live, speech("Stop. Stop it, please.")))
        cut = Heard([message async for message in arrived])
        stopped = Heard([message async for message in live.receive()])
        speaking.cancel()
        await asyncio.wait([speaking])
        await live.send_realtime_input(text="go on")
        rest = Heard([])
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            # Everything has been sent by then; the turn itself lasts until it has been played.
            while "generation_complete" not in rest.kinds():
                rest.messages.append(await anext(aiter(live.receive())))

    assert cut.kinds()[-2:] == ["interrupted", "turn_complete"]
    assert stopped.said == "Okay."
    assert "Point 8 of this long list is here." in rest.said


def _understand(pcm24: bytes) -> list[str]:
    """Return what speech recognition makes of the assistant's own voice."""
    at = np.arange(len(pcm24) // 3) * 1.5
    samples = np.frombuffer(pcm24, "<i2")
    pcm16 = np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return words_of(hearing.recognise(hearing.recogniser_loader("", 2)(), pcm16))
