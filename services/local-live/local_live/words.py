"""Words as people say them and recognisers mishear them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

ALIKE = 0.75
"""Least `likeness` of two words that are taken for the same."""
_WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
_CONTRACTIONS = (
    (re.compile(r"\b(what|where|who|how|that|it|there|here)'?s\b"), r"\1 is"),
    (re.compile(r"\bwon'?t\b"), "will not"),
    (re.compile(r"\bcan'?t\b"), "can not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'(re|m|ll|ve|d|s)\b"), " "),
)
# What speech recognition makes of the words that this assistant is asked about most.
_MISHEARD = {
    "scream": "screen",
    "screens": "screen",
    "screeen": "screen",
    "summarise": "summarize",
    "summarized": "summarize",
    "summerize": "summarize",
    "paragraphs": "paragraph",
    "reed": "read",
}
_STOP_WORDS = """
    a about am an and any are as at be been being by can could did do does doing exactly find
    for from give had has have he her here his how i if in into is it its just know like line
    lines long look many me mention more most much my now of on or our out page please say says
    screen see she show so some tell text than that the their them there they this those to up
    us value was we were what when where which who whom whose why will window with would
    written you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_SOFT_WORDS = """
    add all altogether amount answer appointment assign average between big budget cell cheap column
    combined compared cost count difference each email entry event every expense expensive figure
    get go great happen high item large left list low mail meeting message money name need number
    one only over overall own pay percent price read really receive record remain responsible row
    save scheduled send sheet small spend sum table take task thing together total under work write
"""
_COUNTED = """
    zero|one first|two second|three third|four fourth|five fifth|six sixth|seven seventh
    |eight eighth|nine ninth|ten tenth|eleven eleventh|twelve twelfth|thirteen thirteenth
    |fourteen fourteenth|fifteen fifteenth|sixteen sixteenth|seventeen seventeenth
    |eighteen eighteenth|nineteen nineteenth|twenty twentieth
"""
NUMBER_WORDS = {
    word: number for number, words in enumerate(_COUNTED.split("|")) for word in words.split()
}
_IRREGULAR = {
    "began": "begin",
    "bought": "buy",
    "chose": "choose",
    "chosen": "choose",
    "held": "hold",
    "led": "lead",
    "made": "make",
    "met": "meet",
    "paid": "pay",
    "ran": "run",
    "sent": "send",
    "sold": "sell",
    "spent": "spend",
    "took": "take",
    "taken": "take",
    "wrote": "write",
    "written": "write",
}
# Stems on both sides: abbreviations, and words that stand for each other in labels.
_SAME = {
    "amt": "amount",
    "avg": "averag",
    "begin": "start",
    "budget": "plan",
    "cost": "pric",
    "deadlin": "due",
    "email": "mail",
    "max": "maximum",
    "min": "minimum",
    "qty": "quantity",
    "telephon": "phon",
    "temp": "temperatur",
}
_ENDINGS = (("ing", 3), ("ed", 3), ("er", 3), ("al", 5), ("ion", 5))
"""What is taken off a word, and how many letters must be left of it."""
_ORDINAL_DIGITS = re.compile(r"(\d+)(?:st|nd|rd|th)?")


def normalise(text: str) -> str:
    """Return ``text`` in plain lower-case words with single spaces between them."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    for pattern, instead in _CONTRACTIONS:
        text = pattern.sub(instead, text)
    return " ".join(_MISHEARD.get(word, word) for word in words_of(text))


def words_of(text: str) -> list[str]:
    """Return the words and numbers of ``text``, in lower case and without accents."""
    folded = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return _WORD.findall(plain)


def content_words(text: str) -> list[str]:
    """Return the words of ``text`` that tell what it is about."""
    return [word for word in words_of(text) if word not in STOP_WORDS]


def number_of(word: str) -> int | None:
    """Read "3", "3rd", "three" or "third"."""
    if found := _ORDINAL_DIGITS.fullmatch(word):
        return int(found[1])
    return NUMBER_WORDS.get(word)


@lru_cache(maxsize=8_192)
def stem(word: str) -> str:
    """Return what is common to "plan", "plans", "planned" and "planning"; roughly."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return _SAME.get(word, word)
    if word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: -len(ending)]
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return _SAME.get(word, word)


_SOFT_STEMS = frozenset(stem(word) for word in _SOFT_WORDS.split())


def is_soft(word: str) -> bool:
    """Tell whether ``word`` is about tables in general, and need not stand in the one meant."""
    return stem(word) in _SOFT_STEMS


@lru_cache(maxsize=8_192)
def likeness(one: str, other: str) -> float:
    """Return how much two words are alike: 1 the same, 0 nothing to do with each other."""
    if one == other:
        return 1.0
    if one[:1].isdigit() or other[:1].isdigit():
        return 0.0
    if one.rstrip("s") == other.rstrip("s"):
        return 0.95
    if stem(one) == stem(other):
        return 0.93
    longest = max(len(one), len(other))
    if min(len(one), len(other)) < 4 or longest < 5:
        return 0.0
    allowed = 1 if longest < 7 else 2
    distance = _distance(one, other, allowed)
    return 0.0 if distance > allowed else 0.9 - 0.1 * distance


def best_likeness(word: str, text: Iterable[str]) -> float:
    """Return how much ``word`` is like the word of ``text`` that resembles it most."""
    return max((likeness(word, other) for other in text), default=0.0)


def coverage(wanted: Sequence[str], text: Sequence[str]) -> float:
    """Return how much of ``wanted`` stands in ``text``, from 0 to 1."""
    if not wanted:
        return 0.0
    return sum(best_likeness(word, text) for word in wanted) / len(wanted)


def count_phrase(phrase: Sequence[str], text: Sequence[str]) -> int:
    """Return how often ``phrase`` stands in ``text``, word for word; plurals count as the same."""
    size = len(phrase)
    if not size:
        return 0
    return sum(
        all(likeness(a, b) >= 0.95 for a, b in zip(phrase, text[start:], strict=False))
        for start in range(len(text) - size + 1)
    )


def _distance(one: str, other: str, limit: int) -> int:
    """Return the edit distance, or ``limit`` + 1 where it is greater; a swap is one edit."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, against in enumerate(other, 1):
            cost = min(
                previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != against)
            )
            is_swap = (
                row > 1
                and column > 1
                and letter != against
                and letter == other[column - 2]
                and against == one[row - 2]
            )
            current.append(min(cost, before[column - 2] + 1) if is_swap else cost)
        before, previous = previous, current
    return min(previous[-1], limit + 1)
