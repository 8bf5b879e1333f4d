"""Reads errors, and the numbers of lines, off terminals, logs and code. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from local_live.asking import Ask, Reply, read_out, say, screen_of
from local_live.layout import Row, ended, sentences_of
from local_live.words import number_of

MIN_NUMBERED = 3
"""Fewer lines with numbers before them are no listing."""
_TROUBLE = re.compile(
    r"\w*error\b|\berrors\b|\w*exception\b|\b(?:fail|failed|fails|failure|failures|warning|fatal"
    r"|traceback|denied|invalid|cannot|can't|could not|couldn't|unable|crash|crashed|refused"
    r"|timed? ?out|missing|not found|panic|undefined|unexpected|forbidden|unauthori[sz]ed"
    r"|problem)\b",
    re.IGNORECASE,
)
_NO_TROUBLE = re.compile(
    r"\b(no|0|zero|without) (errors?|warnings?|problems?|failures?|failed)\b|\b0 failed\b",
    re.IGNORECASE,
)
# In the order of how much they tell.
_TELLING = (
    re.compile(r"^\W*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)\b\s*:"),
    re.compile(r"\b(?:fatal|panic|error)\b\s*(?:\[\w+\])?\s*:", re.IGNORECASE),
    re.compile(r"\b(?:fatal|panic|error|critical)\b", re.IGNORECASE),
    re.compile(r"\w*(?:error|exception)\b", re.IGNORECASE),
)
_NUMBERED = re.compile(r"(?P<number>\d{1,5})(?:[|:.)\]]+\s*|\s+|$)(?P<text>.*)")
_PLACE = re.compile(
    r"""["'(]?(?P<file>[\w./\\-]+\.[A-Za-z]\w{0,4})["']?(?:, line |:|\()(?P<line>\d+)"""
)


def trouble(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that tell of an error."""
    return [row for row in rows if _TROUBLE.search(row.text) and not _NO_TROUBLE.search(row.text)]


def numbered(rows: Sequence[Row]) -> dict[int, str]:
    """Return the lines of a listing by the numbers before them; nothing if there is none."""
    found = []
    for row in rows:
        match = _NUMBERED.fullmatch(" ".join(cell.text for cell in row.cells))
        if match and (match["text"] or len(match["number"]) < 4):
            found.append((int(match["number"]), match["text"].strip()))
    follows = {
        number
        for (above, _), (below, _) in pairwise(found)
        if below - above == 1
        for number in (above, below)
    }
    return {at: text for at, text in found if at in follows} if len(follows) >= MIN_NUMBERED else {}


def tell_errors(ask: Ask, _found: re.Match[str]) -> Reply | None:
    """Tell the error that matters most, and how many more lines look like trouble."""
    if "how many" in ask.text:
        return None
    rows = trouble(screen_of(ask).rows)
    if not rows:
        return say("I see no error on your screen.")
    if re.search(r"\b(?:which|what|where)\b.*\bline\b|\bline number\b|^where\b", ask.text):
        return _place_of(ask, rows)
    is_plural = re.search(r"\b(?:errors|warnings|problems|exceptions)\b", ask.text)
    if len(rows) == 1 or is_plural:
        one = "The error is:" if ask.text.startswith("what") else "Yes:"
        many = f"I see {len(rows)} lines that look like trouble:" if len(rows) > 1 else one
        return read_out(sentences_of(rows), many)
    main = _main(rows)
    rest = [row for row in rows if row is not main]
    more = f"{len(rest)} more line{'s look' if len(rest) > 1 else ' looks'} like trouble."
    shown = sentences_of([main])
    return Reply((f"The error is: {shown[0]}", *shown[1:], more), tuple(sentences_of(rest)))


def read_numbered(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Read a line by the number that stands before it."""
    lines = numbered(screen_of(ask).rows)
    if not lines:
        return None
    number = number_of(found["line"])
    if number is None:
        return None
    if number not in lines:
        return say(f"I see lines {min(lines)} to {max(lines)}, and not line {number}.")
    return say(ended(f"Line {number}: {lines[number] or 'empty'}"))


def _place_of(ask: Ask, rows: Sequence[Row]) -> Reply:
    """Tell the line of the error: as the message says, by its visible number, or counted."""
    every, main = screen_of(ask).rows, _main(rows)
    at = every.index(main)
    # A traceback names the place above its message; compilers in it, or in the line below.
    near = [main, *reversed(every[max(0, at - 8) : at]), *every[at + 1 : at + 3]]
    text = sentences_of([main])[0]
    listing = numbered([main, *every])
    shown = _NUMBERED.fullmatch(" ".join(cell.text for cell in main.cells))
    if listing and shown and int(shown["number"]) in listing:
        return say(ended(f"Line {shown['number']}: {shown['text']}"))
    for row in near:
        if place := _PLACE.search(" ".join(cell.text for cell in row.cells)):
            return say(f"Line {place['line']} of {place['file']}.", text)
    return say(f"Line {at + 1} of those that I see: {text}")


def _main(rows: Sequence[Row]) -> Row:
    """Return the row that tells most of what went wrong; the last of several."""
    for pattern in _TELLING:
        for row in reversed(rows):
            if pattern.search(row.text):
                return row
    return rows[0]
