"""A conversation as the model would know it, and the handles that name moments of it. Pure.

A handle is a snapshot: resuming it restores exactly what was known when the handle was made, and
nothing that the client sent afterwards is in it.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from local_live.errors import POLICY, SESSION_NOT_FOUND, Refused
from local_live.pictures import Picture, Resolution
from local_live.replies import Usage
from local_live.vad import SpeechGate

AUDIO_TOKENS_PER_S = 25
CHARS_PER_TOKEN = 4
MAX_PICTURES = 6
"""Pictures that are kept: an overview and its close-ups."""
MAX_TURNS = 400
"""Older turns are forgotten, as a sliding window would."""

LedgerItem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that one side said."""

    role: Literal["user", "model"]
    text: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What one answer leaves for the next."""

    remaining: tuple[str, ...] = ()
    """Sentences that are still to be read out."""
    last_answer: tuple[str, ...] = ()


@dataclass(slots=True)
class Ledger:
    """What came from the client, in order: the newest ``limit`` items, and how many were before."""

    limit: int
    items: list[LedgerItem] = field(default_factory=list)
    dropped: int = 0

    def append(self, item: LedgerItem) -> None:
        """Note one message of the client's."""
        if self.limit == 0:
            return
        self.items.append(item)
        # In large steps: moving the whole list for each message would cost more than the message.
        if len(self.items) > self.limit + self.limit // 4:
            excess = len(self.items) - self.limit
            del self.items[:excess]
            self.dropped += excess

    def length(self) -> int:
        """Return how many messages there have been in all."""
        return self.dropped + len(self.items)

    def copy_until(self, length: int) -> Ledger:
        """Return a ledger of the first ``length`` messages."""
        kept = self.items[: max(0, length - self.dropped)]
        return Ledger(self.limit, kept, min(self.dropped, length))


@dataclass(slots=True)
class Intake:
    """How much the model has taken in; what tokens are counted from."""

    text_chars: int = 0
    audio_ms: float = 0.0
    picture_tokens: int = 0

    def usage(self, response_ms: float) -> Usage:
        """Return the tokens of one turn that spoke for ``response_ms``."""
        return Usage(
            prompt_text=self.text_chars // CHARS_PER_TOKEN,
            prompt_audio=round(self.audio_ms * AUDIO_TOKENS_PER_S / 1000),
            prompt_video=self.picture_tokens,
            response_audio=round(response_ms * AUDIO_TOKENS_PER_S / 1000),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of a conversation."""

    history_id: str
    model: str
    turns: tuple[Turn, ...]
    pictures: tuple[Picture, ...]
    memory: Memory | None
    intake: Intake
    ledger: Ledger
    ledger_length: int
    gate: SpeechGate
    made_at_s: float


@dataclass(slots=True)
class History:
    """One conversation, from a fresh start or from a snapshot on."""

    model: str
    ledger: Ledger
    history_id: str = field(default_factory=lambda: secrets.token_hex(6))
    parent: str | None = None
    turns: list[Turn] = field(default_factory=list)
    pictures: tuple[Picture, ...] = ()
    """The newest of them, oldest first."""
    memory: Memory | None = None
    """What the assistant keeps in mind; the script keeps nothing."""
    intake: Intake = field(default_factory=Intake)

    @classmethod
    def resumed(cls, snapshot: Snapshot) -> History:
        """Return a conversation that goes on where ``snapshot`` was taken."""
        return cls(
            model=snapshot.model,
            ledger=snapshot.ledger.copy_until(snapshot.ledger_length),
            parent=snapshot.history_id,
            turns=list(snapshot.turns),
            pictures=snapshot.pictures,
            memory=snapshot.memory,
            intake=_copy_intake(snapshot.intake),
        )

    def say(self, role: Literal["user", "model"], text: str) -> None:
        """Add a turn; nothing said is no turn."""
        if text:
            self.turns.append(Turn(role, text))
            self.intake.text_chars += len(text)
            del self.turns[:-MAX_TURNS]

    @property
    def picture(self) -> Picture | None:
        """The newest picture."""
        return self.pictures[-1] if self.pictures else None

    def see(self, picture: Picture, resolution: Resolution = "medium") -> None:
        """Take ``picture`` for what the screen, or a part of it, shows now."""
        self.pictures = (*self.pictures[1 - MAX_PICTURES :], picture)
        self.intake.picture_tokens += picture.tokens(resolution)

    def snapshot(self, gate: SpeechGate, now_s: float) -> Snapshot:
        """Return this moment; the conversation may go on without changing it."""
        return Snapshot(
            history_id=self.history_id,
            model=self.model,
            turns=tuple(self.turns),
            pictures=self.pictures,
            memory=self.memory,
            intake=_copy_intake(self.intake),
            ledger=self.ledger,
            ledger_length=self.ledger.length(),
            gate=gate.copy(),
            made_at_s=now_s,
        )


class HandleStore:
    """The newest handles, in this process's memory; each is good for ``ttl_s``."""

    def __init__(
        self,
        *,
        limit: int = 1_000,
        ttl_s: float = 7_200.0,
        max_picture_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._ttl_s, self._max_picture_bytes = limit, ttl_s, max_picture_bytes
        self._clock = clock
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._picture_bytes = 0

    def issue(self, history: History, gate: SpeechGate) -> str:
        """Return a new handle for ``history`` as it stands now."""
        handle = secrets.token_urlsafe(24)
        snapshot = history.snapshot(gate, self._clock())
        self._snapshots[handle] = snapshot
        self._picture_bytes += _size(snapshot)
        # Pictures shared by several handles count for each: the bound errs on the safe side.
        while len(self._snapshots) > self._limit or (
            self._picture_bytes > self._max_picture_bytes and len(self._snapshots) > 1
        ):
            self._picture_bytes -= _size(self._snapshots.popitem(last=False)[1])
        return handle

    def find(self, handle: str) -> Snapshot:
        """Return what ``handle`` stands for; it stays valid.

        Raises:
            Refused: With 1008 if there is no such handle, or none any more.
        """
        snapshot = self._snapshots.get(handle)
        if snapshot is None or self._clock() - snapshot.made_at_s > self._ttl_s:
            raise Refused(POLICY, SESSION_NOT_FOUND)
        return snapshot


def _size(snapshot: Snapshot) -> int:
    return sum(len(picture.data) for picture in snapshot.pictures)


def _copy_intake(intake: Intake) -> Intake:
    return Intake(intake.text_chars, intake.audio_ms, intake.picture_tokens)
