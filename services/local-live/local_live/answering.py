"""Answers questions about what stands on a screen, by rule and without a model. Pure.

Each rule is a pattern over the normalised question and a function; the first that has something to
say is the answer. Rules further down are less particular.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local_live import lookup, reading
from local_live.asking import GO_ON, Answer, Ask, Reply, read_out, say
from local_live.history import Memory, Turn
from local_live.layout import Screen, sentences_of
from local_live.words import content_words, normalise

INTRODUCTION = "I'm Overshoulder's local stand-in, not Gemini."
MAX_QUESTION_CHARS = 300
"""Nobody asks at greater length here, and the patterns are not made for more."""
ABILITIES = (
    "I can read your screen out, find things on it, tell you values, totals and errors, and count.",
    'Try: "what does my screen say", "what is the total", or "where is the save button".',
)
HOW_TO_SHARE = (
    "I can't see a screen yet.",
    "Share one with the share button, then ask me again.",
)
NOTHING_READABLE = "I can see your screen, but I find no text on it that I can read."
_BRIEF = re.compile(r"\b(one sentence|brief|briefly|short|concise|few words)\b", re.IGNORECASE)
_END = r"(?: (?:here|now|please|there|again|on (?:the|my|this) (?:screen|page|window)))*"


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    answer: Callable[[Ask, re.Match[str]], Reply | None]
    needs_screen: bool = True


def answer(
    question: str,
    screen: Screen | None,
    memory: Memory,
    turns: Sequence[Turn] = (),
    instruction: str = "",
) -> Answer:
    """Answer ``question``.

    Args:
        question: As it was typed or heard.
        screen: What stands on the newest picture; None while there is none.
        memory: What the last answer left.
        turns: What was said before, without this question.
        instruction: The client's system instruction; "one sentence", "brief" and the like count.
    """
    ask = Ask(
        normalise(question[:MAX_QUESTION_CHARS]),
        screen,
        memory,
        turns,
        bool(_BRIEF.search(instruction)),
    )
    reply = _first_answer(ask)
    remaining = memory.remaining if reply.remaining is None else reply.remaining
    return Answer(reply.sentences, Memory(remaining, last_answer=reply.sentences))


def needs_screen(question: str) -> bool:
    """Tell whether the answer has to wait for the screen to be read."""
    text = normalise(question[:MAX_QUESTION_CHARS])
    return next((rule.needs_screen for rule in _RULES if rule.pattern.search(text)), True)


def _first_answer(ask: Ask) -> Reply:
    for rule in _RULES:
        found = rule.pattern.search(ask.text)
        if not found:
            continue
        if rule.needs_screen and ask.screen is None:
            return say(*HOW_TO_SHARE)
        if rule.needs_screen and ask.screen is not None and not ask.screen.rows:
            return say(NOTHING_READABLE)
        if reply := rule.answer(ask, found):
            return _shortened(reply) if ask.brief else reply
    return _closest(ask)


def _shortened(reply: Reply) -> Reply:
    """Keep the first sentence, and the offer to go on; the rest can be asked for."""
    kept, cut = reply.sentences[:1], reply.sentences[1:]
    rest = tuple(one for one in cut if one != GO_ON) + (reply.remaining or ())
    return Reply(kept, rest or reply.remaining)


def _say(*sentences: str) -> Callable[[Ask, re.Match[str]], Reply]:
    return lambda _ask, _found: say(*sentences)


def _go_on(ask: Ask, _found: re.Match[str]) -> Reply | None:
    if ask.memory.remaining:
        return read_out(ask.memory.remaining)
    return say("There is nothing more to read.")


def _yes(ask: Ask, _found: re.Match[str]) -> Reply:
    return read_out(ask.memory.remaining) if ask.memory.remaining else say("All right.")


def _no(_ask: Ask, _found: re.Match[str]) -> Reply:
    return Reply(("All right.",), remaining=())


def _repeat(ask: Ask, _found: re.Match[str]) -> Reply:
    if not ask.memory.last_answer:
        return say("I have not said anything yet.")
    return Reply(ask.memory.last_answer)


def _what_was_said(ask: Ask, found: re.Match[str]) -> Reply:
    who = "user" if found["who"] == "i" else "model"
    said = [turn.text for turn in ask.turns if turn.role == who]
    if not said:
        return say(
            "You have not asked anything before." if who == "user" else "I have not said anything."
        )
    quoted = said[0] if found["first"] else said[-1]
    return say(f"{'You' if who == 'user' else 'I'} said: {quoted}")


def _errors(ask: Ask, _found: re.Match[str]) -> Reply:
    rows = lookup.trouble(_screen(ask))
    if not rows:
        return say("I see no error on your screen.")
    many = f"I see {len(rows)} lines that look like trouble:" if len(rows) > 1 else "Yes:"
    return read_out(sentences_of(rows), many)


def _times(ask: Ask, found: re.Match[str]) -> Reply:
    number = lookup.count(_screen(ask), found["what"].split())
    times = {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")
    return say(f'"{found["what"]}" appears {times} on your screen.')


def _how_many(ask: Ask, found: re.Match[str]) -> Reply | None:
    what, screen = found["what"], _screen(ask)
    words = [word for row in screen.rows for word in row.text.split()]
    counts = {
        "line": len(screen.rows),
        "row": len(screen.rows),
        "paragraph": len(screen.paragraphs),
        "word": len(words),
        "number": len(lookup.numbers(screen)),
        "error": len(lookup.trouble(screen)),
    }
    name = what.split()[0].rstrip("s")
    if name in counts:
        number = counts[name]
        return say(f"There {'is' if number == 1 else 'are'} {number} {name}{'s' * (number != 1)}.")
    if value := lookup.find_value(screen, content_words(what)):
        return say(f"{value.label}: {value.value}.")
    if counted := lookup.number_before(screen, content_words(what)):
        return say(f"{counted}.")
    rows = lookup.find_rows(screen, content_words(what))
    return say(f"I find it in {len(rows)} line{'s' * (len(rows) != 1)}.") if rows else None


def _numbers(ask: Ask, _found: re.Match[str]) -> Reply:
    found = lookup.numbers(_screen(ask))
    return (
        read_out([f"{number}." for number in found], "The numbers are:")
        if found
        else say("I see no numbers on your screen.")
    )


def _where(ask: Ask, found: re.Match[str]) -> Reply | None:
    wanted, screen = content_words(found["what"]), _screen(ask)
    rows = lookup.find_rows(screen, wanted)
    if not rows and len(wanted) > 1:
        # "The save button" mostly reads "Save": what it is does not stand on it.
        wanted = wanted[:-1]
        rows = lookup.find_rows(screen, wanted)
    if not rows:
        return say(f"I can't find {found['what']} on your screen.")
    cell = lookup.best_cell(rows[0], wanted)
    more = f" It is in {len(rows) - 1} more lines." if len(rows) > 1 else ""
    return say(f'"{cell.text}" is {lookup.place_of(screen, cell)}.{more}')


def _find(ask: Ask, found: re.Match[str]) -> Reply | None:
    wanted = content_words(found["what"])
    if not wanted:
        return None
    sentences = lookup.find_sentences(_screen(ask), wanted)
    if not sentences:
        return say(f"I can't find anything about {found['what']} on your screen.")
    return read_out(sentences, "It says:")


def _value(ask: Ask, found: re.Match[str]) -> Reply | None:
    label, of = content_words(found["what"]), content_words(found["of"] or "")
    if not label:
        return None
    money = "how much" in ask.text or "price" in ask.text or "cost" in ask.text
    value = lookup.find_value(_screen(ask), label, of, money=money)
    return say(f"{value.label}: {value.value}.") if value else None


def _closest(ask: Ask) -> Reply:
    """Fall back on the line that has most to do with the question."""
    wanted = content_words(ask.text)
    if ask.screen is not None and wanted:
        label, _, of = ask.text.partition(" of " if " of " in ask.text else " for ")
        if value := lookup.find_value(ask.screen, content_words(label), content_words(of)):
            return say(f"{value.label}: {value.value}.")
        row = lookup.closest_row(ask.screen, wanted)
        if row is not None:
            return say(f"The closest I find is: {row.text}.")
        return say("I find no answer to that on your screen.", *ABILITIES[:1])
    if ask.screen is None:
        return say("I can only answer questions about your screen.", *HOW_TO_SHARE)
    return say("I did not understand that.", *ABILITIES)


def _seen(ask: Ask, _found: re.Match[str]) -> Reply:
    screen = _screen(ask)
    title = f" At its head stands: {screen.title.text}." if screen.title else ""
    return say(f"Yes, I see your screen, with {len(screen.rows)} lines of text.{title}")


def _screen(ask: Ask) -> Screen:
    assert ask.screen is not None  # noqa: S101 - such rules are only asked with a screen
    return ask.screen


def _rule(pattern: str, then: Callable[..., Reply | None], *, needs_screen: bool = True) -> _Rule:
    return _Rule(re.compile(pattern), then, needs_screen)


_POLITE = r"^(?:(?:ok|okay|please|oh|well|hey|and|so) )*"
_RULES = (
    _rule(
        _POLITE + r"(?:stop|quiet|be quiet|shut up|enough|that is enough|never ?mind|cancel|hush)"
        r"(?: (?:it|that|please|now|reading|talking|stop|quiet|enough))*$",
        _say("Okay."),
        needs_screen=False,
    ),
    _rule(
        _POLITE + r"(?:go on|continue|carry on|keep (?:going|reading)|read on|more|next)"
        r"(?: (?:please|reading))*$",
        _go_on,
        needs_screen=False,
    ),
    _rule(_POLITE + r"(?:yes|yeah|yep|sure|do)(?: please)?$", _yes, needs_screen=False),
    _rule(_POLITE + r"(?:no|nope)(?: thanks| thank you)?$", _no, needs_screen=False),
    _rule(
        r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| overshoulder)?$",
        _say("Hello.", "Ask me what stands on your screen."),
        needs_screen=False,
    ),
    _rule(
        r"^(?:thanks|thank you|cheers|great|perfect)\b.{0,20}$",
        _say("You're welcome."),
        needs_screen=False,
    ),
    _rule(r"^(?:good ?bye|bye)\b", _say("Goodbye."), needs_screen=False),
    _rule(
        r"\b(?:who|what) are you\b|\byour name\b|\bare you (?:a |an |really )?"
        r"(?:gemini|google|human|robot|ai|bot|real|local)\b",
        _say(
            INTRODUCTION,
            "I run on this machine without a key: I hear, read your screen and answer by rule.",
        ),
        needs_screen=False,
    ),
    _rule(
        r"\bwhat can (?:you|i) (?:do|ask|say)\b|^help\b|\bcan you help\b|\bhow do you work\b",
        _say(*ABILITIES),
        needs_screen=False,
    ),
    _rule(
        r"\b(?:repeat|say) (?:that|it)(?: again)?\b|^(?:pardon|repeat|again|come again)$"
        r"|^what did you say$",
        _repeat,
        needs_screen=False,
    ),
    _rule(
        r"\bwhat (?:did|was|have) (?P<who>i|you) (?:just |ever )?(?:say|said|ask|asked|saying)\b"
        r"(?P<first>.*\bfirst\b)?",
        _what_was_said,
        needs_screen=False,
    ),
    _rule(
        r"\b(?:errors?|warnings?|problems?|anything wrong|something wrong|exceptions?|went wrong"
        r"|go wrong|failed|fail)\b",
        lambda ask, found: None if "how many" in ask.text else _errors(ask, found),
    ),
    _rule(
        r"\bhow (?:many times|often) (?:does|do|did|is|are)?\s*(?:the )?(?:word )?(?P<what>.+?)"
        r"(?: appears?| occurs?| comes? up| mentioned| stand| there)" + _END + "$",
        _times,
    ),
    _rule(r"\bhow many (?P<what>.+?)(?: (?:are|is|does|do|can|have|did|were)\b.*)?$", _how_many),
    _rule(
        r"\b(?:which|what|any|all|list|read)(?: are)?(?: the)? numbers\b|\bthe numbers$", _numbers
    ),
    _rule(
        r"\bwhere (?:is|are|do i (?:find|see|click)|can i (?:find|see|click))"
        r" (?:the |my |a )?(?P<what>.+?)" + _END + "$",
        _where,
    ),
    _rule(r"\b(?:title|headline|heading)\b", reading.read_title),
    _rule(reading.PART_PATTERN, reading.read_part),
    _rule(
        r"\b(?:summari[sz]e|summary|gist|overview|in short|what is (?:this|it|that)(?: about)?$"
        r"|what (?:is|am) (?:all )?(?:this|i) (?:about|looking at)|describe)",
        reading.summarise,
    ),
    _rule(
        r"\b(?:say|says|said|read|reads|written|anything|something|mentions?|tell me)\b.*?"
        r"\b(?:about|regarding|concerning) (?:the |my |a )?(?P<what>.+?)" + _END + "$",
        _find,
    ),
    _rule(r"\b(?:can|do) you see (?:my|the|this) (?:screen|page|window)\b", _seen),
    _rule(
        r"\b(?:find|search(?: for)?|look for|do you see|can you see|is there|are there|show me"
        r"|does it (?:say|mention|contain|have)|mentions?)"
        r" (?:any |some |the |a |an |my )*(?P<what>.+?)" + _END + "$",
        _find,
    ),
    _rule(reading.WHOLE_PATTERN, reading.read_all),
    _rule(
        r"\b(?:what (?:is|are|was|were|does)|how much (?:is|are|was|were|do|does|did)?|how much"
        r"|tell me|give me|read(?: me)?|who is|when is|which)"
        r"\s*(?:the |my |our |a |an )*(?P<what>.+?)"
        r"(?: (?:of|for|in|per) (?:the |my |our )?(?P<of>.+?))?(?: costs?)?" + _END + "$",
        _value,
    ),
)
