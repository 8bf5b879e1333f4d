"""Answers that find things on a screen: values, places, sentences, counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from local_live import lookup
from local_live.amounts import first_amount
from local_live.asking import Ask, Mark, Reply, not_found, read_out, say, screen_of
from local_live.layout import ended, sentences_of
from local_live.logs import trouble
from local_live.querying import BOUND
from local_live.sentences import best_sentence
from local_live.words import ALIKE, content_words, coverage, likeness, words_of

MAX_CLAIM_WORDS = 2
MAX_NAME_WORDS = 5
"""What has more words is a sentence, and no button."""
_ON = frozenset({"on", "enabled", "yes", "true", "active", "checked", "allowed"})
_OFF = frozenset({"off", "disabled", "no", "false", "inactive", "unchecked", "blocked"})


def times(ask: Ask, found: re.Match[str]) -> Reply:
    """Tell how often a phrase appears."""
    number = lookup.count(screen_of(ask), found["what"].split())
    times = {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")
    return say(f'"{found["what"]}" appears {times} on your screen.')


def how_many(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Tell how many lines, words, errors; or the number that stands with what is asked about."""
    what, screen = found["what"], screen_of(ask)
    words = [word for row in screen.rows for word in row.text.split()]
    counts = {
        "line": len(screen.rows),
        "row": len(screen.rows),
        "paragraph": len(screen.paragraphs),
        "word": len(words),
        "number": len(lookup.numbers(screen)),
        "error": len(trouble(screen.rows)),
    }
    name = what.split()[0].rstrip("s")
    others = [word for word in content_words(ask.text) if likeness(word, name) < ALIKE]
    if name in counts and (not others or name == "error"):
        number = counts[name]
        return say(f"There {'is' if number == 1 else 'are'} {number} {name}{'s' * (number != 1)}.")
    wanted = content_words(what)
    if value := lookup.find_value(screen, wanted):
        return say(ended(f"{value.label}: {value.value}"))
    if counted := lookup.number_before(screen, wanted):
        return say(f"{counted}.")
    sentence = best_sentence(sentences_of(screen.rows), ask.text)
    if sentence and sentence.is_certain:
        return say(sentence.text)
    rows = lookup.find_rows(screen, wanted)
    return say(f"I find it in {len(rows)} line{'s' * (len(rows) != 1)}.") if rows else None


def numbers(ask: Ask, _found: re.Match[str]) -> Reply:
    """Read all numbers."""
    found = lookup.numbers(screen_of(ask))
    return (
        read_out([f"{number}." for number in found], "The numbers are:")
        if found
        else say("I see no numbers on your screen.")
    )


def where(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Tell where on the screen something stands, or where something takes place."""
    wanted, screen = content_words(found["what"]), screen_of(ask)
    rows = lookup.find_rows(screen, wanted)
    if not rows and len(wanted) > 1:
        # "The save button" mostly reads "Save": what it is does not stand on it.
        wanted = wanted[:-1]
        rows = lookup.find_rows(screen, wanted)
    if not rows:
        return not_found(f"I can't find {found['what']} on your screen.")
    cell = lookup.best_cell(rows[0], wanted)
    sentence = best_sentence(sentences_of(screen.rows), ask.text)
    is_name = len(words_of(cell.text)) <= MAX_NAME_WORDS
    if not is_name and sentence and sentence.is_certain:
        return say(sentence.text)
    quoted = cell.text if is_name or sentence is None else sentence.text.rstrip(".")
    x, y = cell.middle
    mark = Mark(cell.text, round(x), round(y))
    others = len(rows) - 1
    more = f" It is in {others} more line{'s' * (others > 1)}." if others else ""
    return Reply((f'"{quoted}" is {lookup.place_of(screen, cell)}.{more}',), mark=mark)


def show(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Point at something that has a name; None for what is better read aloud."""
    reply = where(ask, found)
    return reply if reply and reply.mark else None


def find(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Read the sentences about something."""
    wanted = content_words(found["what"])
    if not wanted:
        return None
    sentences = lookup.find_sentences(screen_of(ask), wanted)
    if not sentences:
        return not_found(f"I can't find anything about {found['what']} on your screen.")
    return read_out(sentences, "It says:")


def value(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Tell what stands beside a label."""
    label, of = content_words(found["what"]), content_words(found["of"] or "")
    return tell_value(ask, label, of) if label else None


def tell_value(ask: Ask, label: Sequence[str], of: Sequence[str] = ()) -> Reply | None:
    """Tell what stands beside a label, or beside a part of it; None if there is no such label."""
    money = "how much" in ask.text or "price" in ask.text or "cost" in ask.text
    value = lookup.find_value(screen_of(ask), label, of, money=money)
    return say(ended(f"{value.label}: {value.value}")) if value else None


def yes_or_no(ask: Ask, found: re.Match[str]) -> Reply | None:
    """Hold a value against what the question says of it; None if there is no such value."""
    bound = BOUND.search(found["what"])
    if bound:
        subject = content_words(found["what"][: bound.start()])
        value = lookup.find_value(screen_of(ask), subject) if subject else None
        there = first_amount(value.value) if value else None
        limit = first_amount(bound["number"])
        if value is None or there is None or limit is None:
            return None
        verdict = there.value != limit.value and (there.value > limit.value) == bool(bound["more"])
        return say("Yes." if verdict else "No.", ended(f"{value.label}: {value.value}"))
    words = words_of(found["what"])
    for n_claim in range(1, min(MAX_CLAIM_WORDS, len(words) - 1) + 1):
        subject = content_words(" ".join(words[:-n_claim]))
        value = lookup.find_value(screen_of(ask), subject) if subject else None
        verdict_of = _holds(words[-n_claim:], words_of(value.value)) if value else None
        if value and verdict_of is not None:
            return say("Yes." if verdict_of else "No.", ended(f"{value.label}: {value.value}"))
    return None


def _holds(claim: Sequence[str], there: Sequence[str]) -> bool | None:
    """Tell whether a short value is what is claimed of it; None if it says nothing about that."""
    if set(claim) <= _ON | _OFF and set(there) & (_ON | _OFF):
        return bool(set(claim) & _ON) == bool(set(there) & _ON)
    if coverage(claim, there) >= ALIKE:
        return True
    return False if len(there) <= MAX_CLAIM_WORDS else None


def seen(ask: Ask, _found: re.Match[str]) -> Reply:
    """Confirm that there is a screen."""
    screen = screen_of(ask)
    title = ended(f" At its head stands: {screen.title.text}") if screen.title else ""
    return say(f"Yes, I see your screen, with {len(screen.rows)} lines of text.{title}")
