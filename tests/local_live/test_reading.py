"""Questions about pictures of text, read by the real text recogniser."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw, ImageFont

from local_live import seeing
from local_live.answering import answer
from local_live.history import Memory
from local_live.layout import Screen
from local_live.models import ModelThread
from local_live.pictures import Picture, digest_of

if TYPE_CHECKING:
    from rapidocr import RapidOCR

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(find_spec("rapidocr") is None, reason="the models are not installed"),
]

SIZE = (1280, 720)
INK = "#202124"
Text = tuple[int, int, int, str]
"""Left and top in pixels, size of the letters, and what is written there."""


@pytest.fixture(scope="module")
async def reader() -> AsyncIterator[seeing.Reader]:
    ocr: ModelThread[RapidOCR] = ModelThread("text recognition", seeing.ocr_loader(2))
    yield seeing.Reader(ocr)
    await ocr.close()


def drawn(texts: Sequence[Text]) -> Picture:
    """Return a JPEG with ``texts`` on it."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for left, top, size, text in texts:
        draw.text((left, top), text, font=ImageFont.load_default(size), fill=INK)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=80)
    data = encoded.getvalue()
    return Picture(digest_of(data), *SIZE, data)


def grid(lefts: Sequence[int], top: int, lines: Sequence[str], *, step: int) -> list[Text]:
    """Place the cells of ``lines``, divided by ``|``, in columns."""
    return [
        (left, top + step * row, 18, cell)
        for row, line in enumerate(lines)
        for left, cell in zip(lefts, line.split("|"), strict=True)
    ]


def told(shown: Screen, question: str) -> str:
    return " ".join(answer(question, shown, Memory()).sentences)


async def test_spreadsheet_is_read_as_a_table(reader: seeing.Reader) -> None:
    """Rows, columns and the sentence below them, as they come out of the recogniser."""
    lines = (
        "Item|Planned|Spent",
        "Flights|1,840|1,912",
        "Hotels|2,300|1,975",
        "Meals|650|702",
        "Train tickets|180|164",
        "Total|4,970|4,753",
    )
    below = "Approved by Dana on 12 October. The next review is in January."
    picture = drawn(
        [
            (60, 40, 34, "Travel budget"),
            *grid((60, 420, 640), 120, lines, step=44),
            (60, 420, 18, below),
        ]
    )

    shown = (await reader.read("test", [picture])).screen

    assert told(shown, "How much was spent on hotels?") == "Spent for Hotels: 1,975."
    assert told(shown, "What is the total planned?") == "Total Planned: 4,970."
    assert told(shown, "which was over budget") == "Over: Flights by 72 and Meals by 52."
    assert told(shown, "Who approved it?") == "Approved by Dana on 12 October."


async def test_program_and_its_error_are_read_by_their_lines(reader: seeing.Reader) -> None:
    """The numbers beside a listing are numbers of lines, not a column of prose."""
    code = ("10|def load(path):", "11|    with open(path) as file:", "12|    return parse(file)")
    trace = ('File "app.py", line 12, in load', "ValueError: the settings are empty")
    picture = drawn(
        [
            *grid((40, 90), 60, code, step=34),
            *((40, 220 + 34 * row, 18, text) for row, text in enumerate(trace)),
        ]
    )

    shown = (await reader.read("test", [picture])).screen

    assert told(shown, "which line has the error").startswith("Line 12 of app.py.")
    assert told(shown, "what is the error") == "The error is: ValueError: the settings are empty."
    assert told(shown, "what does line 10 say").startswith("Line 10: def load(path)")


async def test_form_is_read_by_its_labels(reader: seeing.Reader) -> None:
    """Values beside their labels, below them, and behind a colon."""
    pairs = ("Language|English", "Theme|Dark", "Autosave|On")
    picture = drawn(
        [
            (60, 40, 34, "Preferences"),
            *grid((60, 420), 120, pairs, step=44),
            (60, 290, 16, "Job title"),
            (60, 312, 20, "Senior engineer"),
            (60, 390, 18, "Deadline: Friday, 3 March"),
        ]
    )

    shown = (await reader.read("test", [picture])).screen

    assert told(shown, "what is the theme") == "Theme: Dark."
    assert told(shown, "is autosave on") == "Yes. Autosave: On."
    assert told(shown, "what is the job title") == "Job title: Senior engineer."
    assert told(shown, "when is the deadline") == "Deadline: Friday, 3 March."
