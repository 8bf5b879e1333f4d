"""Reads a picture by OCR and scores it against what stands on the page.

OCR stands in for a model: what no reader can see, no model can. RapidOCR reads each picture as
it is and enlarged, and the best reading counts, for every way of delivery alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein

from bench.legibility.truth import Region, Word

if TYPE_CHECKING:
    from rapidocr import RapidOCR

ENLARGED = 2.0
ROW_PX = 3.0
"""Words whose middles differ by no more than this stand on one line."""
GAP_PX = 40.0
"""Words further apart are read as separate pieces: columns, cells, a margin."""
_SAME = str.maketrans("’‘–—−，：；（）“”", "''---,:;()\"\"")  # noqa: RUF001 - what OCR confuses


@dataclass(frozen=True, slots=True)
class Found:
    """A line of text in a picture, in pixels of the screen."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of what stands on the page that were read; 0 to 1."""

    characters: float
    words: float
    numbers: float
    counted: int
    """Characters that stand there."""


@cache
def _engine() -> RapidOCR:
    from rapidocr import RapidOCR  # noqa: PLC0415 - heavy

    # Its classifier of directions turns long lines upside down; a screen's text never is.
    return RapidOCR(
        params={"Global.use_cls": False, "Global.log_level": "error", "Global.text_score": 0.3}
    )


def read(image: Image.Image, region: Region, enlarged: float = 1.0) -> list[Found]:
    """Find the text of a picture that shows ``region`` of the screen."""
    size = (round(image.width * enlarged), round(image.height * enlarged))
    shown = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    result: Any = _engine()(np.asarray(shown)[:, :, ::-1])
    if result.boxes is None:
        return []
    across = (region.right - region.left) / size[0]
    down = (region.bottom - region.top) / size[1]
    return [
        Found(
            region.left + box[:, 0].min() * across,
            region.top + box[:, 1].min() * down,
            region.left + box[:, 0].max() * across,
            region.top + box[:, 1].max() * down,
            text,
        )
        for box, text in zip(result.boxes, result.txts, strict=True)
    ]


def best_score(image: Image.Image, region: Region, words: Sequence[Word]) -> Score:
    """Return the best of the scores of several readings: as it is, and enlarged.

    Args:
        image: Shows ``region`` and nothing else.
        region: Of the screen, in its pixels.
        words: What stands there.
    """
    to_screen = (region.right - region.left) / image.width
    readings = (read(image, region, scale) for scale in {1.0, ENLARGED, max(1.0, to_screen)})
    return max((score(words, found) for found in readings), key=lambda each: each.characters)


def cut(image: Image.Image, shown: Region, part: Region) -> Image.Image:
    """Return that part of a picture which shows ``part`` of the screen.

    Args:
        image: Shows ``shown``.
        shown: In pixels of the screen, as ``part`` is.
        part: Within ``shown``.
    """
    across = image.width / (shown.right - shown.left)
    down = image.height / (shown.bottom - shown.top)
    return image.crop(
        (
            round((part.left - shown.left) * across),
            round((part.top - shown.top) * down),
            round((part.right - shown.left) * across),
            round((part.bottom - shown.top) * down),
        )
    )


def score(words: Sequence[Word], found: Iterable[Found]) -> Score:
    """Compare what stands on the page with what was read, piece by piece."""
    pieces = _pieces(words)
    read_in: list[list[Found]] = [[] for _ in pieces]
    for line in found:
        overlaps = [_overlap(line, piece) for piece in pieces]
        if overlaps and max(overlaps) > 0:
            read_in[overlaps.index(max(overlaps))].append(line)
    counted = hit = 0
    by_word: list[tuple[str, bool]] = []
    for piece, lines in zip(pieces, read_in, strict=True):
        truth = "".join(plain(word.text) for word in piece)
        got = "".join(plain(line.text) for line in sorted(lines, key=lambda each: each.left))
        counted += len(truth)
        hit += len(truth) - sum(step.tag != "insert" for step in Levenshtein.editops(truth, got))
        by_word += [(text, text in got) for text in (plain(word.text) for word in piece)]
    whole = [ok for text, ok in by_word if len(text) >= 2]
    numbers = [ok for text, ok in by_word if len(text) >= 3 and re.search(r"\d", text)]
    return Score(hit / max(counted, 1), _share(whole), _share(numbers), counted)


def plain(text: str) -> str:
    """Return ``text`` without what OCR cannot tell: spaces, and kinds of dashes and quotes."""
    return re.sub(r"\s+", "", text).translate(_SAME)


def _share(results: Sequence[bool]) -> float:
    return sum(results) / len(results) if results else 1.0


def _pieces(words: Sequence[Word]) -> list[list[Word]]:
    """Return the words line by line, split where there is a gap."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (each.top + each.height / 2, each.left)):
        middle = word.top + word.height / 2
        if rows and abs(rows[-1][0].top + rows[-1][0].height / 2 - middle) <= ROW_PX:
            rows[-1].append(word)
        else:
            rows.append([word])
    pieces: list[list[Word]] = []
    for row in rows:
        row.sort(key=lambda each: each.left)
        pieces.append([row[0]])
        for before, word in pairwise(row):
            if word.left - before.right > GAP_PX:
                pieces.append([])
            pieces[-1].append(word)
    return pieces


def _overlap(line: Found, piece: Sequence[Word]) -> float:
    across = min(line.right, piece[-1].right) - max(line.left, piece[0].left)
    down = min(line.bottom, max(word.bottom for word in piece)) - max(
        line.top, min(word.top for word in piece)
    )
    return across * down if across > 0 and down > 0 else 0.0
