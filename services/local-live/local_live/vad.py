"""Where speech begins, pauses and ends: a state machine over voiced and silent windows. Pure.

Who decides whether a window is voiced (loudness, or a model) stands elsewhere; here is only what
follows from it. The gate can be copied, so that a resumption handle also holds half an utterance.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Sensitivity = Literal["low", "normal", "high"]

RATE_HZ = 16_000
BYTES_PER_MS = RATE_HZ * 2 // 1000
LOUD_RMS: dict[Sensitivity, int] = {"low": 1_500, "normal": 500, "high": 200}
"""Root mean square of int16 samples above which a window counts as speech, without a model."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How the client wants speech to be found; None for the listener's own way."""

    manual: bool = False
    """Push-to-talk: the client says when speech begins and ends."""
    silence_ms: int | None = None
    """Silence that ends an utterance."""
    start_ms: int | None = None
    """Voiced sound needed before it counts as speech."""
    sensitivity: Sensitivity = "normal"
    """How easily sound counts as voiced."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one person said between two silences: mono PCM16 at 16 000 Hz."""

    pcm16: bytes
    voiced_ms: int

    def after(self, earlier: Utterance | None) -> Utterance:
        """Return both in one, ``earlier`` first."""
        if earlier is None:
            return self
        return Utterance(earlier.pcm16 + self.pcm16, earlier.voiced_ms + self.voiced_ms)


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody has begun to speak."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A short silence, which may be the end: what was said so far."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is complete."""

    utterance: Utterance


SpeechEvent = SpeechStarted | SpeechPaused | SpeechEnded


@dataclass(frozen=True, slots=True)
class GateTimes:
    """How the gate judges; everything in ms."""

    window_ms: int
    start_ms: int
    """Voiced sound needed before it counts as speech: a click is shorter."""
    silence_ms: int
    """Silence that ends an utterance."""
    pause_ms: int = 0
    """Silence after which recognition may begin on trial; 0 for never."""
    preroll_ms: int = 0
    """Sound kept from before the first voiced window: consonants are quiet."""
    max_ms: int = 600_000
    """An utterance this long is cut, so that nobody fills the memory."""
    keeps_audio: bool = True


class SpeechGate:
    """Finds utterances in a stream of windows, or between push-to-talk signals (``manual``)."""

    def __init__(self, times: GateTimes, *, manual: bool = False) -> None:
        self._times = times
        self._manual = manual
        self._window_bytes = times.window_ms * BYTES_PER_MS
        self._partial = b""
        self._before: list[bytes] = []
        self._kept: list[bytes] = []
        self._speaking = False
        self._length_ms = 0
        self._voiced_ms = 0
        self._run_ms = 0
        self._silent_ms = 0

    @property
    def speaking(self) -> bool:
        """Whether an utterance is under way."""
        return self._speaking

    def copy(self) -> SpeechGate:
        """Return a gate in the same state, that goes its own way from here."""
        return copy.deepcopy(self)

    def whole_windows(self, pcm16: bytes) -> bytes:
        """Return the windows that ``pcm16`` completes; the gate itself does not change."""
        joined = self._partial + pcm16
        return joined[: len(joined) - len(joined) % self._window_bytes]

    def advance(self, pcm16: bytes, voiced: Sequence[bool]) -> list[SpeechEvent]:
        """Take in ``pcm16``; ``voiced`` has one value for each of its `whole_windows`."""
        joined = self._partial + pcm16
        events: list[SpeechEvent] = []
        for number, is_voiced in enumerate(voiced):
            start = number * self._window_bytes
            window = joined[start : start + self._window_bytes]
            if self._speaking:
                events += self._go_on(window, is_voiced=is_voiced)
            elif not self._manual:
                events += self._listen(window, is_voiced=is_voiced)
        self._partial = joined[len(voiced) * self._window_bytes :]
        return events

    def press(self) -> list[SpeechEvent]:
        """Begin an utterance: push-to-talk was pressed. Without effect outside manual mode."""
        if not self._manual or self._speaking:
            return []
        self._speaking = True
        return [SpeechStarted()]

    def release(self) -> list[SpeechEvent]:
        """End the utterance that is under way: push-to-talk let go, or the microphone went off."""
        self._partial = b""
        self._before.clear()
        self._run_ms = 0
        return [self._end()] if self._speaking else []

    def _listen(self, window: bytes, *, is_voiced: bool) -> list[SpeechEvent]:
        times = self._times
        if times.keeps_audio:
            self._before.append(window)
            reach = max(1, (times.preroll_ms + times.start_ms) // times.window_ms)
            del self._before[:-reach]
        self._run_ms = self._run_ms + times.window_ms if is_voiced else 0
        if self._run_ms < times.start_ms:
            return []
        self._speaking = True
        self._kept += self._before
        self._before = []
        self._voiced_ms += self._run_ms
        self._length_ms = self._run_ms
        self._run_ms = 0
        return [SpeechStarted()]

    def _go_on(self, window: bytes, *, is_voiced: bool) -> list[SpeechEvent]:
        times = self._times
        if times.keeps_audio:
            self._kept.append(window)
        self._length_ms += times.window_ms
        if is_voiced:
            self._voiced_ms += times.window_ms
            self._silent_ms = 0
        else:
            self._silent_ms += times.window_ms
        if self._length_ms >= times.max_ms:
            return [self._end()]
        if self._manual or is_voiced:
            return []
        if self._silent_ms >= times.silence_ms:
            return [self._end()]
        before_ms = self._silent_ms - times.window_ms
        if times.pause_ms and before_ms < times.pause_ms <= self._silent_ms:
            return [SpeechPaused(self._utterance())]
        return []

    def _utterance(self) -> Utterance:
        return Utterance(b"".join(self._kept), self._voiced_ms)

    def _end(self) -> SpeechEnded:
        ended = SpeechEnded(self._utterance())
        self._kept = []
        self._speaking = False
        self._length_ms = self._voiced_ms = self._silent_ms = 0
        return ended


def loud_windows(windows: bytes, window_ms: int, sensitivity: Sensitivity = "normal") -> list[bool]:
    """Tell for each window of 16 000 Hz PCM16 whether it is loud enough for speech."""
    if not windows:
        return []
    n_samples = window_ms * RATE_HZ // 1000
    # float32 keeps the sum of squares exact enough and cannot overflow, as int16 would.
    samples = np.frombuffer(windows, "<i2").reshape(-1, n_samples).astype(np.float32)
    energy = np.einsum("ij,ij->i", samples, samples)
    threshold = LOUD_RMS[sensitivity] ** 2 * n_samples
    return [value > threshold for value in energy.tolist()]


def to_16k(pcm16: bytes, rate_hz: int) -> bytes:
    """Return mono PCM16 at 16 000 Hz, by straight lines between samples."""
    if rate_hz == RATE_HZ or not pcm16:
        return pcm16
    samples = np.frombuffer(pcm16, "<i2")
    n_out = max(1, round(len(samples) * RATE_HZ / rate_hz))
    at = np.arange(n_out) * (rate_hz / RATE_HZ)
    line = np.interp(at, np.arange(len(samples)), samples.astype(np.float32))
    return bytes(np.rint(line).astype("<i2").tobytes())
