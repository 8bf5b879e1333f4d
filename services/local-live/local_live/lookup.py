"""Finds things in the text of a screen: lines, values beside labels, errors, numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local_live.layout import Piece, Row, Screen, sentences_of
from local_live.tables import outside_tables
from local_live.words import content_words, count_phrase, coverage, words_of

GOOD_MATCH = 0.72
"""Least `coverage` that counts as found."""
MAX_LABEL_WORDS = 4
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d.,:]*\s?%?")
_LAST_NUMBER = re.compile(r"\(?[-+]?[$\u20ac\u00a3]?\d[\d.,:]*\s?(?:%|[A-Za-z]{1,7})?\)?$")
_COUNTED = re.compile(r"(?<![\w.])(\d[\d.,]*) ([A-Za-z]{3,})")
_MONEY = re.compile(r"[$€£]|\b(?:usd|eur|gbp)\b", re.IGNORECASE)
# No time of day, and no address: "10:30 Standup", "https://…".
_LABELLED = re.compile(
    r"^(?P<label>[^:=]{0,60}?[A-Za-z)][^:=]{0,20}?)\s*[:=](?!//)(?!(?<=\d:)\d\d\b)\s*(?P<value>.*)$"
)


@dataclass(frozen=True, slots=True)
class Value:
    """A label and what stands beside it."""

    label: str
    value: str
    score: float


def find_rows(screen: Screen, wanted: Sequence[str]) -> list[Row]:
    """Return the rows that speak of ``wanted``, the best first; on a tie, in reading order."""
    scored = [(coverage(wanted, words_of(row.text)), row) for row in screen.rows]
    best = max((score for score, _ in scored), default=0.0)
    if best < GOOD_MATCH:
        return []
    return [row for score, row in scored if score >= max(GOOD_MATCH, best - 0.1)]


def find_sentences(screen: Screen, wanted: Sequence[str]) -> list[str]:
    """Return the sentences that speak of ``wanted``, in reading order."""
    scored = [(coverage(wanted, words_of(text)), text) for text in sentences_of(screen.rows)]
    best = max((score for score, _ in scored), default=0.0)
    return [text for score, text in scored if score >= max(GOOD_MATCH, best - 0.1)]


def find_value(
    screen: Screen, label: Sequence[str], of: Sequence[str] = (), *, money: bool = False
) -> Value | None:
    """Return what stands beside, behind or below a label.

    Args:
        screen: Where to look.
        label: Words of the label.
        of: Words that may be part of it, or all of it: "price of apples" beside "Apples".
        money: Prefer amounts of money to other numbers.
    """
    if of:
        both = find_value(screen, [*label, *of], money=money)
        return both or find_value(screen, label, money=money) or find_value(screen, of, money=money)
    free = outside_tables(screen.rows)
    found = [
        value
        for number, row in enumerate(screen.rows)
        if row in free
        for value in _values_in(screen, number, row, label, money=money)
    ]
    # On a tie the last one: totals stand at the end.
    return max(reversed(found), key=lambda value: value.score, default=None)


def numbers(screen: Screen) -> list[str]:
    """Return the numbers on the screen, in order, each once."""
    found = (number.strip(" .,:") for row in screen.rows for number in _NUMBER.findall(row.text))
    return list(dict.fromkeys(number for number in found if number))


def count(screen: Screen, phrase: Sequence[str]) -> int:
    """Return how often ``phrase`` stands on the screen."""
    return count_phrase(phrase, [word for row in screen.rows for word in words_of(row.text)])


def number_before(screen: Screen, wanted: Sequence[str]) -> str:
    """Return a number with one of these words right behind it, as in "15 passed"; or nothing."""
    for row in screen.rows:
        for number, word in _COUNTED.findall(row.text):
            if coverage([word.lower()], wanted) >= GOOD_MATCH:
                return f"{number} {word}"
    return ""


def place_of(screen: Screen, piece: Piece) -> str:
    """Say in words where ``piece`` stands."""
    x, y = piece.middle
    across = _third(x, screen.width, ("left", "", "right"))
    down = _third(y, screen.height, ("top", "", "bottom"))
    if not across and not down:
        return "in the middle"
    if not down:
        return f"on the {across}"
    return f"at the {down} {across}".strip()


def best_cell(row: Row, wanted: Sequence[str]) -> Piece:
    """Return the cell of ``row`` that speaks of ``wanted``."""
    return max(row.cells, key=lambda cell: coverage(wanted, words_of(cell.text)))


def _values_in(
    screen: Screen, number: int, row: Row, label: Sequence[str], *, money: bool
) -> list[Value]:
    below = [_below(screen, number, cell) for cell in row.cells]
    # Numbers under every cell of a row make it a row of headings, as on a dashboard.
    is_heading = len(row.cells) > 1 and all(below) and not _DIGIT.search(row.text)
    found = []
    for at, cell in enumerate(row.cells):
        labelled = _LABELLED.match(cell.text)
        name = labelled["label"] if labelled else cell.text
        score = _label_score(label, name)
        if score < GOOD_MATCH:
            continue
        if labelled and labelled["value"]:
            value = labelled["value"]
        elif is_heading:
            value = below[at]
        else:
            beside = _beside(row.cells[at + 1 :], money=money)
            value = beside or _after_label(label, cell.text) or below[at]
            value = value or _in_form(screen, number, cell)
        if value:
            found.append(Value(name.strip(), value, score + 0.05 * bool(_DIGIT.search(value))))
    return found


def _label_score(label: Sequence[str], name: str) -> float:
    """Return how well ``name`` is the label asked for: words too many count against it."""
    words = words_of(name)
    telling = content_words(name) or words
    found = coverage(label, words) - 0.06 * max(0, len(telling) - len(label))
    if coverage(telling, label) < 0.9:
        return found
    # The whole label stands in the question, as "status" does in "the status of the build".
    return max(found, 0.9 - 0.08 * max(0, len(label) - len(telling)))


def _beside(rest: Sequence[Piece], *, money: bool) -> str:
    if money:
        amounts = [cell.text for cell in rest if _MONEY.search(cell.text)]
        if amounts:
            return amounts[-1]
    return ", ".join(cell.text for cell in rest)


def _after_label(label: Sequence[str], text: str) -> str:
    """Return the number that ends a line which begins with the label: "Total due 42"."""
    found = _LAST_NUMBER.search(text)
    before = words_of(text[: found.start()]) if found else []
    if found is None or len(before) > len(label) + 2 or coverage(label, before) < GOOD_MATCH:
        return ""
    return found.group().strip(" .,:()")


def _below(screen: Screen, number: int, cell: Piece) -> str:
    """Return the number right below a label, as dashboards have it."""
    if len(words_of(cell.text)) > MAX_LABEL_WORDS:
        return ""
    for row in screen.rows[number + 1 : number + 3]:
        for under in row.cells:
            near = under.top - cell.bottom < 2.5 * cell.height
            is_short = len(under.text.split()) <= MAX_LABEL_WORDS
            if near and is_short and _overlap(under, cell) > 0 and _DIGIT.search(under.text):
                return under.text
    return ""


def _in_form(screen: Screen, number: int, cell: Piece) -> str:
    """Return what stands right below a label in a form, which is nearer to it than what is above.

    The lines of a list are all as far apart as each other, so that they label nothing.
    """
    if number + 1 >= len(screen.rows) or len(words_of(cell.text)) > MAX_LABEL_WORDS:
        return ""
    above = max((row.bottom for row in screen.rows[:number] if row.bottom <= cell.top), default=0.0)
    if number + 2 < len(screen.rows):
        value, after = screen.rows[number + 1 : number + 3]
        gap = max(0.0, value.top - cell.bottom)
        if after.top > value.top and after.top - value.bottom <= gap + 0.25 * cell.height:
            return ""  # what is below goes on, as a paragraph does
    for under in screen.rows[number + 1].cells:
        gap = under.top - cell.bottom
        # Boxes of text reach a little beyond its letters, so that they may overlap.
        is_below = abs(under.left - cell.left) < 1.5 * cell.height and -0.4 < gap / cell.height < 1
        if is_below and cell.top - above > 1.5 * max(gap, 0.25 * cell.height):
            return under.text
    return ""


def _overlap(one: Piece, other: Piece) -> float:
    """Return how far two pieces stand one above the other; negative is the gap between them."""
    return min(one.right, other.right) - max(one.left, other.left)


def _third(value: float, whole: float, names: tuple[str, str, str]) -> str:
    share = value / whole if whole else 0.5
    return names[0] if share < 0.36 else names[2] if share > 0.64 else names[1]
