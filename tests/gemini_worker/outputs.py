"""What a turn tracker is fed, and its outputs in short."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_worker.events import Audio, LiveEvent
from gemini_worker.turn import Output, Said, Speech, TurnTracker

NOW_MS = 1_700_000_000_000.0
SOUND = Audio(b"\1\0")


def feed(tracker: TurnTracker, *events: LiveEvent) -> list[Output]:
    return [output for event in events for output in tracker.on(event, NOW_MS)]


def told(outputs: Sequence[Output]) -> list[str]:
    """Return outputs in short: speech, the type of a message, and the turn of each."""
    return [
        f"{'speech' if isinstance(output, Speech) else output.message.type} {output.turn}"
        for output in outputs
    ]


def remembered(outputs: Sequence[Output]) -> list[tuple[str, str, int]]:
    return [
        (said.remember.role, said.remember.text, said.remember.turn)
        for said in outputs
        if isinstance(said, Said) and said.remember is not None
    ]
