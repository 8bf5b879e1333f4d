"""What the model is told to be."""

from __future__ import annotations

from typing import get_args

import pytest

from gemini_worker.instructions import BASE, PICTURES, PRESETS, TOOLS, instruction_for
from shared.options import PRESETS as OFFERED
from shared.options import Preset, SessionOptions


def test_every_preset_on_offer_has_its_text() -> None:
    """What the page offers and what the model is told go together."""
    assert set(PRESETS) == set(OFFERED) == set(get_args(Preset))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_adds_its_part(preset: Preset) -> None:
    """The common parts come first, then the preset's."""
    parts = instruction_for(SessionOptions(preset=preset), "").split("\n\n")

    assert parts == [BASE, PICTURES, PRESETS[preset]]


def test_tools_are_explained_only_where_they_are_declared() -> None:
    """A model that reads of a function which it does not have would call it all the same."""
    assert "look_closer" not in instruction_for(SessionOptions(), "")
    assert TOOLS["look_closer"] in instruction_for(SessionOptions(), "", ["look_closer"])
    assert "point_at" not in instruction_for(SessionOptions(), "", ["look_closer"])


def test_the_operators_text_takes_the_place_of_ours() -> None:
    """An instruction from the settings replaces the common part; blanks do not count."""
    assert instruction_for(SessionOptions(), "Be a pirate.\n").startswith("Be a pirate.\n\n")
    assert instruction_for(SessionOptions(), "  \n").startswith(BASE)


@pytest.mark.parametrize(("language", "told"), [("en-US", False), ("EN", False), ("de-DE", True)])
def test_another_language_is_named(language: str, told: bool) -> None:
    """English is what the model speaks anyway; any other language is asked for."""
    instruction = instruction_for(SessionOptions(language=language), "")

    assert (f"The user speaks {language}" in instruction) is told


def test_the_users_wish_comes_last_and_is_marked_as_theirs() -> None:
    """What the user writes cannot pass for the operator's words."""
    instruction = instruction_for(SessionOptions(instructions=" Be brief. "), "")

    assert instruction.endswith("\n\nThe user asks of you: Be brief.")


def test_no_wish_adds_nothing() -> None:
    """Blanks alone are no wish."""
    assert "asks of you" not in instruction_for(SessionOptions(instructions="  "), "")
