"""Finds tables in rows of text: their columns, their headings, and what labels a row. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from local_live.amounts import Amount, amount_of, time_of_day
from local_live.layout import Piece, Row
from local_live.words import words_of

MAX_GAP = 4.0
"""Rows of a table are at most this many letter heights apart."""
MAX_HEADING_WORDS = 4
_DIGIT = re.compile(r"\d")
_PERIOD = re.compile(
    r"(?:(?:19|20)\d\d|[QH][1-4]\b.*|(?:week|day|year|version|v) ?\d+)", re.IGNORECASE
)
_TOTAL = re.compile(r"\W*(?:grand |overall )?(?:sub)?(?:totals?|sum|overall)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """Cells in rows and columns; empty text where there is none."""

    header: tuple[str, ...]
    """The heading of each column; all empty if there are no headings."""
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[Row, ...] = ()
    """The rows of the screen that it was read from."""

    @property
    def has_header(self) -> bool:
        """Whether the columns have headings."""
        return any(self.header)

    @cached_property
    def label_column(self) -> int | None:
        """The column that names the rows: the first that is not all numbers."""
        for column in range(len(self.header)):
            cells = [row[column] for row in self.rows if row[column]]
            if cells and sum(amount_of(cell) is None for cell in cells) > len(cells) / 2:
                return column
        return None

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Numbers of the rows that add up others."""
        return tuple(
            at for at, row in enumerate(self.rows) if any(_TOTAL.match(cell) for cell in row[:2])
        )

    @cached_property
    def items(self) -> tuple[int, ...]:
        """Numbers of all other rows."""
        return tuple(at for at in range(len(self.rows)) if at not in self.totals)

    def amount(self, row: int, column: int) -> Amount | None:
        """Read one cell as a number."""
        return amount_of(self.rows[row][column])

    def is_numeric(self, column: int) -> bool:
        """Whether most cells of a column are numbers."""
        cells = [self.rows[row][column] for row in range(len(self.rows)) if self.rows[row][column]]
        return bool(cells) and sum(amount_of(one) is not None for one in cells) > len(cells) / 2

    def is_money(self, column: int) -> bool:
        """Whether a currency stands in a column."""
        amounts = (self.amount(row, column) for row in range(len(self.rows)))
        return any(amount is not None and amount.is_money for amount in amounts)

    def has_times(self, column: int) -> bool:
        """Whether most cells of a column tell a time of day."""
        cells = [row[column] for row in self.rows if row[column]]
        return sum(time_of_day(cell) is not None for cell in cells) > len(cells) / 2

    def name_of(self, row: int) -> str:
        """Return what labels a row; nothing if nothing does."""
        return "" if self.label_column is None else self.rows[row][self.label_column]


def find_tables(rows: Sequence[Row]) -> tuple[Table, ...]:
    """Return the tables in ``rows``, which are in reading order."""
    return tuple(table for run in _runs(rows) for table in _tables_in(_without_rulers(run)))


def outside_tables(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that belong to no table with headings; two columns may be a mere form."""
    inside = {
        line.cells[-1]
        for table in find_tables(rows)
        if table.has_header and len(table.header) > 2
        for line in table.lines
    }
    return [row for row in rows if len(row.cells) < 2 or row.cells[-1] not in inside]


def _runs(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the stretches of rows, each with several cells, that may be tables."""
    runs: list[list[Row]] = [[]]
    last: Row | None = None
    for row in rows:
        is_near = last is None or -last.height < row.top - last.bottom < MAX_GAP * row.height
        if len(row.cells) > 1 and is_near:
            runs[-1].append(row)
        elif len(row.cells) > 1:
            runs.append([row])
        elif not (last and is_near and _is_narrow(row, last)):
            runs.append([])
        last = row
    return [run for run in runs if len(run) > 1]


def _is_narrow(row: Row, last: Row) -> bool:
    """Tell whether a lone cell fits into one column: the rest of a wrapped cell, for example."""
    cell = row.cells[0]
    under = [one for one in last.cells if _overlap(one, cell) > 0]
    others = [one for one in last.cells if one.left > cell.left]
    is_alike = row.height < 1.2 * last.height
    return bool(under) and is_alike and all(cell.right < one.left for one in others[1:])


def _without_rulers(run: list[Row]) -> list[Row]:
    """Take off a spreadsheet's own letters above the columns and numbers before the rows."""
    if all(re.fullmatch(r"[A-Z]{1,2}", cell.text) for cell in run[0].cells):
        run = run[1:]
    firsts = [row.cells[0].text for row in run]
    numbers = [int(text) for text in firsts if text.isdigit() and len(text) < 5]
    is_ruler = (
        len(numbers) > 2
        and len(numbers) == len(run)
        and all(below - above == 1 for above, below in pairwise(numbers))
    )
    if is_ruler:
        run = [replace(row, cells=row.cells[1:]) for row in run]
    return run


def _tables_in(run: Sequence[Row]) -> list[Table]:
    """Return the tables in a stretch of rows: the longest that fits one grid, and the rest."""
    if len(run) < 2:
        return []
    counts = Counter(len(row.cells) for row in run)
    n_columns = max(counts, key=lambda count: (counts[count], count))
    if n_columns < 2:
        return []
    full = [row for row in run if len(row.cells) == n_columns]
    columns = [
        (min(row.cells[at].left for row in full), max(row.cells[at].right for row in full))
        for at in range(n_columns)
    ]
    lines = [_placed(row, columns) for row in run]
    start, end = _longest([line is not None for line in lines])
    if end - start < 2:
        return []
    grid = [line for line in lines[start:end] if line is not None]
    table = replace(_table(grid), lines=tuple(run[start:end]))
    return [*_tables_in(run[:start]), table, *_tables_in(run[end:])]


def _placed(row: Row, columns: Sequence[tuple[float, float]]) -> tuple[str, ...] | None:
    """Return a row's texts by column; None if it does not fit."""
    if len(row.cells) == len(columns):
        return tuple(cell.text for cell in row.cells)
    if len(row.cells) > len(columns) + 1:
        return None
    texts = [""] * len(columns)
    for cell in row.cells:
        for part in _divided(cell, columns):
            shared = [min(part.right, right) - max(part.left, left) for left, right in columns]
            at = max(range(len(columns)), key=shared.__getitem__)
            if shared[at] < -cell.height:
                return None
            texts[at] = f"{texts[at]} {part.text}".strip()
    return tuple(texts) if sum(map(bool, texts)) > 1 else None


def _divided(cell: Piece, columns: Sequence[tuple[float, float]]) -> list[Piece]:
    """Cut a cell that was read as one but stands in several columns, before each number."""
    spanned = sum(min(cell.right, right) - max(cell.left, left) > 0 for left, right in columns)
    words = cell.text.split()
    n_numbers = sum(amount_of(word) is not None for word in words)
    is_heading = len(words) == spanned and not n_numbers
    if spanned < 2 or not (n_numbers or is_heading):
        return [cell]
    per_char = (cell.right - cell.left) / len(cell.text)
    parts: list[Piece] = []
    at = 0
    for word in words:
        at = cell.text.index(word, at)
        left = cell.left + at * per_char
        at += len(word)
        right = cell.left + at * per_char
        if parts and not is_heading and amount_of(word) is None:
            last = parts[-1]
            parts[-1] = replace(last, text=f"{last.text} {word}", right=right)
        else:
            parts.append(replace(cell, text=word, left=left, right=right))
    return parts


def _longest(fits: Sequence[bool]) -> tuple[int, int]:
    """Return where the longest stretch of true values begins and ends."""
    best = (0, 0)
    start = 0
    for at, fit in enumerate([*fits, False]):
        if fit:
            continue
        if at - start > best[1] - best[0]:
            best = (start, at)
        start = at + 1
    return best


def _table(grid: Sequence[tuple[str, ...]]) -> Table:
    if _is_header(grid[0], grid[1:]):
        return Table(grid[0], tuple(row for row in grid[1:] if row != grid[0]))
    return Table(("",) * len(grid[0]), tuple(grid))


def _is_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns."""
    plain = [cell for cell in first if not _DIGIT.search(cell) or _PERIOD.fullmatch(cell)]
    if len(plain) < len(first) or any(len(words_of(cell)) > MAX_HEADING_WORDS for cell in first):
        return False
    if any(cell.endswith(":") for cell in first):
        return False
    for at, name in enumerate(first):
        below = [row[at] for row in body if row[at]]
        if name and below and sum(bool(_DIGIT.search(cell)) for cell in below) > len(below) / 2:
            return True
    # Words above words: names of columns are capitalised, differ, and head more than one row.
    is_distinct = not any(cell in {row[at] for row in body} for at, cell in enumerate(first))
    return (
        len(first) > 2 and len(body) > 1 and is_distinct and all(one[:1].isupper() for one in first)
    )


def _overlap(one: Piece, other: Piece) -> float:
    return min(one.right, other.right) - max(one.left, other.left)
