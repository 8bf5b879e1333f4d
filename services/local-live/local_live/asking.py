"""A question and everything that its answer may draw on; the shape of an answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from local_live.history import Memory, Turn
from local_live.layout import Screen

PART_WORDS = 70
"""About half a minute of speech: then one asks whether to go on."""
GO_ON = "Shall I go on?"


class Mark(NamedTuple):
    """The place on the screen that an answer is about, in pixels from the top left."""

    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What one rule has to say."""

    sentences: tuple[str, ...]
    remaining: tuple[str, ...] | None = None
    """What "go on" reads from now on; None leaves that as it was."""
    mark: Mark | None = None
    is_found: bool = True
    """False where the screen, as far as it could be read, does not tell."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, sentence by sentence, and what to remember of it."""

    sentences: tuple[str, ...]
    memory: Memory
    mark: Mark | None = None
    is_found: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """One question in its surroundings."""

    text: str
    """As `words.normalise` gives it."""
    screen: Screen | None
    """None while nothing is shared."""
    memory: Memory
    turns: Sequence[Turn]
    """What was said before this question."""
    brief: bool
    """The system instruction asks for short answers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over normalised questions, and what has the answer to them."""

    pattern: re.Pattern[str]
    answer: Callable[[Ask, re.Match[str]], Reply | None]
    """Returns None to leave the question to the rules further down."""
    needs_screen: bool = True


def rule(
    pattern: str, answer: Callable[[Ask, re.Match[str]], Reply | None], *, needs_screen: bool = True
) -> Rule:
    """Make a rule of a pattern that is not compiled yet."""
    return Rule(re.compile(pattern), answer, needs_screen)


def screen_of(ask: Ask) -> Screen:
    """Return the screen; only for rules that need one, which are not asked without."""
    assert ask.screen is not None  # noqa: S101 - see above
    return ask.screen


def say(*sentences: str) -> Reply:
    """Answer with these sentences."""
    return Reply(sentences)


def not_found(*sentences: str) -> Reply:
    """Answer that it does not stand there."""
    return Reply(sentences, is_found=False)


def read_out(sentences: Sequence[str], opening: str = "") -> Reply:
    """Read ``sentences`` in a sensible length, and offer the rest."""
    now, later = split_part(sentences)
    if opening and now:
        now = (f"{opening} {now[0]}", *now[1:])
    spoken = (*now, GO_ON) if later else now
    return Reply(spoken, later)


def split_part(sentences: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what to say now, and what is left; at least one sentence is said."""
    said = 0
    for number, sentence in enumerate(sentences):
        said += len(sentence.split())
        if said > PART_WORDS and number:
            return tuple(sentences[:number]), tuple(sentences[number:])
    return tuple(sentences), ()
