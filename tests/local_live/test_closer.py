"""When to look closer, and where; what to point at."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from local_live.answering import answer, needs_screen
from local_live.asking import Mark
from local_live.closer import HEIGHT_PX, WIDTH_PX, Region, region_for
from local_live.history import Memory
from local_live.layout import Row, Screen
from tests.local_live.screens import BUDGET, PAPER, SETTINGS, told


def _doubtful(screen: Screen, pattern: str) -> Screen:
    """Return ``screen`` with the cells that match ``pattern`` too small to be read surely."""
    rows = tuple(
        Row(tuple(replace(cell, is_sure=not re.search(pattern, cell.text)) for cell in row.cells))
        for row in screen.rows
    )
    return replace(screen, rows=rows)


@pytest.mark.parametrize(
    ("question", "doubtful", "looks"),
    [
        ("How much was spent on hotels?", "Hotels|1,975", True),
        ("How much was spent on hotels?", "Meals", False),
        ("How much was spent on hotels?", "^$", False),
        ("What is the title?", "Meals", False),
        ("What is the weather?", "Meals", True),
        ("What is the weather?", "^$", False),
        ("Look closer", "^$", True),
        ("Can you zoom in on the meals?", "^$", True),
        ("Take a closer look at it, please", "^$", True),
    ],
)
def test_it_looks_closer_when_asked_to_or_in_doubt(
    question: str, doubtful: str, looks: bool
) -> None:
    """Where the row that it is about is not sure, or, if there is none, at any small print."""
    shown = _doubtful(BUDGET, doubtful)

    region = region_for(question, shown, is_found=answer(question, shown, Memory()).is_found)

    assert (region is not None) is looks


@pytest.mark.parametrize("question", ["zoom in on the hotels", "look closer at the save changes"])
def test_the_region_lies_around_what_is_asked_for(question: str) -> None:
    """It holds the place and stays within the screen."""
    shown = SETTINGS if "save" in question else BUDGET
    wanted = "Save changes" if "save" in question else "Hotels"
    (cell,) = [cell for row in shown.rows for cell in row.cells if cell.text == wanted]

    region = region_for(question, shown, is_found=True)

    assert region is not None
    assert region.holds(cell)
    assert region.width >= WIDTH_PX
    assert region.height == HEIGHT_PX
    assert 0 <= region.x <= shown.width - region.width
    assert 0 <= region.y <= shown.height - region.height


def test_without_a_place_it_is_the_middle_or_the_smallest_print() -> None:
    """Asked to look closer at nothing in particular, it goes where it is in doubt."""
    (cell,) = [cell for row in BUDGET.rows for cell in row.cells if cell.text == "Meals"]

    middle = region_for("zoom in", BUDGET, is_found=True)
    doubt = region_for("zoom in", _doubtful(BUDGET, "Meals"), is_found=True)

    assert middle == Region(360, 150, WIDTH_PX, HEIGHT_PX)
    assert doubt is not None
    assert doubt.holds(cell)


def test_a_region_is_no_larger_than_the_screen() -> None:
    """On a narrow share the whole width is looked at."""
    narrow = replace(BUDGET, width=300.0, height=200.0)

    region = region_for("zoom in", narrow, is_found=True)

    assert region == Region(0, 0, 300, 200)


def test_what_is_there_is_read_out() -> None:
    """Asked to look closer at a place, it reads what stands there."""
    assert "184 nurses" in told(PAPER, "Look closer at the nurses")


@pytest.mark.parametrize(
    "question",
    [
        *("Where is the save button?", "Show me the save changes button", "Point at save changes"),
        *("Highlight the save changes button", "Show me where save changes is"),
    ],
)
def test_what_has_a_place_is_marked(question: str) -> None:
    """The answer says where it is, and names the point itself."""
    assert needs_screen(question)

    found = answer(question, SETTINGS, Memory())

    (cell,) = [cell for row in SETTINGS.rows for cell in row.cells if cell.text == "Save changes"]
    x, y = cell.middle
    assert found.mark == Mark("Save changes", round(x), round(y))
    assert found.sentences[0].startswith('"Save changes" is ')


@pytest.mark.parametrize("question", ["Where is the logout link?", "What is the font size?"])
def test_what_has_no_place_is_not_marked(question: str) -> None:
    """Neither what is not there nor what was not asked for by its place."""
    assert answer(question, SETTINGS, Memory()).mark is None
