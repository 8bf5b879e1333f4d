"""Chooses the cells of a table that answer a question, and puts them into words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from local_live.querying import Hit, Query
from local_live.tables import Table
from local_live.words import best_likeness, words_of

MAX_COLUMNS_TOLD = 8
MONEY = re.compile(r"\b(?:how much|price|prices|cost|costs|pay|paid|expensive|cheapest|priciest)\b")
YES_NO = re.compile(r"^(?:(?:and|or|but|so) )*(?:is|are|was|were|did|does|do|has|have|will)\b")
_KINDS = {
    "who": "owner assignee from who person author responsible by host",
    "when": "date time when due day start received updated modified created",
    "where": "where location room place city venue",
}


def kind_columns(table: Table, kind: str) -> tuple[int, ...]:
    """Return the columns that tell who, when or where: by heading, or by what stands in them."""
    headings = _KINDS.get(kind, "").split()
    found = tuple(
        at
        for at, name in enumerate(table.header)
        if any(best_likeness(word, headings) >= 0.9 for word in words_of(name))
    )
    if not found and kind == "when":
        found = tuple(at for at in range(len(table.header)) if table.has_times(at))
    return found


def implied_rows(query: Query) -> tuple[Hit, ...]:
    """Return the row that a question about a column alone means: the total, or the only one."""
    table = query.table
    if not query.columns or query.text.startswith(("which", "who")):
        return ()
    label = -1 if table.label_column is None else table.label_column
    if table.totals:
        return (Hit(table.totals[-1], label),)
    return (Hit(0, label),) if len(table.rows) == 1 else ()


def default_columns(query: Query, hits: Sequence[Hit]) -> tuple[int, ...]:
    """Return the columns to tell where none is named."""
    table = query.table
    if chosen := kind_columns(table, query.kind):
        return chosen
    matched = {hit.column for hit in hits} | set(query.columns)
    rest = tuple(at for at in range(len(table.header)) if at not in matched)
    money = tuple(at for at in rest if table.is_money(at))
    if MONEY.search(query.text) and money:
        return money
    if "how many" in query.text and (
        counts := tuple(at for at in rest if table.is_numeric(at) and at not in money)
    ):
        return counts
    return rest[:MAX_COLUMNS_TOLD]


def every_row(table: Table) -> list[str]:
    """Return a sentence about each row."""
    label = table.label_column or 0
    columns = [at for at in range(len(table.header)) if at != label]
    return [in_words(table, Hit(row, label), columns, named=True) for row in range(len(table.rows))]


def in_words(table: Table, hit: Hit, columns: Sequence[int], *, named: bool) -> str:
    """Return a sentence about the cells of a row.

    Args:
        table: The table.
        hit: The row, and the cell it is called by.
        columns: The columns to tell.
        named: The question named the columns, so the answer does too.
    """
    label = label_of(table, hit)
    if len(columns) > 1:
        cells = [(table.header[at], table.rows[hit.row][at]) for at in columns]
        return f"{label}: {', '.join(f'{name} {cell}'.strip() for name, cell in cells if cell)}."
    value, heading = cell_of(table, hit.row, columns[0]), table.header[columns[0]]
    if named and table.label_column is None:
        return f"{heading}: {value}."
    if named and heading:
        joined = f"{label} {heading}" if hit.row in table.totals else f"{heading} for {label}"
        return f"{joined}: {value}."
    return f"{label}: {value}."


def label_of(table: Table, hit: Hit) -> str:
    """Return what a row is called by in the answer."""
    return table.rows[hit.row][hit.column]


def cell_of(table: Table, row: int, column: int) -> str:
    """Return the text of a cell."""
    return table.rows[row][column] or "empty"


def listed(names: Sequence[str]) -> str:
    """Return names as "Ada, Bob and Cem"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def capital(text: str) -> str:
    """Begin ``text`` with a capital letter."""
    return text[:1].upper() + text[1:]
