"""What one client does at each moment of a mixed conversation: drawn from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bench.chaos.media import CHUNK_S

UTTERANCE_S = 8.0
"""Mean time between two utterances; likewise below."""

QUESTION_S = 8.0
PICTURE_S = 2.0
SHARING_S = 20.0
NOT_SHARING_S = 3.0
BREAK_S = 25.0
UTTERANCE_CHUNKS = (10, 40)
BREAK_CHUNKS = (20, 150)
"""How long a client says nothing at all; workers park a session after a second of that."""

LONGEST_ANSWER_WORDS = 25
"""7.5 s of speech: long enough that many faults strike in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens within one chunk's time, in this order."""

    share: bool | None = None
    shows: bool = False
    question: str | None = None
    loud: bool = False
    is_break: bool = False
    """Nothing is said, not even that it is quiet."""


def moments(seed: int, client: int) -> Iterator[Moment]:
    """Yield a client's moments, one every 40 ms, for as long as anybody asks."""
    chance = random.Random(f"{seed}/{client}")
    loud_left, break_left, sharing, asked = 0, 0, True, 0
    yield Moment(share=True, shows=True)
    while True:
        if not loud_left and not break_left and _strikes(chance, BREAK_S):
            break_left = chance.randint(*BREAK_CHUNKS)
        if break_left:
            break_left -= 1
            yield Moment(is_break=True)
            continue
        share = None
        if _strikes(chance, SHARING_S if sharing else NOT_SHARING_S):
            share = sharing = not sharing
        question = None
        if _strikes(chance, QUESTION_S):
            asked += 1
            question = _question(chance, client, asked)
        if loud_left:
            loud_left -= 1
        elif _strikes(chance, UTTERANCE_S):
            loud_left = chance.randint(*UTTERANCE_CHUNKS)
        shows = sharing and _strikes(chance, PICTURE_S)
        yield Moment(share, shows, question, loud=loud_left > 0)


def _strikes(chance: random.Random, mean_s: float) -> bool:
    return chance.random() < CHUNK_S / mean_s


def _question(chance: random.Random, client: int, number: int) -> str:
    if chance.random() < 0.5:
        return f"say {chance.randint(3, LONGEST_ANSWER_WORDS)}"
    return f"Question {client}-{number}"
