"""Text found in a picture, put in the order in which a person reads it. Pure."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

MIN_PROSE_CHARS = 18
"""Text in columns is prose when its pieces are this long on average; shorter is a table."""
SIDEBAR_SHARE = 1.5
"""A column with this many times the rows of its neighbour is no column of the same table."""
MIN_JOINED_CHARS = 20
"""A sentence goes on in the next line only where its line is full, so not a short one."""
MIN_FULL_CHARS = 36
"""A line of prose as long as this, as wide as its paragraph, goes on whatever comes next."""
FULL_SHARE = 0.4
"""At least this share of the lines of a column of prose are about as wide as the column."""
MAX_HEADER_ROWS = 4
_SENTENCE_END = re.compile(r"[.!?:;]$")
# A full stop behind a figure or an abbreviation ends nothing.
_NEXT_SENTENCE = re.compile(
    r"(?<=[\w)\]\"'%\u201d][.!?])(?<!\b\d\.)(?<!\b\d\d\.)(?<!\b[A-Za-z]\.)"
    r"(?<!\b(?:Dr|Mr|Ms|No|St|vs|al)\.)(?<!\b(?:Mrs|Fig|etc|Inc|cf\.)\.)\s+(?=[A-Z\"'(\u201c])"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and where it stands, in pixels from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    is_sure: bool = True
    """Large enough, and clear enough, to have been read as it stands."""

    @property
    def height(self) -> float:
        """Height in pixels, never zero."""
        return max(1.0, self.bottom - self.top)

    @property
    def middle(self) -> tuple[float, float]:
        """Centre, as x and y."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Row:
    """What stands side by side on one line: one piece of prose, or the cells of a table."""

    cells: tuple[Piece, ...]

    @cached_property
    def text(self) -> str:
        """The whole row as one would read it aloud."""
        return ", ".join(cell.text for cell in self.cells)

    @property
    def top(self) -> float:
        """Upper edge in pixels."""
        return min(cell.top for cell in self.cells)

    @property
    def bottom(self) -> float:
        """Lower edge in pixels."""
        return max(cell.bottom for cell in self.cells)

    @property
    def height(self) -> float:
        """Height of the letters, about, in pixels."""
        return statistics.median(cell.height for cell in self.cells)


@dataclass(frozen=True)
class Screen:
    """All the text of one picture, in reading order."""

    rows: tuple[Row, ...]
    width: float
    height: float

    @cached_property
    def paragraphs(self) -> tuple[tuple[Row, ...], ...]:
        """Rows that stand close together; a row of much larger letters stands alone."""
        groups: list[list[Row]] = []
        for row in self.rows:
            if groups and _belongs(groups[-1][-1], row):
                groups[-1].append(row)
            else:
                groups.append([row])
        return tuple(tuple(group) for group in groups)

    @cached_property
    def title(self) -> Row | None:
        """The row with the largest letters in the upper half, or the first."""
        upper = [row for row in self.rows if row.top < self.height / 2] or list(self.rows)
        if not upper:
            return None
        tallest = max(upper, key=lambda row: row.height)
        usual = statistics.median(row.height for row in self.rows)
        return tallest if tallest.height > 1.25 * usual else upper[0]


def arrange(pieces: Iterable[Piece], width: float, height: float) -> Screen:
    """Put ``pieces`` in reading order."""
    cleaned = [_clean(piece) for piece in pieces]
    return Screen(tuple(_in_order([piece for piece in cleaned if piece.text])), width, height)


def sentences_of(rows: Sequence[Row]) -> list[str]:
    """Return what the rows say, as sentences: lines of one sentence are joined again."""
    sentences: list[str] = []
    for number, row in enumerate(rows):
        if sentences and _goes_on(rows, number, sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {row.text}"
        else:
            sentences.append(row.text)
    return [one for text in sentences for one in _NEXT_SENTENCE.split(ended(text))]


def ended(text: str) -> str:
    """Return ``text`` with a full stop, unless it ends with some such sign."""
    return text if _SENTENCE_END.search(text) else f"{text}."


def _goes_on(rows: Sequence[Row], number: int, before: str) -> bool:
    """Tell whether a row takes up the sentence ``before``, which ends with the row above it."""
    row, above = rows[number], rows[number - 1]
    if len(row.cells) > 1 or len(above.cells) > 1:
        return False
    if len(before) < MIN_JOINED_CHARS or _SENTENCE_END.search(before):
        return False
    if row.text[:1].islower():
        return True
    # A name or a figure begins a line of prose as well. A list has no line in lower case, though.
    is_full = len(above.text) >= MIN_FULL_CHARS and _width(above) >= 0.85 * _width(row)
    around = rows[max(0, number - 3) : number + 4]
    return is_full and _belongs(above, row) and any(one.text[:1].islower() for one in around)


def _in_order(pieces: list[Piece]) -> list[Row]:
    rows = _rows(pieces)
    for n_header in range(min(MAX_HEADER_ROWS, len(rows)) + 1):
        body = [cell for row in rows[n_header:] for cell in row.cells]
        edge = _gutter(body)
        if edge is not None:
            left = [piece for piece in body if piece.right <= edge]
            right = [piece for piece in body if piece.right > edge]
            return [*rows[:n_header], *_in_order(left), *_in_order(right)]
    return rows


def _gutter(pieces: list[Piece]) -> float | None:
    """Return where a blank stripe divides two columns that are read one by one, or None."""
    if len(pieces) < 6:
        return None
    least = 1.5 * statistics.median(piece.height for piece in pieces)
    by_left = sorted(pieces, key=lambda piece: piece.left)
    reach = by_left[0].right
    for number, piece in enumerate(by_left):
        if piece.left - reach > least and _are_columns(by_left[:number], by_left[number:]):
            return reach
        reach = max(reach, piece.right)
    return None


def _are_columns(left: list[Piece], right: list[Piece]) -> bool:
    if min(len(left), len(right)) < 3:
        return False
    if all(piece.text.strip(".:|").isdigit() for piece in left):
        return False  # the numbers of lines
    lengths = [statistics.mean(len(piece.text) for piece in side) for side in (left, right)]
    if min(lengths) >= MIN_PROSE_CHARS and _is_full(left) and _is_full(right):
        return True
    # A list of files beside a text: short beside long, and far fewer rows.
    n_rows = sorted((len(_rows(left)), len(_rows(right))))
    return max(lengths) >= MIN_PROSE_CHARS and n_rows[1] >= SIDEBAR_SHARE * n_rows[0]


def _is_full(column: list[Piece]) -> bool:
    """Tell prose, whose lines are nearly as wide as they can be, from the cells of a table."""
    widths = [piece.right - piece.left for piece in column]
    return sum(width > 0.8 * max(widths) for width in widths) >= FULL_SHARE * len(widths)


def _rows(pieces: list[Piece]) -> list[Row]:
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.middle[1]):
        if groups and _side_by_side(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [Row(tuple(_joined(sorted(group, key=lambda one: one.left)))) for group in groups]


def _side_by_side(group: list[Piece], piece: Piece) -> bool:
    top = statistics.median(one.top for one in group)
    bottom = statistics.median(one.bottom for one in group)
    shared = min(bottom, piece.bottom) - max(top, piece.top)
    return shared > 0.5 * min(bottom - top, piece.height)


def _joined(cells: list[Piece]) -> list[Piece]:
    """Join words that stand as near as words of one sentence do."""
    joined = cells[:1]
    for cell in cells[1:]:
        last = joined[-1]
        if cell.left - last.right < 0.6 * min(last.height, cell.height):
            joined[-1] = Piece(
                f"{last.text} {cell.text}",
                last.left,
                min(last.top, cell.top),
                max(last.right, cell.right),
                max(last.bottom, cell.bottom),
                last.is_sure and cell.is_sure,
            )
        else:
            joined.append(cell)
    return joined


def _belongs(above: Row, below: Row) -> bool:
    gap = below.top - above.bottom
    usual = min(above.height, below.height)
    alike = max(above.height, below.height) < 1.35 * usual
    # A row that starts higher up is the next column.
    return alike and -usual < gap < 0.9 * usual


def _width(row: Row) -> float:
    return max(cell.right for cell in row.cells) - min(cell.left for cell in row.cells)


def _clean(piece: Piece) -> Piece:
    # Recognisers give full-width punctuation for ordinary signs.
    text = " ".join(unicodedata.normalize("NFKC", piece.text).split())
    return replace(piece, text=text)
