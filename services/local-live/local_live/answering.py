"""Answers questions about what stands on a screen, by rule and without a model. Pure.

Each rule is a pattern over the normalised question and a function; the first that has something to
say is the answer. Rules further down are less particular.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from local_live import closer, finding, logs, reading, smalltalk
from local_live.asking import GO_ON, Answer, Ask, Reply, not_found, rule, say, screen_of
from local_live.history import Memory, Turn
from local_live.layout import Screen, ended, sentences_of
from local_live.querying import FOLLOW_UP, begins_again
from local_live.sentences import best_sentence, kind_of
from local_live.smalltalk import ABILITIES, INTRODUCTION
from local_live.tabular import answer_from_tables
from local_live.words import content_words, normalise

__all__ = [
    "ABILITIES",
    "HOW_TO_SHARE",
    "INTRODUCTION",
    "NOTHING_READABLE",
    "answer",
    "needs_screen",
]

MAX_QUESTION_CHARS = 300
"""Nobody asks at greater length here, and the patterns are not made for more."""
HOW_TO_SHARE = (
    "I can't see a screen yet.",
    "Share one with the share button, then ask me again.",
)
NOTHING_READABLE = "I can see your screen, but I find no text on it that I can read."
_BRIEF = re.compile(r"\b(one sentence|brief|briefly|short|concise|few words)\b", re.IGNORECASE)
_END = r"(?: (?:here|now|please|there|again|on (?:the|my|this) (?:screen|page|window)))*"
_ONLY_KIND = re.compile(r"(?:who|when|where|why|how (?:long|much|many))(?: exactly)?")


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
    left = Memory(remaining, last_answer=reply.sentences)
    return Answer(reply.sentences, left, reply.mark, reply.is_found)


def needs_screen(question: str) -> bool:
    """Tell whether the answer has to wait for the screen to be read."""
    text = normalise(question[:MAX_QUESTION_CHARS])
    return next((rule.needs_screen for rule in _RULES if rule.pattern.search(text)), True)


def _first_answer(ask: Ask) -> Reply:
    for one in _RULES:
        found = one.pattern.search(ask.text)
        if not found:
            continue
        if one.needs_screen and ask.screen is None:
            return say(*HOW_TO_SHARE)
        if one.needs_screen and ask.screen is not None and not ask.screen.rows:
            return not_found(NOTHING_READABLE)
        if reply := one.answer(ask, found):
            return _shortened(reply) if ask.brief else reply
    return _closest(ask)


def _shortened(reply: Reply) -> Reply:
    """Keep the first sentence, and the offer to go on; the rest can be asked for.

    A bare "Yes." is not kept alone: what it rests on is said with it.
    """
    n_kept = 2 if reply.sentences[0] in {"Yes.", "No."} else 1
    kept, cut = reply.sentences[:n_kept], reply.sentences[n_kept:]
    rest = tuple(one for one in cut if one != GO_ON) + (reply.remaining or ())
    return replace(reply, sentences=kept, remaining=rest or reply.remaining)


def _taken_up(ask: Ask, _found: re.Match[str]) -> Reply | None:
    """Answer "and when?", "what about the review?" as the question before would have been."""
    rest = FOLLOW_UP.match(ask.text)
    if not begins_again(ask.text) or rest is None:
        return None
    asked = [normalise(turn.text) for turn in ask.turns if turn.role == "user"]
    before = next((text for text in reversed(asked) if not begins_again(text)), "")
    text = rest["rest"]
    if _ONLY_KIND.fullmatch(text):
        text = f"{text} {' '.join(content_words(before))}".strip()
    elif not kind_of(text) and kind_of(before) not in {"", "how many"}:
        text = f"{kind_of(before)} {text}"
    return _first_answer(replace(ask, text=text)) if text != ask.text else None


def _closest(ask: Ask) -> Reply:
    """Fall back on the value, or the sentence, that has most to do with the question."""
    wanted = content_words(ask.text)
    if not wanted:
        return say("I did not understand that.", *ABILITIES)
    label, _, of = ask.text.partition(" of " if " of " in ask.text else " for ")
    if reply := finding.tell_value(ask, content_words(label) or wanted, content_words(of)):
        return reply
    match = best_sentence(sentences_of(screen_of(ask).rows), ask.text)
    if match is None:
        return not_found("I find no answer to that on your screen.", *ABILITIES[:1])
    if match.is_certain:
        return say(match.text)
    return not_found(ended(f"The closest I find is: {match.text}"))


_RULES = (
    *smalltalk.RULES,
    rule(
        r"\bhow (?:many times|often) (?:does|do|did|is|are)?\s*(?:the )?(?:word )?(?P<what>.+?)"
        r"(?: appears?| occurs?| comes? up| mentioned| stand| there)" + _END + "$",
        finding.times,
    ),
    rule(closer.LOOK_PATTERN, closer.read_region),
    rule(
        r"\b(?:point (?:me )?(?:at|to|out)|highlight|mark|show me where)"
        r" (?:the |my |a |an )?(?P<what>.+?)(?: is)?" + _END + "$",
        finding.where,
    ),
    rule(r"\bline (?:number )?(?P<line>\w+)\b", logs.read_numbered),
    rule(reading.PART_PATTERN, reading.read_part),
    rule(
        r"^(?!.*\b(?:says?|said|written|mentions?|anything|something|find|search for|look for"
        r"|there is)\b)",
        answer_from_tables,
    ),
    rule(r"^", _taken_up),
    rule(
        r"\b(?:errors?|warnings?|problems?|anything wrong|something wrong|exceptions?|went wrong"
        r"|go wrong|failed|fail)\b",
        logs.tell_errors,
    ),
    rule(
        r"\bhow many (?P<what>.+?)(?: (?:are|is|does|do|can|have|did|were)\b.*)?$",
        finding.how_many,
    ),
    rule(
        r"\b(?:which|what|any|all|list|read)(?: are)?(?: the)? numbers\b|\bthe numbers$",
        finding.numbers,
    ),
    rule(
        r"\bwhere (?:is|are|do i (?:find|see|click)|can i (?:find|see|click))"
        r" (?:the |my |a )?(?P<what>.+?)" + _END + "$",
        finding.where,
    ),
    rule(
        r"^(?:please )?(?:can you |could you )?show me (?:the |my |a |an )?(?P<what>.+?)"
        + _END
        + "$",
        finding.show,
    ),
    rule(r"\b(?:title|headline|heading)\b", reading.read_title),
    rule(
        r"\b(?:summari[sz]e|summary|gist|overview|in short|what is (?:this|it|that)(?: about)?$"
        r"|what (?:is|am) (?:all )?(?:this|i) (?:about|looking at)|describe)",
        reading.summarise,
    ),
    rule(
        r"\b(?:say|says|said|read|reads|written|anything|something|mentions?|tell me)\b.*?"
        r"\b(?:about|regarding|concerning) (?:the |my |a )?(?P<what>.+?)" + _END + "$",
        finding.find,
    ),
    rule(r"\b(?:can|do) you see (?:my|the|this) (?:screen|page|window)\b", finding.seen),
    rule(
        r"\b(?:find|search(?: for)?|look for|do you see|can you see|is there|are there|show me"
        r"|does it (?:say|mention|contain|have)|mentions?)"
        r" (?:any |some |the |a |an |my )*(?P<what>.+?)" + _END + "$",
        finding.find,
    ),
    rule(reading.WHOLE_PATTERN, reading.read_all),
    rule(
        r"^(?:please )?(?:read|go through)(?: me)?(?: out)? (?:the |this |my )?(?P<what>.+?)"
        r"(?: (?:section|part|paragraph|aloud|out|to me))*" + _END + "$",
        reading.read_section,
    ),
    rule(
        r"^what (?:does the (?P<what>.+) say|is the (?P<about>.+) about)" + _END + "$",
        reading.read_section,
    ),
    rule(
        r"^(?:is|are|was|were|did|does|do|has|have) (?:the |my |our )?(?P<what>.+?)" + _END + "$",
        finding.yes_or_no,
    ),
    rule(
        r"\b(?:what (?:is|are|was|were|does)|how much (?:is|are|was|were|do|does|did)?|how much"
        r"|tell me|give me|read(?: me)?|who is|when is|which)"
        r"\s*(?:the |my |our |a |an )*(?P<what>.+?)"
        r"(?: (?:of|for|in|per) (?:the |my |our )?(?P<of>.+?))?(?: costs?)?" + _END + "$",
        finding.value,
    ),
)
