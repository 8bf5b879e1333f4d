"""What each Live model accepts. Pure.

A field that a model does not know closes the connection with 1007, even when it is false, so the
setup holds only what this table allows. Checked against Google's model pages of September 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One model's differences."""

    thinking: Literal["none", "budget", "level"]
    """How `thinkingConfig` is said; ``none``: it must be left out."""
    all_input_coverage_for_push_to_talk: bool = False
    """With manual activity the default coverage drops the speech (reported for 3.1)."""
    seeding_needs_history_config: bool = False
    """History may be given at the start, and only if the setup announces it."""
    idle_by_status: bool = False
    """Says `interactionStatus: IDLE` when done; fillers carry turnComplete too."""


_BY_PREFIX: tuple[tuple[str, Capabilities], ...] = (
    ("gemini-3.8-live-extended-thinking", Capabilities("level", idle_by_status=True)),
    ("gemini-3.8-live", Capabilities("none")),
    (
        "gemini-3.1-flash-live",
        Capabilities(
            "level", all_input_coverage_for_push_to_talk=True, seeding_needs_history_config=True
        ),
    ),
    ("gemini-2.5-flash-native-audio", Capabilities("budget")),
    ("gemini-live-2.5-flash-native-audio", Capabilities("budget")),
)
UNKNOWN = Capabilities("none")
"""A model that this table does not have gets the fewest fields: nothing for it to refuse."""


def capabilities_of(model: str) -> Capabilities:
    """Return what ``model`` accepts; its name may carry a ``models/`` or publisher path."""
    name = model.rsplit("/", 1)[-1]
    for prefix, capabilities in _BY_PREFIX:
        if name.startswith(prefix):
            return capabilities
    return UNKNOWN
