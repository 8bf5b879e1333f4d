"""Reads a question as rows, columns and an operation of a table on the screen. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from local_live.tables import Table
from local_live.words import ALIKE, STOP_WORDS, best_likeness, is_soft, likeness, words_of

Key = TypeVar("Key")

MAX_EARLIER = 6
"""Questions looked back through for what "and meals?" refers to."""
_NUMBER = r"(?P<number>\d[\d.,]*)"
_MORE = r"(?:more|greater|higher|larger|bigger|over|above|at least|exceeds?|exceeded)"
_LESS = r"(?:less|lower|fewer|smaller|cheaper|under|below|at most)"
BOUND = re.compile(rf"\b(?:(?P<more>{_MORE})|(?P<less>{_LESS}))(?: than)? {_NUMBER}")
_BUDGET = re.compile(
    r"\b(?:(?P<over>over|above|exceed(?:s|ed)?)|under|below)(?: the)? ?(?:budget|plan)"
)
FOLLOW_UP = re.compile(
    r"^(?:(?:and|or|but|also|then|so) )*(?:(?:what|how) about )?"
    r"(?:(?:for|of|in|on|with|the|about) )*(?P<rest>.+)$"
)
_BEGINS_AGAIN = re.compile(r"^(?:and|or|but|also|then|what about|how about)\b")
_RECORD = re.compile(r"\b(?:which|what|how many) (?P<noun>[a-z]+)")


class Operation(Enum):
    """What is wanted of the cells."""

    TELL = "tell"
    HIGHEST = "highest"
    LOWEST = "lowest"
    SUM = "sum"
    AVERAGE = "average"
    DIFFERENCE = "difference"
    BOUND = "bound"
    BUDGET = "budget"
    COUNT = "count"
    READ = "read"
    NAMES = "names"


EXTREMES = frozenset({Operation.HIGHEST, Operation.LOWEST})
_WORDED = EXTREMES | {Operation.BOUND, Operation.SUM, Operation.AVERAGE}
"""Operations whose words name no cell."""
_OPERATIONS = (
    (
        Operation.READ,
        r"\b(?:read|list|show|go through)\b.*\bcolumns?\b|\bwhat are the (?:values|\w+ column)",
    ),
    (Operation.READ, r"^read\b.*\btable$"),
    (Operation.BOUND, BOUND.pattern),
    (
        Operation.DIFFERENCE,
        (
            r"\bdifference\b|\bby how much\b"
            r"|\bhow much\b.*\b(?:more|less|save|saved|left|remains?)\b"
            r"|\b(?:bigger|larger|higher|more|smaller|lower|less)\b.*\bor\b"
        ),
    ),
    (Operation.BUDGET, _BUDGET.pattern + r"|\b(?:more|less)\b.*\bthan (?:planned|budgeted)\b"),
    (
        Operation.HIGHEST,
        r"\b(?:most(?! recent)|highest|largest|biggest|greatest|maximum|max|priciest|dearest)\b",
    ),
    (Operation.LOWEST, r"\b(?:lowest|smallest|least|cheapest|minimum|min|fewest)\b"),
    (Operation.SUM, r"\b(?:sum|add|adds|added|altogether|all together|combined|in total|in all)\b"),
    (Operation.AVERAGE, r"\b(?:average|mean)\b(?! by)"),
    (Operation.COUNT, r"\bhow many\b|\bnumber of (?:rows|items|entries|columns)\b"),
    (
        Operation.NAMES,
        r"^(?:list|name|read|tell me|what are|show me|which \w+ are|what \w+ are)\b(?!.*\bfor\b)",
    ),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that the question names, and the column of the cell that did."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Query:
    """A question, in terms of one table."""

    table: Table
    text: str
    operation: Operation
    hits: tuple[Hit, ...] = ()
    columns: tuple[int, ...] = ()
    unexplained: tuple[str, ...] = ()
    """Words that stand nowhere in the table and ought to."""

    @property
    def kind(self) -> str:
        """What the answer is to be: who, when or where; or nothing of the kind."""
        found = re.search(r"\b(?:who|when|where|what time|what day|which day)\b", self.text)
        return {"what time": "when", "what day": "when", "which day": "when"}.get(
            found.group() if found else "", found.group() if found else ""
        )


def read_query(text: str, earlier: Sequence[str], table: Table, around: Iterable[str]) -> Query:
    """Read ``text`` as a question about ``table``.

    Args:
        text: The question, normalised.
        earlier: Earlier questions, normalised, the newest last.
        table: What it may be about.
        around: Words of the title and the like, which a question may use too.
    """
    known = frozenset(around)
    query = _alone(text, table, known)
    if not earlier or not _is_follow_up(query):
        return query
    past: list[Query] = []
    for asked in earlier[-MAX_EARLIER:]:
        past.append(_completed(_alone(asked, table, known), past))
    return _completed(query, past)


def _completed(query: Query, past: Sequence[Query]) -> Query:
    """Fill in what a follow-up leaves out, from the newest question that has it."""
    if not _is_follow_up(query):
        return query
    # "And when?" says so little that only the question right before it can be meant.
    says_little = query.operation is Operation.TELL and not query.hits and not query.columns
    for base in reversed(past[-1:] if says_little else past):
        if base.hits or base.columns:
            return _merged(query, base)
    return query


def begins_again(text: str) -> bool:
    """Tell whether a question begins as one that goes on from another: "and", "what about"."""
    return bool(_BEGINS_AGAIN.search(text))


def _is_follow_up(query: Query) -> bool:
    """Tell whether a question needs the one before it."""
    text = query.text
    if begins_again(text):
        return True
    refers = bool(re.search(r"\b(?:it|that|this|they|those|them)\b", text))
    is_bound = query.operation is Operation.BOUND and not query.columns
    is_column = bool(query.columns) and not query.unexplained
    return refers and not query.hits and (is_bound or is_column)


def _alone(text: str, table: Table, known: frozenset[str]) -> Query:
    operation, said = _operation(text, table)
    rest = re.sub(said, "", text) if said else text
    begun = FOLLOW_UP.match(rest) if begins_again(rest) else None
    words = [word for word in words_of(begun["rest"] if begun else rest) if _tells(word)]
    columns, by_columns = _columns(words, table)
    hits, by_rows = _hits(words, table, frozenset(by_columns))
    noun = _RECORD.search(text)
    unexplained = tuple(
        word
        for at, word in enumerate(words)
        if at not in by_columns | by_rows
        and not is_soft(word)
        and best_likeness(word, known) < ALIKE
        and not (noun and word == noun["noun"])
    )
    return Query(table, text, operation, hits, columns, unexplained)


def _operation(text: str, table: Table) -> tuple[Operation, str]:
    """Return what is wanted of the cells, and the pattern of words that say so and no more."""
    operation, pattern = next(
        ((one, pattern) for one, pattern in _OPERATIONS if re.search(pattern, text)),
        (Operation.TELL, ""),
    )
    if operation is Operation.BUDGET:
        return operation, _BUDGET.pattern
    if operation not in _WORDED:
        return operation, ""
    word = re.search(pattern, text)
    names = [*table.header, *(table.name_of(row) for row in range(len(table.rows)))]
    if word and any(best_likeness(word.group(), words_of(name)) >= 0.9 for name in names):
        return Operation.TELL, ""  # a column "Max", a row "Average"
    return operation, pattern


def _tells(word: str) -> bool:
    return word not in STOP_WORDS and (len(word) > 1 or word.isdigit())


def _merged(query: Query, base: Query) -> Query:
    """Fill in what a follow-up leaves out."""
    is_plain = query.operation in {Operation.TELL, Operation.NAMES}
    return replace(
        query,
        operation=base.operation if is_plain else query.operation,
        text=f"{query.text} {base.text}" if is_plain else query.text,
        hits=query.hits or (() if query.operation in EXTREMES else base.hits),
        columns=query.columns or (() if query.kind else base.columns),
    )


def _columns(words: Sequence[str], table: Table) -> tuple[tuple[int, ...], set[int]]:
    """Return the columns named in the question, and which words named any heading."""
    candidates = [
        (at, telling)
        for at, name in enumerate(table.header)
        if (telling := [one for one in words_of(name) if one not in STOP_WORDS] or words_of(name))
    ]
    chosen: list[int] = []
    used: set[int] = set()
    while best := _best(words, candidates, used, least_share=0.5):
        for at, matched in best:
            chosen.append(at)
            used |= matched
        candidates = [one for one in candidates if one[0] not in chosen]
    named = tuple(sorted(set(chosen) - {table.label_column}))
    return named, used


def _hits(
    words: Sequence[str], table: Table, by_columns: frozenset[int]
) -> tuple[tuple[Hit, ...], set[int]]:
    """Return the rows named in the question, and which words named them."""
    candidates = [
        (Hit(row, column), words_of(cell))
        for row, cells in enumerate(table.rows)
        for column, cell in enumerate(cells)
        if cell and (column == table.label_column or not table.is_numeric(column))
    ]
    chosen: list[Hit] = []
    used: set[int] = set()
    free = _without_columns(words, candidates, by_columns)
    used |= by_columns - free
    taken = set(used)
    while best := _best(words, candidates, used, least_share=0.0):
        for hit, matched in best:
            if hit.row not in {one.row for one in chosen}:
                chosen.append(hit)
            # What else stands in its row is said of it, and names no other row.
            used |= matched | _named_by(words, table.rows[hit.row])
        candidates = [one for one in candidates if one[0].row not in {hit.row for hit in chosen}]
    return tuple(chosen), used - taken


def _named_by(words: Sequence[str], cells: Sequence[str]) -> set[int]:
    there = [word for cell in cells for word in words_of(cell)]
    return {at for at, word in enumerate(words) if best_likeness(word, there) >= ALIKE}


def _without_columns(
    words: Sequence[str],
    candidates: Sequence[tuple[Hit, Sequence[str]]],
    by_columns: frozenset[int],
) -> set[int]:
    """Return the words of headings that also help to name a row: "plan" in "the team plan"."""
    free = set()
    for _hit, telling in candidates:
        matched = {at for at, word in enumerate(words) if best_likeness(word, telling) >= ALIKE}
        if matched - by_columns:
            free |= matched & by_columns
    return free


def _best(
    words: Sequence[str],
    candidates: Sequence[tuple[Key, Sequence[str]]],
    used: set[int],
    *,
    least_share: float,
) -> list[tuple[Key, set[int]]]:
    """Return the candidates that the words not yet used name best; more than one on a tie."""
    scored = []
    for key, telling in candidates:
        matched = {
            at: best_likeness(word, telling)
            for at, word in enumerate(words)
            if at not in used and best_likeness(word, telling) >= ALIKE
        }
        named = sum(any(likeness(words[at], one) >= ALIKE for at in matched) for one in telling)
        if matched and named / len(telling) >= least_share:
            score = sum(matched.values()) - 0.05 * (len(telling) - named)
            scored.append((score, key, set(matched)))
    top = max((score for score, _, _ in scored), default=0.0)
    return [(key, matched) for score, key, matched in scored if score >= top - 1e-9]
