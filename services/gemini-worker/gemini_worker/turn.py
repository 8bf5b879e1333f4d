"""Listening, answering, interrupted: what the model says becomes messages for the client. Pure.

A turn is one exchange: what the user says, then the answer. Its number runs on over the whole
session, so a client can tell late speech of an interrupted turn from that of the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gemini_worker.events import (
    AssistantWords,
    Audio,
    Grounding,
    Interrupted,
    LiveEvent,
    Tokens,
    TurnComplete,
    UserWords,
)
from gemini_worker.heard import SpokenTurn
from shared import bus_messages as say
from shared.bus_messages import DownlinkMessage, HistoryTurn, Role, Source


@dataclass(frozen=True, slots=True)
class Speech:
    """The assistant's speech in a turn: mono PCM16 at 24 000 Hz."""

    turn: int
    pcm16: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the client, and the side of a finished turn to remember with it."""

    message: DownlinkMessage
    turn: int
    remember: HistoryTurn | None = None


Output = Speech | Said


class Question(NamedTuple):
    """A typed question, and the client's number of it."""

    seq: int
    text: str


NO_TOKENS = Tokens(0, 0, 0)


class TurnTracker:
    """Where the conversation stands."""

    def __init__(self, last_turn: int = 0, tokens: Tokens = NO_TOKENS) -> None:
        """Start after ``last_turn``, the newest in which any worker has said something.

        ``tokens`` were counted before.
        """
        self._turn = last_turn + 1
        self._answering = False
        self._cut = False
        self._awaiting = False
        self._words: dict[Role, str] = {"user": "", "assistant": ""}
        self._asked_meanwhile: list[Question] = []
        """Typed while an answer is under way: belongs to the turn after it."""
        self._spoken = SpokenTurn(self._turn)
        self._past: SpokenTurn | None = None
        """The answer before the one that is on, or comes next, if it was given or interrupted."""
        self._past_words: str | None = None
        """What is told of the words in `_past` that were heard; None while it was not cut off."""
        self._cited: set[str] = set()
        """Addresses told for this turn."""
        self.picture: int | None = None
        """Number of the newest overview that the model has been sent."""
        self.tokens = tokens
        """Counted over the whole session."""

    @property
    def turn(self) -> int:
        """Number of the turn that is on, or comes next."""
        return self._turn

    @property
    def is_answering(self) -> bool:
        """Tell whether an answer has begun and is not complete."""
        return self._answering

    @property
    def is_quiet(self) -> bool:
        """Tell whether this is a good moment to change connections."""
        return not self._answering and not self._awaiting

    def asked(self, question: Question) -> list[Output]:
        """The user typed a question: told as soon as it is part of the turn that is on."""
        if self._answering:
            self._asked_meanwhile.append(question)
            return []
        return [self._take_up(question)]

    def on(self, event: LiveEvent, now_ms: float) -> list[Output]:
        """Return what an event means for the client; ``now_ms`` is the time since 1970."""
        match event:
            case Audio() | AssistantWords():
                return [] if self._cut else self._answer(event)
            case UserWords():
                begun = self._next_turn() if self._cut else []
                # Words that come while the answer is under way are what it answers, written late.
                self._awaiting = self._awaiting or not self._answering
                return [*begun, self._hear("user", event.text)]
            case Interrupted():
                return self._interrupt(now_ms)
            case TurnComplete(is_filler=False):
                return self._complete(now_ms)
            case Tokens() | Grounding():
                return self._annotate(event)
        return []

    def stop(self, turn: int, now_ms: float) -> list[Output]:
        """The user wants this turn to stop; nothing more is said of it.

        One that is complete may still be playing: of that, too, only what was heard counts.
        """
        if turn == self._turn:
            self._awaiting = False
            return self._interrupt(now_ms)
        past = self._past
        if past is None or past.turn != turn or self._past_words is not None:
            return []
        self._past_words = past.text
        return [Said(say.Interrupted(turn=turn), turn)]

    def played(self, turn: int, played_ms: float, now_ms: float) -> list[Output]:
        """The user has heard so much of a turn: if it was cut off, tell what that was."""
        past = self._past
        if past is None or past.turn != turn or self._past_words is None:
            return []
        text = past.heard(played_ms).strip()
        if text == self._past_words.strip():
            return []
        self._past_words = text
        side = HistoryTurn(role="assistant", text=text, turn=turn, time_ms=now_ms)
        return [Said(say.Heard(turn=turn, text=text), turn, side)]

    def abandon(self, now_ms: float) -> list[Output]:
        """The connection broke: an answer that was under way is dropped, to be given anew."""
        dropped = self._interrupt(now_ms, remember=False)
        if dropped:
            self._past = None  # given anew: how much of it was heard is nobody's business
        self._asked_meanwhile = []
        if self._cut:
            # Of this turn, interrupted just now or before, the new connection knows nothing.
            self._next_turn()
        self._awaiting = False
        self._words = {"user": "", "assistant": ""}
        return dropped

    def _answer(self, event: Audio | AssistantWords) -> list[Output]:
        output: list[Output] = []
        if not self._answering:
            self._answering, self._awaiting = True, False
            start = say.TurnStart(turn=self._turn, picture=self.picture)
            output.append(Said(start, self._turn))
        if isinstance(event, Audio):
            self._spoken.add_speech(event.pcm16)
            output.append(Speech(self._turn, event.pcm16))
        else:
            self._spoken.add_words(event.text)
            output.append(self._hear("assistant", event.text))
        return output

    def _hear(self, role: Role, text: str) -> Said:
        self._words[role] += text
        return Said(say.Transcript(turn=self._turn, role=role, text=text), self._turn)

    def _interrupt(self, now_ms: float, *, remember: bool = True) -> list[Output]:
        if not self._answering:
            return []
        output: list[Output] = [Said(say.Interrupted(turn=self._turn), self._turn)]
        output += self._finish_words(now_ms, remember=remember)
        self._answering, self._cut = False, True
        self._past, self._past_words = self._spoken, self._spoken.text
        return output

    def _complete(self, now_ms: float) -> list[Output]:
        if self._cut:
            # The end of an interrupted turn; the user's next words may have begun the next one.
            return self._next_turn()
        if not self._answering:
            self._awaiting = False
            return []
        output = self._finish_words(now_ms)
        output.append(Said(say.TurnEnd(turn=self._turn), self._turn))
        self._past, self._past_words = self._spoken, None
        return output + self._next_turn()

    def _finish_words(self, now_ms: float, *, remember: bool = True) -> list[Output]:
        output: list[Output] = []
        roles: tuple[Role, Role] = ("user", "assistant")
        for role in roles:
            text = self._words[role].strip()
            turn = HistoryTurn(role=role, text=text, turn=self._turn, time_ms=now_ms)
            final = say.Transcript(turn=self._turn, role=role, text="", final=True)
            output.append(Said(final, self._turn, turn if text and remember else None))
            self._words[role] = ""
        return output

    def _next_turn(self) -> list[Output]:
        """Begin the next turn, with what was typed during the one before."""
        self._turn += 1
        self._answering = self._cut = False
        self._spoken, self._cited = SpokenTurn(self._turn), set()
        questions, self._asked_meanwhile = self._asked_meanwhile, []
        return [self._take_up(question) for question in questions]

    def _take_up(self, question: Question) -> Said:
        self._awaiting = True
        self._words["user"] = f"{self._words['user']} {question.text}".strip()
        return Said(say.Asked(turn=self._turn, seq=question.seq, text=question.text), self._turn)

    def _annotate(self, event: Tokens | Grounding) -> list[Output]:
        """Return what is told about a turn besides its words."""
        if isinstance(event, Tokens):
            return [self._count(event)]
        return [] if self._cut else self._cite(event.sources)

    def _cite(self, sources: Iterable[Source]) -> list[Output]:
        """Return the pages that were not told of in this turn."""
        new = {one.url: one for one in sources if one.url not in self._cited}
        self._cited.update(new)
        if not new:
            return []
        return [Said(say.Citations(turn=self._turn, sources=tuple(new.values())), self._turn)]

    def _count(self, tokens: Tokens) -> Said:
        self.tokens = Tokens(
            self.tokens.prompt + tokens.prompt,
            self.tokens.response + tokens.response,
            self.tokens.total + tokens.total,
        )
        usage = say.Usage(
            turn=self._turn,
            prompt_tokens=tokens.prompt,
            response_tokens=tokens.response,
            total_tokens=tokens.total,
            details=tokens.details,
        )
        return Said(usage, self._turn)
