"""The ledger: what was said against what the model has, what was answered against what came. Pure.

A conversation that had to go on in a fresh history (its handle was dead) is spread over several.
The newest begins at the message from which it was replayed, and what was said before must stand at
the beginning of an older one. What an older history holds beyond that point was said to a model
that is gone, and counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bench.chaos.record import Absence, Record, Sent
from shared.codec import StreamId

SILENT_AFTER_MS = 4_000.0
"""A client that was away longer may be spared old speech: the gateway's limit is 6 s since it last
saw the client, and it looks every 2 s."""

Token = tuple[str, str]


@dataclass(slots=True)
class Row:
    """One way of the ledger; the last four must be zero."""

    sent: int = 0
    reached: int = 0
    left_out: int = 0
    """On purpose: speech of an interrupted answer, or too old to be played."""
    missing: int = 0
    twice: int = 0
    disordered: int = 0

    def add(self, other: Row) -> None:
        """Add another session's figures."""
        self.sent += other.sent
        self.reached += other.reached
        self.left_out += other.left_out
        self.missing += other.missing
        self.twice += other.twice
        self.disordered += other.disordered

    @property
    def is_balanced(self) -> bool:
        """Tell whether everything is there once and in order."""
        return not (self.missing or self.twice or self.disordered)


@dataclass(frozen=True, slots=True)
class Story:
    """One history of local-live, reduced to what is judged."""

    is_live: bool
    tokens: list[Token]
    pictures: list[tuple[int, str]]
    """How many tokens were before it, and its digest."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One entry of `down`."""

    id: StreamId
    is_audio: bool
    turn: int
    time_ms: float
    cuts: bool
    """It says that its turn is interrupted."""


@dataclass(slots=True)
class Judgement:
    """One session's figures, and a line for each thing that is wrong."""

    uplink: Row = field(default_factory=Row)
    downlink: Row = field(default_factory=Row)
    hidden_shown: int = 0
    histories: int = 0
    details: list[str] = field(default_factory=list)


def stories_of(ledger: Iterable[Mapping[str, Any]]) -> list[Story]:
    """Return local-live's ledger as stories."""
    return [_story(entry) for entry in ledger]


def _story(entry: Mapping[str, Any]) -> Story:
    tokens: list[Token] = []
    pictures: list[tuple[int, str]] = []
    for item in entry["items"]:
        match item["kind"]:
            case "audio":
                tokens.append(("audio", item["digest"]))
            case "text":
                tokens.append(("text", item["text"]))
            case "video":
                pictures.append((len(tokens), item["digest"]))
    return Story(entry["session"] is not None, tokens, pictures)


def owned(stories: Iterable[Story], sent: Sequence[Sent]) -> list[Story]:
    """Return the stories of one client: by their first chunk, which no other client has sent."""
    marks = {("audio", one.mark) for one in sent if one.kind == "audio"}
    found = []
    for story in stories:
        first = next((token for token in story.tokens if token[0] == "audio"), None)
        if first in marks:
            found.append(story)
    return found


def judge_uplink(record: Record, stories: Sequence[Story], *, is_parked: bool) -> Judgement:
    """Compare what a client said with what the model has.

    A session has one Live connection at the end, or none if it is parked by then.
    """
    judgement = Judgement(histories=len(stories))
    said = [(one.kind, one.mark) for one in record.sent]
    live = [story for story in stories if story.is_live]
    if len(live) != (0 if is_parked else 1):
        of = "a parked session" if is_parked else "a session"
        judgement.details.append(f"{len(live)} live histories of {of}")
    last = live[0] if live else _reaching(said, stories, len(said))
    reached = _stitched(said, last, stories)
    judgement.uplink = _compare(said, reached)
    if not judgement.uplink.is_balanced:
        judgement.details.append(_first_difference(said, reached))
    judgement.hidden_shown = sum(_hidden_shown(record, said, story) for story in stories)
    return judgement


def _stitched(said: list[Token], last: Story | None, stories: Sequence[Story]) -> list[Token]:
    """Return the sequence over all histories, each cut where the next was replayed from."""
    reached: list[Token] = []
    story = last
    end = len(said)
    while story is not None:
        start = _start(said, story.tokens)
        part = story.tokens if not reached else story.tokens[: max(0, end - start)]
        reached = part + reached
        end = start
        story = _reaching(said, stories, end) if end > 0 else None
    return reached


def _start(said: list[Token], tokens: list[Token]) -> int:
    """Return which message a history begins with."""
    for at, token in enumerate(tokens):
        if token[0] == "audio" and token in said:
            return max(0, said.index(token) - at)
    return 0


def _reaching(said: list[Token], stories: Sequence[Story], end: int) -> Story | None:
    """Return the history that holds what was said before message ``end``, from furthest back."""
    candidates = []
    for story in stories:
        start = _start(said, story.tokens)
        if start < end:
            is_exact = story.tokens[: end - start] == said[start:end]
            candidates.append((is_exact, -start, len(story.tokens), story))
    if not candidates:
        return None
    return max(candidates, key=lambda one: one[:3])[3]


def _compare(said: Sequence[Any], reached: Sequence[Any]) -> Row:
    wanted, got = Counter(said), Counter(reached)
    missing, twice = wanted - got, got - wanted
    row = Row(
        sent=len(said),
        reached=(wanted & got).total(),
        missing=missing.total(),
        twice=twice.total(),
    )
    # Of what is there: how many stand before something that was said earlier.
    order = {token: at for at, token in enumerate(said)}
    places = [order[token] for token in reached if wanted[token] == 1 and token in order]
    row.disordered = sum(1 for a, b in pairwise(places) if b < a)
    if row.is_balanced and list(said) != list(reached):
        row.disordered = 1  # a question that was asked twice stands in the wrong place
    return row


def _first_difference(said: list[Token], reached: list[Token]) -> str:
    pairs = enumerate(zip(said, reached, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(said), len(reached)))
    numbers = {token: n for n, token in enumerate(said)}
    around = [numbers.get(token, -1) for token in reached[max(0, at - 2) : at + 5]]
    return f"differs from message {at} of {len(said)} on; the model has … {around} …"


def _hidden_shown(record: Record, said: list[Token], story: Story) -> int:
    """Count pictures that reached the model after what was said once sharing had stopped.

    One of somebody else's counts too.
    """
    start = _start(said, story.tokens)
    shown = 0
    for tokens_before, digest in story.pictures:
        number = record.pictures.get(digest)
        stops = [one.sent_before for one in record.hidden if number and number <= one.picture]
        # The stop itself is not in the history: the first message after it must have been sent.
        if number is None or (stops and start + tokens_before > min(stops)):
            shown += 1
    return shown


def judge_downlink(record: Record, published: Sequence[Reply], judgement: Judgement) -> None:
    """Compare what the workers published with what the client received, into ``judgement``.

    What the client has may be gone from `down` before we have looked.
    """
    wanted = sorted({*(one.id for one in published), *record.received})
    row = _compare(wanted, record.received)
    got = set(record.received)
    cuts = [one for one in published if one.cuts]
    absent = [one for one in published if one.id not in got]
    lost = [one for one in absent if not _may_be_left_out(one, cuts, record.absences)]
    row.left_out = len(absent) - len(lost)
    row.missing = len(lost)
    judgement.downlink = row
    if not row.is_balanced:
        judgement.details.append(f"replies: {row}; lost {[str(one.id) for one in lost][:5]}")


def _may_be_left_out(one: Reply, cuts: Sequence[Reply], absences: Sequence[Absence]) -> bool:
    if not one.is_audio:
        return False
    return any(cut.turn >= one.turn and cut.id > one.id for cut in cuts) or any(
        absence.last < one.id
        and one.time_ms <= absence.back_ms
        and absence.back_ms - absence.left_ms >= SILENT_AFTER_MS
        for absence in absences
    )
