"""Which words of an answer were really heard. Pure.

The transcript comes in fragments and the speech in chunks, each by its own way, and nothing ties
the one to the other but the order in which they were passed on. So a fragment begins where the
speech stood when it came, and lasts until the next one begins.
"""

from __future__ import annotations

import re

from shared.audio import DOWNLINK_RATE_HZ, pcm16_ms

_WORD = re.compile(r"\s*\S+")


class SpokenTurn:
    """The words of one answer, and where in its speech they stand."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.audio_ms = 0.0
        """Speech so far."""
        self._fragments: list[tuple[float, str]] = []
        """Where each fragment begins, in ms, and its text; each begins later than the last."""

    @property
    def text(self) -> str:
        """All words so far."""
        return "".join(text for _, text in self._fragments)

    def add_speech(self, pcm16: bytes) -> None:
        """Take note of speech that was passed on."""
        self.audio_ms += pcm16_ms(len(pcm16), DOWNLINK_RATE_HZ)

    def add_words(self, text: str) -> None:
        """Take note of words that were passed on."""
        if self._fragments and self._fragments[-1][0] == self.audio_ms:
            self._fragments[-1] = (self.audio_ms, self._fragments[-1][1] + text)
        else:
            self._fragments.append((self.audio_ms, text))

    def heard(self, played_ms: float) -> str:
        """Return the words that were heard when ``played_ms`` of the speech had been.

        Of a fragment that was heard in part, whole words in proportion to its length.
        """
        if not self.audio_ms or not self._fragments:
            return ""
        if played_ms >= self.audio_ms:
            return self.text  # words that came behind the speech belong to it too
        n_chars = 0.0
        ends_ms = [begin_ms for begin_ms, _ in self._fragments[1:]] + [self.audio_ms]
        for (begin_ms, text), end_ms in zip(self._fragments, ends_ms, strict=True):
            if played_ms > begin_ms:
                n_chars += len(text) * min(1.0, (played_ms - begin_ms) / (end_ms - begin_ms))
        ends = (word.end() for word in _WORD.finditer(self.text))
        return self.text[: max((end for end in ends if end <= n_chars), default=0)]
