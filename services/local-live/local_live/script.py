"""The scripted brain: what it says follows from what it gets, alone. For tests and benchmarks.

Answers to typed text ``T``: ``You said: T``, with ``(picture WxH)`` behind it (and a true
multiplication sign) when a picture has come since the last turn; ``say <n>`` speaks n words, and
``search <words>`` cites a page where the client allows a search. To speech: ``I heard <ms> ms.``
All of it is a 440 Hz tone, 300 ms for each word, in pieces of 100 ms.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from functools import cache
from urllib.parse import quote

import numpy as np
import orjson

from local_live.brain import Question, Source, Spoken
from local_live.history import History
from local_live.vad import (
    Detection,
    GateTimes,
    Sensitivity,
    SpeechGate,
    Utterance,
    loud_windows,
)

OUTPUT_RATE_HZ = 24_000
TONE_HZ = 440
TONE_PEAK = 8_000
CHUNK_MS = 100
WORD_CHUNKS = 3
WINDOW_MS = 20
SILENCE_MS = 400
MAX_SAID_WORDS = 10_000
MAX_ECHOED_CHARS = 10_000
SEARCHED_SITE = "https://search.example/"
_SEARCH = re.compile(r"\s*search (?:for )?(.{1,100}?)\s*", re.IGNORECASE)
_SAY = re.compile(r"\s*say (\d{1,5})\s*", re.IGNORECASE)


class ScriptedBrain:
    """Hears by loudness, sees by picture headers, and speaks in tones."""

    keeps_pictures = False

    def __init__(self) -> None:
        self._sensitivity: Sensitivity = "normal"

    def new_gate(self, detection: Detection) -> SpeechGate:
        """Return a gate that starts on the first loud window; 400 ms of quiet end the speech."""
        self._sensitivity = detection.sensitivity
        times = GateTimes(
            WINDOW_MS,
            start_ms=max(WINDOW_MS, detection.start_ms or 0),
            silence_ms=detection.silence_ms or SILENCE_MS,
            keeps_audio=False,
        )
        return SpeechGate(times, manual=detection.manual)

    async def voiced(self, windows: bytes) -> list[bool]:
        """Tell which windows are loud."""
        return loud_windows(windows, WINDOW_MS, self._sensitivity)

    def notice_picture(self, history: History) -> None:
        """Nothing to prepare."""

    def notice_speech(self) -> None:
        """Nothing to prepare."""

    def notice_pause(self, utterance: Utterance) -> None:
        """Nothing to prepare."""

    def notice_interruption(self, history: History, heard_ms: float) -> None:
        """Nothing depends on it."""

    async def transcribe(self, utterance: Utterance) -> str:
        """Say how long the speech was; it is a multiple of the window, 20 ms."""
        return f"heard {utterance.voiced_ms} ms" if utterance.voiced_ms else ""

    async def answer(self, question: Question, history: History) -> AsyncGenerator[Spoken, None]:
        """Speak the scripted answer."""
        tone = _tone()
        for number, word in enumerate(_answer_text(question, history).split(" ")):
            for part in range(WORD_CHUNKS):
                text = (f" {word}" if number else word) if part == 0 else ""
                yield Spoken(tone, text)
        if found := _searched(question):
            yield Spoken(b"", "", (Source(f"About {found}", f"{SEARCHED_SITE}{quote(found)}"),))

    async def close(self) -> None:
        """Nothing to let go of."""


def _answer_text(question: Question, history: History) -> str:
    if question.tool is not None:
        result = orjson.dumps(question.tool.response).decode()
        return f"The tool {question.tool.name} answered {result}."
    if question.voiced_ms is not None:
        return f"I heard {question.voiced_ms} ms."
    if found := _searched(question):
        return f"I found {found}."
    if said := _SAY.fullmatch(question.text):
        count = min(max(1, int(said[1])), MAX_SAID_WORDS)
        return " ".join(f"word{number}" for number in range(1, count + 1))
    seen = ""
    if question.pictures_since and history.picture is not None:
        seen = f" (picture {history.picture.width}\u00d7{history.picture.height})"
    # Each word is one frame: none may come near the 1 MiB at which the SDK gives up.
    return f"You said: {question.text[:MAX_ECHOED_CHARS]}{seen}"


def _searched(question: Question) -> str:
    """Return what is to be searched for; empty where nothing is, or nobody may."""
    found = _SEARCH.fullmatch(question.text) if question.searches else None
    return found[1] if found else ""


@cache
def _tone() -> bytes:
    """Return 100 ms of 440 Hz: 44 whole waves, so that one chunk joins the next without a click."""
    n_samples = OUTPUT_RATE_HZ * CHUNK_MS // 1000
    wave = np.sin(2 * np.pi * TONE_HZ * np.arange(n_samples) / OUTPUT_RATE_HZ)
    return bytes(np.rint(wave * TONE_PEAK).astype("<i2").tobytes())
