"""What to do when a Live connection ends: by close code and reason. Pure.

Source: the close codes that Google documents and that users report; docs/guarantees of each step
are in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.bus_messages import EndReason

MAX_FAILURES = 60
"""Dials in a row that may fail: about four minutes."""

NOTICE_AFTER = 2
"""Failures in a row after which the user is told."""

_DEAD_HANDLE = ("session not found", "requested entity was not found", "session handle")
_BAD_KEY = ("api key not valid", "api key expired", "api_key_invalid", "api key not found")
_QUOTA = ("quota", "resource_exhausted", "resource exhausted", "too many requests")


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The session cannot go on; ``message`` says why and what to do, in one or two sentences."""

    reason: EndReason
    message: str


@dataclass(frozen=True, slots=True)
class Redial:
    """Dial again: with the handle or without, after a wait that grows with ``attempt``."""

    handle: Literal["keep", "drop"]
    attempt: int
    notice: str | None = None


class Recovery:
    """Remembers how the last connections ended, to tell bad luck from a fault that stays."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._failures = 0
        self._internal_errors = 0

    def worked(self) -> None:
        """A connection carried a whole turn: what failed before counts no more."""
        self._failures = self._internal_errors = 0

    def after(self, code: int, reason: str) -> GiveUp | Redial:
        """Decide what to do after a connection ended with ``code`` and ``reason``."""
        final = _final(code, reason, self._model)
        if final is not None:
            return final
        self._failures += 1
        if self._failures > MAX_FAILURES:
            return GiveUp(
                "failed", "The model could not be reached for minutes. Start again later."
            )
        return Redial(
            handle="drop" if self._is_handle_dead(code, reason.lower()) else "keep",
            attempt=self._failures - 1,
            notice=_notice(reason.lower()) if self._failures == NOTICE_AFTER else None,
        )

    def _is_handle_dead(self, code: int, reason: str) -> bool:
        # 1008 that is not final is about the session that was resumed, whatever its words are.
        if code == 1008 or (code == 1007 and any(text in reason for text in _DEAD_HANDLE)):
            return True
        if code != 1011:
            self._internal_errors = 0
            return False
        # A handle that the model chokes on answers 1011 for ever; one alone is bad luck.
        self._internal_errors += 1
        return self._internal_errors >= 2


def _final(code: int, full_reason: str, model: str) -> GiveUp | None:
    reason = full_reason.lower()
    if any(text in reason for text in _BAD_KEY) or code in {401, 403}:
        return GiveUp(
            "refused",
            "Gemini refused the API key. Put a valid GEMINI_API_KEY in .env and start again.",
        )
    if (code == 1008 and "is not found" in reason) or "publisher model" in reason:
        return GiveUp(
            "refused",
            f"The model {model} does not exist or is not open to this key. Set GEMINI_MODEL.",
        )
    if code == 1007 and not any(text in reason for text in _DEAD_HANDLE):
        return GiveUp(
            "failed",
            f"The model {model} refused the session's settings:"
            f" {full_reason[:120].rstrip('.') or 'no reason'}.",
        )
    return None


def _notice(reason: str) -> str:
    if any(text in reason for text in _QUOTA):
        return "The model's quota is used up for now; trying again."
    return "The model cannot be reached; trying again."
