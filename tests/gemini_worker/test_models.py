"""What each Live model accepts."""

from __future__ import annotations

import pytest

from gemini_worker.models import UNKNOWN, Capabilities, capabilities_of, offered_models
from shared.errors import ConfigurationError


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.8-live", "none"),
        ("models/gemini-3.8-live", "none"),
        ("publishers/google/models/gemini-3.8-live", "none"),
        ("gemini-3.8-live-extended-thinking", "level"),
        ("gemini-3.1-flash-live-preview", "level"),
        ("gemini-2.5-flash-native-audio-preview-12-2025", "budget"),
        ("gemini-live-2.5-flash-native-audio", "budget"),
    ],
)
def test_models_say_how_they_take_thinking(model: str, thinking: str) -> None:
    """Thinking is left out, a budget or a level, also when the name carries a path."""
    assert capabilities_of(model).thinking == thinking


def test_the_longer_name_wins() -> None:
    """A variant whose name begins with another model's is told apart from it."""
    assert capabilities_of("gemini-3.8-live-extended-thinking").thinking == "level"
    assert capabilities_of("gemini-3.8-live").thinking == "none"


@pytest.mark.parametrize("model", ["", "gemini-9-live", "models/", "mygemini-3.8-live"])
def test_an_unknown_model_gets_the_fewest_fields(model: str) -> None:
    """Nothing is sent that a model nobody knows could refuse."""
    assert capabilities_of(model) is UNKNOWN
    assert Capabilities("none") == UNKNOWN


@pytest.mark.parametrize(
    ("others", "offered"),
    [
        ("", ("gemini-9-live",)),
        (" , ", ("gemini-9-live",)),
        ("gemini-3.8-live", ("gemini-9-live", "gemini-3.8-live")),
        (
            "gemini-3.1-flash-live-preview, gemini-9-live,gemini-3.8-live",
            ("gemini-9-live", "gemini-3.1-flash-live-preview", "gemini-3.8-live"),
        ),
    ],
)
def test_the_operators_model_comes_first(others: str, offered: tuple[str, ...]) -> None:
    """A default that nobody knows yet is the operator's risk; each model is offered once."""
    assert offered_models("gemini-9-live", others) == offered


@pytest.mark.parametrize("others", ["gemini-9-live-two", "gemini-3.8-live,gpt", "gemini-3.5-pro"])
def test_no_unknown_model_is_offered_to_users(others: str) -> None:
    """A name that the table does not have is told at the start, with those that it has."""
    with pytest.raises(ConfigurationError, match=r"GEMINI_MODELS lists .*gemini-3\.8-live"):
        offered_models("gemini-9-live", others)
