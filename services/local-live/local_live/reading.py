"""Reads the screen out: all of it, one part of it, or its gist. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from local_live.asking import Ask, Reply, read_out, say, screen_of
from local_live.cells import every_row
from local_live.layout import Row, Screen, ended, sentences_of
from local_live.tables import find_tables
from local_live.words import NUMBER_WORDS, best_likeness, content_words, coverage, number_of

SUMMARY_LINES = 3
_TITLES = ("title", "headline", "heading", "main", "document", "slide", "article", "top", "read")
_NUMBER = r"(?:\d+(?:st|nd|rd|th)?|" + "|".join(sorted(NUMBER_WORDS)) + ")"
_UNIT = r"(?P<{0}>lines?|rows?|paragraphs?|sentences?|words?|sections?)"
PART_PATTERN = (
    r"\b(?:the )?(?P<edge>first|last|top|bottom|second last)"
    r" (?:(?P<many>\d+|two|three|four|five|six|seven|eight|nine|ten) )?"
    + _UNIT.format("unit")
    + r"\b|\b(?P<nth>"
    + _NUMBER
    + r") "
    + _UNIT.format("nth_unit")
    + r"\b|\b"
    + _UNIT.format("named_unit")
    + r" (?:number )?(?P<number>"
    + _NUMBER
    + r")\b"
)
WHOLE_PATTERN = (
    r"\bwhat(?: does| do| did)?(?: is| are)?(?: there)?(?: my| the| this| it| that)*"
    r"(?: (?:screen|page|window|document|text|slide|picture))?"
    r"(?: (?:say|says|show|shows|read|reads|written|on|here))+"
    r"(?: (?:on|in|my|the|this|your|here|screen|page|window|there|now|please))*$"
    r"|\bread(?: (?:it|all|everything|this|that|out|aloud|loud|me|to|the|my|whole|entire|of|screen"
    r"|page|window|text|document|please|for|again))*$"
    r"|\bwhat (?:do|can) you see\b|\bwhat is (?:there )?(?:on|in) (?:my|the|this) (?:screen|page"
    r"|window)$|\btell me what (?:you see|is (?:on|there))"
)


def read_all(ask: Ask, _found: re.Match[str]) -> Reply:
    """Read the whole screen, in parts."""
    return read_out(sentences_of(screen_of(ask).rows), "Your screen says:")


def read_title(ask: Ask, _found: re.Match[str]) -> Reply | None:
    """Read the title; a field that is called so, as "job title", is not meant."""
    if not all(best_likeness(word, _TITLES) >= 0.9 for word in content_words(ask.text)):
        return None
    title = screen_of(ask).title
    return say(ended(f"The title is: {title.text}")) if title else None


def read_part(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Read the n-th, first or last lines, paragraphs, sentences or words."""
    unit = (found["unit"] or found["nth_unit"] or found["named_unit"]).rstrip("s")
    parts = _parts(screen_of(ask), unit)
    if found["edge"]:
        return _read_edge(parts, unit, found["edge"], number_of(found["many"] or "1") or 1)
    number = number_of(found["nth"] or found["number"])
    if number is None or number == 0:
        return None
    if number > len(parts):
        there = f"There {'is' if len(parts) == 1 else 'are'} only {len(parts)}"
        return say(f"{there} {unit}{'s' * (len(parts) != 1)}.")
    return read_out(parts[number - 1])


def read_section(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Read what stands below a heading."""
    wanted = content_words(next(name for name in found.groups() if name))
    rows = screen_of(ask).rows
    for number, row in enumerate(rows[:-1]):
        words = content_words(row.text)
        is_heading = len(row.cells) == 1 and coverage(words, wanted) >= 0.9
        if is_heading and coverage(wanted, words) >= 0.9:
            below = next(group for group in screen_of(ask).paragraphs if rows[number + 1] in group)
            return read_out(sentences_of([one for one in below if one is not row]))
    return None


def summarise(ask: Ask, _found: re.Match[str]) -> Reply:
    """Give the title, the size, and the most telling lines."""
    screen = screen_of(ask)
    title = screen.title
    rest = [row for row in screen.rows if row is not title]
    telling = sorted(rest, key=_telling, reverse=True)[:SUMMARY_LINES]
    in_order = [row for row in rest if row in telling]
    opening = ended(f"It is headed: {title.text}") if title else ""
    size = f"There are {len(screen.rows)} lines of text."
    lines = sentences_of(in_order)
    if lines:
        lines[0] = f"It says, among other things: {lines[0]}"
    return say(*(one for one in (opening, size, *lines) if one))


def _read_edge(parts: Sequence[Sequence[str]], unit: str, edge: str, many: int) -> Reply | None:
    if not parts:
        return say(f"I see no {unit} there.")
    if edge == "second last":
        chosen = parts[-2:-1] or parts[:1]
    else:
        chosen = parts[-many:] if edge in {"last", "bottom"} else parts[:many]
    return read_out([sentence for part in chosen for sentence in part])


def _parts(screen: Screen, unit: str) -> list[list[str]]:
    """Return the screen cut into units, each as its sentences."""
    tables = [table for table in find_tables(screen.rows) if table.has_header]
    if unit == "row" and tables:
        return [[row] for row in every_row(max(tables, key=lambda one: len(one.rows)))]
    if unit in {"line", "row"}:
        return [sentences_of([row]) for row in screen.rows]
    if unit == "sentence":
        return [[sentence] for sentence in sentences_of(screen.rows)]
    if unit == "word":
        return [[f"{word}."] for row in screen.rows for word in row.text.split()]
    return [sentences_of(paragraph) for paragraph in screen.paragraphs]


def _telling(row: Row) -> float:
    """Return how much a line tells, by guess: figures, labels, large letters, whole sentences."""
    text = row.text
    words = len(text.split())
    return (
        2.0 * any(letter.isdigit() for letter in text)
        + 1.5 * (":" in text)
        + min(words, 12) / 6
        + row.height / 20
    )
