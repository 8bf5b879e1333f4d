"""Compares and adds up the cells of a table: the most, the sum, what is above a bound. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from local_live.amounts import Amount, comparable, first_amount, time_of_day, written
from local_live.asking import Reply, say
from local_live.cells import (
    MONEY,
    YES_NO,
    capital,
    cell_of,
    default_columns,
    implied_rows,
    in_words,
    label_of,
    listed,
)
from local_live.querying import BOUND, Hit, Operation, Query
from local_live.tables import Table
from local_live.words import best_likeness, words_of

_PLANNED = ("plan", "budget", "target", "estimate", "limit")
_ACTUAL = ("spend", "actual", "cost", "used", "real")


def extreme(query: Query) -> Reply | None:
    """Answer which is the most or the least, in each column asked about."""
    table = query.table
    most = query.operation is Operation.HIGHEST
    told = []
    for column in _measured(query):
        rows = [row for row in _rows(query) if table.rows[row][column]]
        values = _values(table, rows, column)
        if not values:
            continue
        best = (max if most else min)(values)
        names = [
            table.name_of(row) for row, value in zip(rows, values, strict=True) if value == best
        ]
        cell = table.rows[rows[values.index(best)]][column]
        word = (
            ("latest" if most else "earliest")
            if table.has_times(column)
            else ("highest" if most else "lowest")
        )
        told.append(f"the {word} {table.header[column]}".strip() + f" is {listed(names)}, {cell}")
    return say(f"{capital('; '.join(told))}.") if told and table.label_column is not None else None


def add_up(query: Query) -> Reply | None:
    """Answer with the sum of a column, without the rows that are totals themselves."""
    table = query.table
    if _only_totals(query) or (len(query.hits) == 1 and not query.columns):
        return None
    if table.totals and not query.hits and not re.search(r"\b(?:sum|add)", query.text):
        return say(
            *(
                in_words(table, Hit(table.totals[-1], 0), [at], named=True)
                for at in _measured(query)
            )
        )
    told = [
        f"{_subject(query, column)} adds up to {_sum(amounts)}"
        for column in _measured(query)
        if (amounts := _amounts(table, _rows(query), column))
    ]
    return say(f"{capital('; '.join(told))}.") if told else None


def average(query: Query) -> Reply | None:
    """Answer with the mean of a column."""
    told = []
    for column in _measured(query):
        if amounts := _amounts(query.table, _rows(query), column):
            mean = sum(_numbers(amounts), Decimal()) / len(amounts)
            places = max(one.decimals for one in amounts) or (2 if mean % 1 else 0)
            shown = written(round(mean, places), [*amounts, Amount(mean, decimals=places)])
            told.append(f"the average {query.table.header[column]}".strip() + f" is {shown}")
    return say(f"{capital('; '.join(told))}.") if told else None


def difference(query: Query) -> Reply | None:
    """Answer by how much two cells differ: two columns of a row, or two rows of a column."""
    table, hits = query.table, query.hits or implied_rows(query)
    columns = query.columns
    if not hits and table.totals:
        hits = (Hit(table.totals[-1], table.label_column or 0),)
    if len(hits) == 1 and len(columns) < 2:
        columns = tuple(at for at in range(len(table.header)) if table.is_numeric(at))
    crossings = [(hit, at) for hit in hits for at in columns]
    if len(crossings) != 2:
        return None
    amounts = comparable([table.amount(hit.row, at) for hit, at in crossings])
    if amounts is None:
        return None
    (small, low), (large, high) = sorted(
        zip(amounts, crossings, strict=True), key=lambda pair: pair[0].value
    )
    is_one_row = len(hits) == 1
    about = label_of(table, hits[0]) if is_one_row else table.header[columns[0]]
    names = [
        f"{table.header[at] if is_one_row else label_of(table, hit)} {cell_of(table, hit.row, at)}"
        for hit, at in (high, low)
    ]
    gap = written(large.value - small.value, amounts)
    verdict = f"is {gap} more than" if large.value > small.value else "is the same as"
    return say(f"{about}: {names[0]} {verdict} {names[1]}.")


def bound(query: Query) -> Reply | None:
    """Answer whether a value is above or below a number, or which ones are."""
    found = BOUND.search(query.text)
    limit = first_amount(found["number"]) if found else None
    if found is None or limit is None:
        return None
    table = query.table
    least = bool(re.search(r"\bat (?:least|most)\b", found.group()))

    def holds(amount: Amount) -> bool:
        if amount.value == limit.value:
            return least
        return (amount.value > limit.value) == bool(found["more"])

    if YES_NO.search(query.text) and (hits := query.hits or implied_rows(query)):
        return _verdict(query, hits, holds)
    told = []
    for column in _measured(query):
        names = [
            f"{table.name_of(row)} {table.rows[row][column]}"
            for row in _rows(query)
            if (amount := table.amount(row, column)) is not None and holds(amount)
        ]
        count = f"{len(names)}, " if "how many" in query.text and names else ""
        told.append(f"{table.header[column]}: {count}{listed(names) or 'none'}.".removeprefix(": "))
    return say(*told) if told else None


def _verdict(query: Query, hits: Sequence[Hit], holds: Callable[[Amount], bool]) -> Reply | None:
    table = query.table
    columns = [at for at in query.columns or default_columns(query, hits) if table.is_numeric(at)]
    amounts = [table.amount(hit.row, at) for hit in hits for at in columns]
    verdicts = {holds(amount) for amount in amounts if amount is not None}
    if not verdicts:
        return None
    word = "Not all of it." if len(verdicts) > 1 else "Yes." if True in verdicts else "No."
    return say(word, *(in_words(table, hit, columns, named=bool(query.columns)) for hit in hits))


def budget(query: Query) -> Reply | None:
    """Answer what went over, or stayed under, what was planned."""
    table = query.table
    planned, actual = (_column_like(table, words) for words in (_PLANNED, _ACTUAL))
    if planned is None or actual is None:
        return None
    over = not re.search(r"\b(?:under|below|less)\b", query.text)
    told = []
    for row in [hit.row for hit in query.hits] or _rows(query):
        pair = comparable([table.amount(row, actual), table.amount(row, planned)])
        gap = pair[0].value - pair[1].value if pair else Decimal()
        if pair and (gap > 0) == over and gap:
            told.append(f"{table.name_of(row)} by {written(abs(gap), pair)}")
    side = "over" if over else "under"
    if YES_NO.search(query.text) and query.hits:
        return say(f"Yes: {listed(told)}." if told else f"No, it is not {side}.")
    return say(f"{side.capitalize()}: {listed(told)}." if told else f"None is {side}.")


def _rows(query: Query) -> list[int]:
    """Return the rows to compare or add up: those named, if there are several, or all items."""
    named = [hit.row for hit in query.hits if hit.row not in query.table.totals]
    return named if len(named) > 1 else list(query.table.items)


def _measured(query: Query) -> tuple[int, ...]:
    """Return the columns of numbers to compare or add up."""
    table = query.table
    by_time = bool(re.search(r"\b(?:latest|earliest)\b", query.text))
    of_kind = table.has_times if by_time else table.is_numeric
    named = tuple(at for at in query.columns if of_kind(at))
    every = [at for at in range(len(table.header)) if of_kind(at) and at != table.label_column]
    money = [at for at in every if table.is_money(at)]
    return named or tuple(money if money and MONEY.search(query.text) else every)


def _values(table: Table, rows: Sequence[int], column: int) -> list[Decimal]:
    if table.has_times(column):
        minutes = [time_of_day(table.rows[row][column]) for row in rows]
        return [Decimal(one) for one in minutes if one is not None] if None not in minutes else []
    return _numbers(_amounts(table, rows, column))


def _amounts(table: Table, rows: Sequence[int], column: int) -> list[Amount]:
    """Return what can be compared in a column; nothing if not everything can."""
    return comparable([table.amount(row, column) for row in rows if table.rows[row][column]]) or []


def _sum(amounts: Sequence[Amount]) -> str:
    return written(sum(_numbers(amounts), Decimal()), amounts)


def _numbers(amounts: Sequence[Amount]) -> list[Decimal]:
    return [amount.value for amount in amounts]


def _only_totals(query: Query) -> bool:
    return bool(query.hits) and all(hit.row in query.table.totals for hit in query.hits)


def _column_like(table: Table, words: Sequence[str]) -> int | None:
    return next(
        (
            at
            for at, name in enumerate(table.header)
            if any(best_likeness(word, words) >= 0.9 for word in words_of(name))
        ),
        None,
    )


def _subject(query: Query, column: int) -> str:
    named = [label_of(query.table, hit) for hit in query.hits]
    heading = query.table.header[column] or "it"
    return f"{heading} for {listed(named)}" if len(named) > 1 else heading
