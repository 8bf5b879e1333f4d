"""Notices a model that has fallen silent without closing the connection. Pure.

Two faults are seen in the field: speech is transcribed and never answered, and an answer is cut by
an `interrupted` although nobody spoke. Both heal by a fresh session that is told what was said; but
a model may also have good reason to be silent (it was not spoken to), so that is tried once and
then not again until a turn has been completed.
"""

from __future__ import annotations

from gemini_worker.events import (
    AssistantWords,
    Audio,
    Interrupted,
    LiveEvent,
    TurnComplete,
    UserWords,
)


class StallWatch:
    """Times since the model owed something."""

    def __init__(self, limit_s: float) -> None:
        """Call the model stalled after ``limit_s`` without what it owes."""
        self._limit_s = limit_s
        self._waiting_since: float | None = None
        self._healed = False
        self.was_cut = False
        """An answer was interrupted, and nobody has been heard since."""
        self._stopped = False
        """The user has stopped the answer; what the model says to that is no fault."""

    def asked(self, now_s: float) -> None:
        """The user typed a question: an answer is owed."""
        self._waiting_since, self.was_cut, self._stopped = now_s, False, False

    def stopped(self) -> None:
        """The user wants no answer any more: none is owed."""
        self._waiting_since, self.was_cut, self._stopped = None, False, True

    def on(self, event: LiveEvent, now_s: float) -> None:
        """Take what the model says."""
        match event:
            case UserWords():
                self._waiting_since, self.was_cut, self._stopped = now_s, False, False
            case Interrupted() if not self._stopped:
                # Whoever interrupted will be heard, and answered.
                self._waiting_since, self.was_cut = now_s, True
            case Audio() | AssistantWords():
                self._waiting_since, self.was_cut = None, False
            case TurnComplete(is_filler=False) if not self.was_cut:
                self._waiting_since, self._healed = None, False

    @property
    def is_waiting(self) -> bool:
        """Tell whether the model owes something."""
        return self._waiting_since is not None

    def is_stalled(self, now_s: float) -> bool:
        """Tell whether it is time for a fresh session."""
        if self._waiting_since is None or self._healed:
            return False
        return now_s - self._waiting_since > self._limit_s

    def heal(self) -> None:
        """A fresh session is being opened: do not open another before a turn is completed."""
        self._waiting_since, self.was_cut, self._healed = None, False, True
