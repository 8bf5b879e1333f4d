"""Answers questions from the tables on a screen: cells, comparisons, sums, counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from local_live import comparing
from local_live.amounts import amount_of
from local_live.asking import Ask, Reply, read_out, say
from local_live.cells import (
    YES_NO,
    cell_of,
    default_columns,
    every_row,
    implied_rows,
    in_words,
    kind_columns,
    label_of,
    listed,
)
from local_live.querying import Hit, Operation, Query, read_query
from local_live.tables import Table, find_tables
from local_live.words import ALIKE, best_likeness, coverage, likeness, normalise, words_of


def answer_from_tables(ask: Ask, _found: re.Match[str]) -> Reply | None:
    """Answer from the table that has most to do with the question; None if none has."""
    if ask.screen is None:
        return None
    earlier = [normalise(turn.text) for turn in ask.turns if turn.role == "user"]
    title = words_of(ask.screen.title.text) if ask.screen.title else []
    queries = [
        read_query(ask.text, earlier, table, title) for table in find_tables(ask.screen.rows)
    ]
    queries.sort(key=lambda query: (len(query.unexplained), -len(query.hits) - len(query.columns)))
    for query in queries:
        if query.kind == "where" and not kind_columns(query.table, "where"):
            continue  # a place on the screen is meant
        if YES_NO.search(ask.text) and query.operation is Operation.TELL:
            if verdict := _claim(query):
                return verdict
            continue
        if _is_answerable(query) and (reply := _ANSWERS[query.operation](query)):
            return reply
        if reply := _row_of_number(query):
            return reply
    return _nothing_about(queries[0], ask) if queries else None


def _is_answerable(query: Query) -> bool:
    """Tell whether no word of weight is left over; one is, where the answer names its cell."""
    names_cell = bool(query.columns) and (bool(query.hits) or query.operation is not Operation.TELL)
    return len(query.unexplained) <= names_cell


def _nothing_about(query: Query, ask: Ask) -> Reply | None:
    """Say so where the column is there and the row is not."""
    if query.hits or not query.columns or query.operation is not Operation.TELL or not ask.screen:
        return None
    on_screen = {word for row in ask.screen.rows for word in words_of(row.text)}
    missing = [one for one in query.unexplained if best_likeness(one, on_screen) < ALIKE]
    if not missing or len(missing) < len(query.unexplained):
        return None
    heading = listed([query.table.header[at] for at in query.columns])
    return say(f"I find {heading}, but nothing about {' '.join(missing)}.")


def _row_of_number(query: Query) -> Reply | None:
    """Answer "what cost 702": the rows in which a number stands."""
    table, wanted = query.table, [amount_of(word) for word in query.unexplained]
    values = {amount.value for amount in wanted if amount is not None}
    if query.hits or len(values) != 1 or None in wanted:
        return None
    found = [
        f"{table.name_of(row)}: {f'{table.header[at]} {cell}'.strip()}."
        for row, cells in enumerate(table.rows)
        for at, cell in enumerate(cells)
        if (amount := amount_of(cell)) is not None
        and amount.value in values
        and at in (query.columns or range(len(cells)))
    ]
    return read_out(found) if found and table.label_column is not None else None


def _tell(query: Query) -> Reply | None:
    """Answer with the cells where rows and columns cross."""
    table = query.table
    if names := _names_asked_for(query):
        return names
    hits = query.hits or implied_rows(query)
    if not hits:
        wants_sum = "total" in query.text and query.columns
        return comparing.add_up(query) if wants_sum else None
    # A column that the row was found by is known already: "what is due on 20 May".
    asked = tuple(at for at in query.columns if at not in {hit.column for hit in hits})
    columns = asked or default_columns(query, hits)
    label = table.label_column
    if table.has_header and label is not None and not _differ(table, hits):
        hits = tuple(Hit(hit.row, label) for hit in hits)
    if len(hits) > 1 and len(columns) == 1 and table.header[columns[0]]:
        cells = [f"{label_of(table, hit)} {cell_of(table, hit.row, columns[0])}" for hit in hits]
        return say(f"{table.header[columns[0]]}: {', '.join(cells)}.")
    told = [in_words(table, hit, columns, named=bool(asked)) for hit in hits]
    return read_out(told) if columns else None


def _differ(table: Table, hits: Sequence[Hit]) -> bool:
    """Tell whether the rows can be told apart by what they were found by."""
    return len({label_of(table, hit) for hit in hits}) == len(hits)


def _claim(query: Query) -> Reply | None:
    """Answer whether a cell holds what is said of it: "is the login page done"."""
    table, label = query.table, query.table.label_column
    subjects = [hit for hit in query.hits if hit.column == label]
    if len(subjects) != 1 or label is None:
        return None
    cells = table.rows[subjects[0].row]
    name = words_of(cells[label])
    asked = [word for word in words_of(query.text) if best_likeness(word, name) < ALIKE]
    held = [
        at
        for at, cell in enumerate(cells)
        if cell and at != label and coverage(words_of(cell), asked) >= ALIKE
    ]
    columns = held or [hit.column for hit in query.hits if hit.row != subjects[0].row]
    if not columns or label in columns:
        return None
    told = in_words(table, subjects[0], columns, named=table.has_header)
    return say("Yes." if held else "No.", told)


def _names_asked_for(query: Query) -> Reply | None:
    """Answer "which task is Ada's" by the names of rows rather than by what else stands there."""
    table, label = query.table, query.table.label_column
    if label is None or query.columns or query.kind or not query.hits:
        return None
    asked = re.search(r"\b(?:which|what) ([a-z]+)", query.text)
    is_noun = asked is not None and (
        best_likeness(asked[1], words_of(table.header[label])) >= ALIKE or asked[1] == "ones"
    )
    if not is_noun or not table.has_header or any(hit.column == label for hit in query.hits):
        return None
    return say(f"{listed([table.name_of(hit.row) for hit in query.hits])}.")


def _count(query: Query) -> Reply | None:
    table, label = query.table, query.table.label_column
    asked = re.search(r"\b(?:how many|number of) (?:other )?([a-z]+)", query.text)
    noun = asked[1] if asked else ""
    if likeness(noun, "columns") >= 0.9:
        names = [name for name in table.header if name]
        return say(f"There are {len(table.header)} columns: {listed(names)}." if names else "")
    if query.columns or any(hit.column == label for hit in query.hits):
        return _tell(query)
    if query.hits:
        names = [table.name_of(hit.row) for hit in query.hits]
        return say(f"{len(names)}: {listed(names)}.")
    if not table.has_header or label is None:
        return None
    is_item = (
        best_likeness(noun, [*words_of(table.header[label]), "items", "rows", "entries"]) >= 0.9
    )
    if not is_item or len(words_of(query.text.split(noun, 1)[1])) > 5:
        return None
    more = ", and a total" if len(table.totals) == 1 else ""
    return say(f"There are {len(table.items)} {noun}{more}.")


def _read(query: Query) -> Reply | None:
    """Read columns from top to bottom; or, when asked what there are, name them."""
    table = query.table
    if query.text.endswith("table") and not query.columns and not query.hits:
        return read_out(every_row(table))
    if not query.columns:
        names = [name for name in table.header if name]
        is_asked = re.search(r"\bcolumns\b", query.text) and names and not query.hits
        return say(f"The columns are {listed(names)}.") if is_asked else _tell(query)
    return read_out(
        [f"{name} {cell}.".lstrip() for at in query.columns for name, cell in _column(table, at)],
        f"{listed([table.header[at] for at in query.columns])}:",
    )


def _names(query: Query) -> Reply | None:
    """List the rows by name; those that a cell of theirs was named for, or all."""
    table, label = query.table, query.table.label_column
    if query.columns and not query.hits and not table.totals:
        return _read(query)
    if (
        query.columns
        or label is None
        or not table.has_header
        or any(hit.column == label for hit in query.hits)
    ):
        return _tell(query)
    asked = words_of(query.text)
    is_items = best_likeness("items", asked) >= 0.9 or best_likeness("rows", asked) >= 0.9
    is_label = any(best_likeness(one, asked) >= 0.9 for one in words_of(table.header[label]))
    if not query.hits and not (table.has_header and (is_items or is_label)):
        return _read(query) if "column" in query.text else None
    rows = [hit.row for hit in query.hits] or list(table.items)
    return read_out([f"{table.name_of(row)}." for row in rows])


def _column(table: Table, column: int) -> list[tuple[str, str]]:
    return [(table.name_of(row), cell_of(table, row, column)) for row in range(len(table.rows))]


_ANSWERS: dict[Operation, Callable[[Query], Reply | None]] = {
    Operation.TELL: _tell,
    Operation.HIGHEST: comparing.extreme,
    Operation.LOWEST: comparing.extreme,
    Operation.SUM: lambda query: comparing.add_up(query) or (_tell(query) if query.hits else None),
    Operation.AVERAGE: comparing.average,
    Operation.DIFFERENCE: comparing.difference,
    Operation.BOUND: comparing.bound,
    Operation.BUDGET: comparing.budget,
    Operation.COUNT: _count,
    Operation.READ: _read,
    Operation.NAMES: _names,
}
