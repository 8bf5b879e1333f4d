"""When to look closer, and where: text that is too small to be read surely. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from local_live import lookup
from local_live.asking import Ask, Reply, read_out, say, screen_of
from local_live.layout import Piece, Row, Screen, sentences_of
from local_live.words import content_words, normalise

LOOK_PATTERN = (
    r"\b(?:look (?:more )?closely|look closer|closer look|zoom(?: in)?|enlarge|magnify)\b"
    r"(?: (?:at|on|in|into|to|the|my|this|that|a|it|there|please))*(?P<what>.*)$"
)
WIDTH_PX, HEIGHT_PX = 560, 420
"""Of the region around a place, in px of an overview: what fits a close-up of a usual screen."""

_LOOK = re.compile(LOOK_PATTERN)


class Region(NamedTuple):
    """Part of a screen, in pixels from the top left."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, piece: Piece) -> bool:
        """Tell whether the middle of ``piece`` lies in it."""
        x, y = piece.middle
        return self.x <= x <= self.x + self.width and self.y <= y <= self.y + self.height


def region_for(question: str, screen: Screen, *, is_found: bool) -> Region | None:
    """Return what to look at more closely before ``question`` is answered; None if nothing.

    ``is_found``: the screen, as far as it could be read, has an answer.
    """
    text = normalise(question)
    asked = _LOOK.search(text)
    if asked:
        return _asked_for(asked["what"], screen)
    # What is not found at all may stand in the small print, of which some was not even seen.
    rows = _rows(text, screen) if is_found else screen.rows
    row = next((one for one in rows if not all(cell.is_sure for cell in one.cells)), None)
    return _around(row.cells, screen) if row else None


def read_region(ask: Ask, found: re.Match[str]) -> Reply:
    """Read what stands where one was asked to look."""
    screen = screen_of(ask)
    region = _asked_for(found["what"], screen)
    rows = [row for row in screen.rows if any(region.holds(cell) for cell in row.cells)]
    return read_out(sentences_of(rows), "It says:") if rows else say("I find no text there.")


def _asked_for(what: str, screen: Screen) -> Region:
    rows = _rows(what, screen)
    if rows:
        return _around(rows[0].cells, screen)
    unsure = [cell for row in screen.rows for cell in row.cells if not cell.is_sure]
    return _around(tuple(unsure[:1]), screen)


def _rows(text: str, screen: Screen) -> list[Row]:
    """Return the rows that ``text`` is about: all of it, or else any word of it."""
    wanted = content_words(text)
    return (lookup.find_rows(screen, wanted) if wanted else []) or [
        row for word in wanted for row in lookup.find_rows(screen, [word])
    ]


def _around(cells: tuple[Piece, ...], screen: Screen) -> Region:
    """Return a region around ``cells``, or in the middle of the screen if there are none."""
    width, height = min(WIDTH_PX, int(screen.width)), min(HEIGHT_PX, int(screen.height))
    if cells:
        left, right = min(one.left for one in cells), max(one.right for one in cells)
        x, y = (left + right) / 2, cells[0].middle[1]
        width = min(int(screen.width), max(width, int(right - left) + 40))
    else:
        x, y = screen.width / 2, screen.height / 2
    return Region(
        int(min(max(0, x - width / 2), screen.width - width)),
        int(min(max(0, y - height / 2), screen.height - height)),
        width,
        height,
    )
