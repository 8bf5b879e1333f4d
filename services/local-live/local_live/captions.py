"""The bands below pictures that say what each is, and what close-ups add to their overview. Pure.

The pictures of Overshoulder's own page have them (docs/protocol.md, "Pictures").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from local_live.layout import Piece

BAND_PX = 24
WITHIN = 0.9
"""Share of a piece that must lie in a region to be part of it."""
ASPECT_TOLERANCE = 0.1

# Recognisers leave out blanks, and take the upright stroke for a letter.
_STROKE = r"[|li!/\\]?"
_CLOSE_UP = re.compile(
    r"close-?up(?:of)?frame(\d+?)" + _STROKE + r"x(\d+)[-~](\d+)y(\d+)[-~](\d+)\D*"
)


@dataclass(frozen=True, slots=True)
class Overview:
    """A picture of all that is shared."""

    number: int


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A picture of the region of overview ``frame`` from left top to right bottom, in its px."""

    frame: int
    left: float
    top: float
    right: float
    bottom: float

    def share_of(self, piece: Piece) -> float:
        """Return how much of ``piece`` lies within the region, from 0 to 1."""
        width = min(self.right, piece.right) - max(self.left, piece.left)
        height = min(self.bottom, piece.bottom) - max(self.top, piece.top)
        area = max(1.0, piece.right - piece.left) * piece.height
        return max(0.0, width) * max(0.0, height) / area


Caption = Overview | CloseUp


@dataclass(frozen=True, slots=True)
class Page:
    """What was read on one picture, without its band."""

    pieces: tuple[Piece, ...]
    width: int
    height: int


def parse_caption(text: str, width: int, height: int) -> Caption | None:
    """Read a caption as it was recognised; None if it is none, or contradicts its picture.

    ``width`` and ``height`` are those of the picture without its band.
    """
    bare = "".join(text.lower().split()).replace("\u00d7", "x")
    overview = re.fullmatch(rf"frame(\d+?){_STROKE}{width}x{height}", bare)
    if overview:
        return Overview(int(overview[1]))
    found = _CLOSE_UP.fullmatch(bare)
    if not found:
        return None
    frame, left, right, top, bottom = (int(number) for number in found.groups())
    if left >= right or top >= bottom:
        return None
    stretch = (right - left) / width * height / (bottom - top)
    if abs(stretch - 1) > ASPECT_TOLERANCE:
        return None  # a digit was misread: nobody knows where this lies
    return CloseUp(frame, left, top, right, bottom)


def compose(overview: Page, close_ups: Sequence[tuple[CloseUp, Page]]) -> list[Piece]:
    """Return what stands on an overview, with the text of close-ups in place of its own.

    Args:
        overview: What was read of the whole.
        close_ups: Parts of it, the newest first: where they lie, and what was read of them.
    """
    pieces = list(overview.pieces)
    for number, (region, page) in enumerate(close_ups):
        newer = [other for other, _ in close_ups[:number]]
        pieces = [
            piece
            for piece in pieces
            if region.share_of(piece) < WITHIN or any(one.share_of(piece) >= 0.5 for one in newer)
        ]
        pieces += [
            piece
            for piece in _placed(page, region)
            if not any(one.share_of(piece) >= 0.5 for one in newer) and not _covered(piece, pieces)
        ]
    return pieces


def _placed(page: Page, region: CloseUp) -> Iterable[Piece]:
    """Return the text of a close-up, where it stands on the overview."""
    across = (region.right - region.left) / page.width
    down = (region.bottom - region.top) / page.height
    for piece in page.pieces:
        yield replace(
            piece,
            left=region.left + piece.left * across,
            top=region.top + piece.top * down,
            right=region.left + piece.right * across,
            bottom=region.top + piece.bottom * down,
            is_sure=True,  # there is nothing closer to look at
        )


def _covered(piece: Piece, others: Iterable[Piece]) -> bool:
    """Tell whether ``piece`` is the cut end of a line that stands there whole."""
    x, y = piece.middle
    return any(one.left <= x <= one.right and one.top <= y <= one.bottom for one in others)
