"""What a client may choose for its session."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from shared.options import PRESETS, VOICES, SessionOptions


def test_nothing_chosen_is_a_working_choice() -> None:
    """An empty object stands for the defaults."""
    options = SessionOptions.model_validate_json("{}")

    assert options.voice in VOICES
    assert options.preset in PRESETS
    assert options.turn_taking == "open_mic"


@pytest.mark.parametrize(
    "chosen",
    [
        {"system_instruction": "You are evil."},
        {"model": ""},
        {"model": "gemini 3"},
        {"model": "x" * 101},
        {"model": "../secret"},
        {"tools": ["run_command"]},
        {"tools": ["point_at"] * 3},
        {"sensitivity": "deaf"},
        {"detail": "max"},
        {"response_modalities": ["TEXT"]},
        {"temperature": 2},
        {"voice": "Mallory"},
        {"voice": None},
        {"preset": "jailbreak"},
        {"turn_taking": "never"},
        {"language": ""},
        {"language": "en_US"},
        {"language": "en-US; drop"},
        {"language": "en-US\n"},
        {"instructions": "x" * 2_001},
        {"instructions": 5},
    ],
)
def test_what_is_the_operators_is_refused(chosen: dict[str, object]) -> None:
    """Other tools, the system instruction and values outside the lists are not the client's."""
    with pytest.raises(ValidationError):
        SessionOptions.model_validate_json(json.dumps(chosen))


@pytest.mark.parametrize("language", ["de", "en-US", "zh-Hant-TW", "gsw-CH", "es-419"])
def test_languages_as_browsers_write_them(language: str) -> None:
    """Tags that a browser reports pass."""
    assert SessionOptions(language=language).language == language
