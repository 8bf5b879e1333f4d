"""Finds the sentence that answers who, when, where, why, how long or how much. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local_live.words import ALIKE, NUMBER_WORDS, best_likeness, content_words, is_soft, words_of

CERTAIN = 0.66
"""At least this much of the question stands in a sentence that is given as the answer."""
POSSIBLE = 0.4
"""Less than this is no answer at all."""
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tomorrow|yesterday|tonight)"
_UNIT = r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|ms|s|h)"
_EXPECTED = {
    # A name: capitalised within a sentence, or at its head before a verb.
    "who": r"(?<=[a-z,:] )[A-Z][a-z]+"
    r"|^[A-Z][a-z]+(?: [A-Z][a-z]+)*,? (?:and|is|was|has|[a-z]+ed|[a-z]+s)\b",
    "when": rf"(?i:\b{_MONTH}\b\.?|\b{_DAY}\b|\b\d?\d:\d\d\b|\b(?:19|20)\d\d\b|\b\d\d?[./]\d\d?\b"
    rf"|\b(?:noon|midnight|next|every|in \d+) ?{_UNIT}?\b)",
    "where": r"\b(?:in|at|on|near|from|to|under|inside|behind) (?:the |a |our )?\w+",
    "why": r"(?i:\b(?:because|due to|since|so that|owing to|as a result|therefore|caused by)\b)",
    "how long": rf"(?i:\b(?:\d[\d.,]*|a|an|one|two|three|four|five|six|several) ?{_UNIT}\b)",
    "how many": r"\d|\b(?:" + "|".join(NUMBER_WORDS) + r"|hundreds?|dozens?|half)\b",
}
_KINDS = (
    (r"\bwho(?:se|m)?\b", "who"),
    (r"\bwhen\b|\bwhat (?:time|day|date|year|month)\b|\bwhich (?:day|date|year|month)\b", "when"),
    (r"\bwhere\b|\bwhat (?:place|city|room)\b", "where"),
    (r"\bwhy\b|\bwhat is the reason\b", "why"),
    (r"\bhow long\b", "how long"),
    (
        r"\bhow (?:many|much|often|high|large|big|far|fast)\b|\bwhat (?:percentage|percent)\b",
        "how many",
    ),
)
_ASKED_ABOUT = frozenset({"time", "day", "date", "year", "month", "place", "reason", "person"})


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence, and how well it answers."""

    text: str
    score: float
    is_of_kind: bool
    """It holds what was asked for: a name for who, a time for when."""

    @property
    def is_certain(self) -> bool:
        """Whether it may be given as the answer, without a word of doubt."""
        return self.is_of_kind and self.score >= CERTAIN


def kind_of(question: str) -> str:
    """Return what is asked for: who, when, where, why, how long, how many; or nothing of these."""
    return next((kind for pattern, kind in _KINDS if re.search(pattern, question)), "")


def best_sentence(sentences: Sequence[str], question: str) -> Match | None:
    """Return the sentence that answers ``question``, which is normalised, best.

    Ties go to the sentence of the kind asked for, then to the shorter one.
    """
    kind = kind_of(question)
    wanted = [word for word in content_words(question) if word not in _ASKED_ABOUT or not kind]
    matches = [_match(sentence, wanted, kind) for sentence in sentences]
    best = max(
        matches,
        key=lambda one: (one.score + 0.15 * one.is_of_kind, -len(one.text)),
        default=None,
    )
    return best if best is not None and best.score >= POSSIBLE else None


def _match(sentence: str, wanted: Sequence[str], kind: str) -> Match:
    there = words_of(sentence)
    # "How much does it cost" need not find "cost"; what is being asked about weighs more.
    weights = {word: 0.4 if is_soft(word) else 1.0 for word in wanted}
    found = sum(
        weight * likeness
        for word, weight in weights.items()
        if (likeness := best_likeness(word, there)) >= ALIKE
    )
    score = found / sum(weights.values()) if weights else 0.0
    pattern = _EXPECTED.get(kind)
    return Match(sentence, score, pattern is None or bool(re.search(pattern, sentence)))
