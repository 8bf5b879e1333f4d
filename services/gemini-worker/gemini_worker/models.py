"""What each Live model accepts. Pure.

A field that a model does not know closes the connection with 1007, even when it is false, so the
setup holds only what this table allows. Checked against Google's model pages of September 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One model's differences."""

    thinking: Literal["none", "budget", "level"]
    """How `thinkingConfig` is said; ``none``: it must be left out."""
    all_input_coverage_for_push_to_talk: bool = False
    """With manual activity the default coverage drops the speech (reported for 3.1)."""
    seeding_needs_history_config: bool = False
    """History may be given at the start, and only if the setup announces it."""
    tools: Literal["none", "plain", "scheduled"] = "none"
    """How functions are declared. ``plain``: the model waits for a result, or does not, as it is
    made. ``scheduled``: the conversation goes on meanwhile (NON_BLOCKING; with BLOCKING any new
    picture would cancel the call), and a result may say whether it is spoken about."""
    searches: bool = False
    """Can look things up by Google search."""


_BY_PREFIX: tuple[tuple[str, Capabilities], ...] = (
    (
        "gemini-3.8-live-extended-thinking",
        Capabilities("level", tools="plain", searches=True),
    ),
    ("gemini-3.8-live", Capabilities("none", tools="scheduled", searches=True)),
    (
        "gemini-3.1-flash-live",
        Capabilities(
            "level",
            all_input_coverage_for_push_to_talk=True,
            seeding_needs_history_config=True,
            tools="plain",
            searches=True,
        ),
    ),
    ("gemini-2.5-flash-native-audio", Capabilities("budget", tools="plain", searches=True)),
    ("gemini-live-2.5-flash-native-audio", Capabilities("budget", tools="plain", searches=True)),
)
UNKNOWN = Capabilities("none")
"""A model that this table does not have gets the fewest fields: nothing for it to refuse."""


def offered_models(default: str, others: str) -> tuple[str, ...]:
    """Return the models that a session may have: ``default``, then those listed in ``others``.

    Raises:
        ConfigurationError: If one of ``others``, separated by commas, is not in the table: a user
            who chose it would find out only by being refused.
    """
    names = dict.fromkeys([default, *(name.strip() for name in others.split(",") if name.strip())])
    for name in list(names)[1:]:
        if capabilities_of(name) is UNKNOWN:
            known = ", ".join(sorted(prefix for prefix, _ in _BY_PREFIX))
            raise ConfigurationError(
                f"GEMINI_MODELS lists {name}, which is no Live model known here. Known are those"
                f" that begin with: {known}."
            )
    return tuple(names)


def capabilities_of(model: str) -> Capabilities:
    """Return what ``model`` accepts; its name may carry a ``models/`` or publisher path."""
    name = model.rsplit("/", 1)[-1]
    for prefix, capabilities in _BY_PREFIX:
        if name.startswith(prefix):
            return capabilities
    return UNKNOWN
