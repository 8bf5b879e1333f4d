"""Answers what needs no screen: greetings, "go on", "say that again", earlier words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from local_live.asking import Ask, Reply, read_out, rule, say

INTRODUCTION = "I'm Overshoulder's local stand-in, not Gemini."
ABILITIES = (
    "I can read your screen out, find things on it, tell you values, totals and errors, and count.",
    'Try: "what does my screen say", "what is the total", or "where is the save button".',
)


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


_POLITE = r"^(?:(?:ok|okay|please|oh|well|hey|and|so) )*"
RULES = (
    rule(
        _POLITE + r"(?:stop|quiet|be quiet|shut up|enough|that is enough|never ?mind|cancel|hush)"
        r"(?: (?:it|that|please|now|reading|talking|stop|quiet|enough))*$",
        _say("Okay."),
        needs_screen=False,
    ),
    rule(
        _POLITE + r"(?:go on|continue|carry on|keep (?:going|reading)|read on|more|next)"
        r"(?: (?:please|reading))*$",
        _go_on,
        needs_screen=False,
    ),
    rule(_POLITE + r"(?:yes|yeah|yep|sure|do)(?: please)?$", _yes, needs_screen=False),
    rule(_POLITE + r"(?:no|nope)(?: thanks| thank you)?$", _no, needs_screen=False),
    rule(
        r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| overshoulder)?$",
        _say("Hello.", "Ask me what stands on your screen."),
        needs_screen=False,
    ),
    rule(
        r"^(?:thanks|thank you|cheers|great|perfect)\b.{0,20}$",
        _say("You're welcome."),
        needs_screen=False,
    ),
    rule(r"^(?:good ?bye|bye)\b", _say("Goodbye."), needs_screen=False),
    rule(
        r"\b(?:who|what) are you\b|\byour name\b|\bare you (?:a |an |really )?"
        r"(?:gemini|google|human|robot|ai|bot|real|local)\b",
        _say(
            INTRODUCTION,
            "I run on this machine without a key: I hear, read your screen and answer by rule.",
        ),
        needs_screen=False,
    ),
    rule(
        r"\bwhat can (?:you|i) (?:do|ask|say)\b|^help\b|\bcan you help\b|\bhow do you work\b",
        _say(*ABILITIES),
        needs_screen=False,
    ),
    rule(
        r"\b(?:repeat|say) (?:that|it)(?: again)?\b|^(?:pardon|repeat|again|come again)$"
        r"|^what did you say$",
        _repeat,
        needs_screen=False,
    ),
    rule(
        r"\bwhat (?:did|was|have) (?P<who>i|you) (?:just |ever )?(?:say|said|ask|asked|saying)\b"
        r"(?P<first>.*\bfirst\b)?",
        _what_was_said,
        needs_screen=False,
    ),
)
