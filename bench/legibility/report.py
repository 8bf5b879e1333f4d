"""What was measured, as tables, and whether it is what is promised. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table

from bench.legibility.reading import Score

PICTURE_TOKENS = 258
"""What one picture costs at the resolution that both ways ask for; images of the Live API."""
TUTORIAL_EVERY_S = 3.0
"""The tutorial's page sends its picture with each audio message, and one of these every 3 s."""
HOUR_S = 3_600.0
LEAST_CHARACTERS = {"code": 0.96}
LEAST_CHARACTERS_ELSEWHERE = 0.99
LEAST_NUMBERS = 0.95
LEAST_SAVED = 0.95
MOST_FRESH_MS = 200.0


@dataclass(frozen=True, slots=True)
class Row:
    """One way of delivering one page."""

    page: str
    way: str
    score: Score
    jpeg_bytes: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What an hour of reading cost."""

    scrolls: int
    questions: int
    overviews: int
    close_ups: int
    sent_bytes: int

    @property
    def tokens(self) -> int:
        """What the model was charged for pictures."""
        return (self.overviews + self.close_ups) * PICTURE_TOKENS

    @property
    def tutorial_tokens(self) -> int:
        """What it would have been by the tutorial's schedule."""
        return round(HOUR_S / TUTORIAL_EVERY_S) * PICTURE_TOKENS

    @property
    def saved(self) -> float:
        """Share of the tutorial's tokens that was not spent."""
        return 1 - self.tokens / self.tutorial_tokens


@dataclass(frozen=True, slots=True)
class Fresh:
    """From a change on the screen to its bytes at the endpoint, less the time to settle."""

    overview_ms: Sequence[float]
    close_up_ms: Sequence[float]


def is_good_enough(rows: Sequence[Row], hour: Hour | None, fresh: Fresh | None) -> bool:
    """Return whether the promises of docs/legibility.md hold."""
    is_legible = all(
        row.score.characters >= LEAST_CHARACTERS.get(row.page, LEAST_CHARACTERS_ELSEWHERE)
        and row.score.numbers >= LEAST_NUMBERS
        for row in rows
        if row.way == "close-up"
    )
    is_thrifty = hour is None or hour.saved >= LEAST_SAVED
    is_fresh = fresh is None or statistics.median(fresh.overview_ms) <= MOST_FRESH_MS
    return is_legible and is_thrifty and is_fresh


def as_tables(rows: Sequence[Row], hour: Hour | None, fresh: Fresh | None) -> Group:
    """Return all figures, to be printed."""
    tables = [_legibility(rows)]
    if hour:
        tables.append(_hour(hour))
    if fresh:
        tables.append(_freshness(fresh))
    return Group(*tables)


def _legibility(rows: Sequence[Row]) -> Table:
    table = Table("page", "delivered as", title="Read of the region in question")
    for name in ("characters %", "words %", "numbers %", "kB"):
        table.add_column(name, justify="right")
    for row in rows:
        shares = (row.score.characters, row.score.words, row.score.numbers)
        table.add_row(
            row.page,
            row.way,
            *(f"{100 * share:.1f}" for share in shares),
            f"{row.jpeg_bytes / 1e3:.0f}",
        )
    return table


def _hour(hour: Hour) -> Table:
    table = Table("", "ours", "tutorial", title="An hour of reading a paper")
    pictures = hour.overviews + hour.close_ups
    table.add_row("pictures", str(pictures), str(round(HOUR_S / TUTORIAL_EVERY_S)))
    table.add_row("image tokens", f"{hour.tokens:,}", f"{hour.tutorial_tokens:,}")
    table.add_row("fewer", f"{100 * hour.saved:.1f} %", "")
    table.add_row("sent", f"{hour.sent_bytes / 1e6:.1f} MB", "")
    table.caption = f"{hour.scrolls} scrolls and clicks, {hour.questions} questions"
    return table


def _freshness(fresh: Fresh) -> Table:
    table = Table(
        "", "p50 ms", "most ms", title="From a change to its bytes, beyond the settle time"
    )
    for name, values in (("overview", fresh.overview_ms), ("close-up", fresh.close_up_ms)):
        table.add_row(name, f"{statistics.median(values):.0f}", f"{max(values):.0f}")
    return table
