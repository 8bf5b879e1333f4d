"""A snapshot as tables for a terminal, or as JSON for scripts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import orjson
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from web.monitor_snapshot import GatewayRow, SessionRow, Snapshot, WorkerRow

R = TypeVar("R")

LAGGING_MS = 2_000
"""The position is noted once a second, so half of this is nothing."""

UNSEEN_S = 5.0
MAX_WIDTH = 10_000
_STATES = {
    "live": "green",
    "queued": "yellow",
    "resuming": "yellow",
    "parked": "blue",
    "ended": "dim",
}


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column; those with the highest ``rank`` go first where the terminal is narrow."""

    title: str
    cell: Callable[[R], Text]
    rank: int = 0
    right: bool = False


def as_json(snapshot: Snapshot) -> bytes:
    """Return a snapshot as one line of JSON; docs/redis.md has the fields."""
    return orjson.dumps(asdict(snapshot))


def as_tables(snapshot: Snapshot, console: Console, note: str = "") -> RenderableType:
    """Return the tables that fit the console's width, under one line that sums up."""
    parts: list[RenderableType] = [_headline(snapshot, note)]
    if snapshot.sessions:
        parts += (Text(), _fitting(_SESSION_COLUMNS, snapshot.sessions, console))
    if snapshot.workers:
        parts += (Text(), _fitting(_WORKER_COLUMNS, snapshot.workers, console))
    if snapshot.gateways:
        parts += (Text(), _fitting(_GATEWAY_COLUMNS, snapshot.gateways, console))
    return Group(*parts)


def duration(seconds: float) -> str:
    """Return a time as a person says it: ``4.2 s``, ``3 m 05 s``, ``2 h 10 m``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest_s = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest_s:02} s"
    return f"{minutes // 60} h {minutes % 60:02} m"


def count(number: int) -> str:
    """Return a number in groups of three digits: ``12 345``."""
    return f"{number:,}".replace(",", "\u202f")


def _headline(snapshot: Snapshot, note: str) -> Text:
    at = datetime.fromtimestamp(snapshot.time_ms / 1000, UTC).astimezone()
    alive = sum(worker.alive for worker in snapshot.workers)
    figures = {
        "sessions": len(snapshot.sessions),
        "waiting": snapshot.queue,
        "workers": alive,
        "gateways": sum(gateway.alive for gateway in snapshot.gateways),
    }
    said = " · ".join(f"{name} {count(number)}" for name, number in figures.items())
    line = Text(f"Overshoulder {at:%H:%M:%S} · {said}")
    if note:
        line.append(f"  {note}", "bold red")
    elif snapshot.queue and not alive:
        line.append("  No worker is alive.", "bold red")
    return line


def _fitting(columns: Sequence[Column[R]], rows: Sequence[R], console: Console) -> Table:
    """Return a table without its least important columns, as many as the width asks for."""
    shown = list(columns)
    unlimited = console.options.update(max_width=MAX_WIDTH)
    while True:
        table = _table(shown, rows)
        needed = Measurement.get(console, unlimited, table).maximum
        least = max(shown, key=lambda column: column.rank)
        if needed <= console.width or least.rank == 0:
            return table
        shown.remove(least)


def _table(columns: Sequence[Column[R]], rows: Sequence[R]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(column.cell(row) for column in columns))
    return table


def _plain(text: str | None) -> Text:
    """Return text from Redis as it is: no markup, and nothing that moves the cursor."""
    return Text("".join(c if c.isprintable() else "·" for c in text or "-"))


def _short(process_id: str | None) -> Text:
    """Return the end of a process id, host and all, that still tells processes apart."""
    return _plain("-".join(process_id.rsplit("-", 2)[-2:]) if process_id else None)


def _marked(text: str, style: str, *, when: bool) -> Text:
    return Text(text, style if when else "")


def _beat(row: WorkerRow | GatewayRow) -> Text:
    text = f"{duration(row.seen_s)} ago" if row.alive else f"silent for {duration(row.seen_s)}"
    return _marked(text, "red", when=not row.alive)


_SESSION_COLUMNS: tuple[Column[SessionRow], ...] = (
    Column("SESSION", lambda row: _plain(row.id)),
    Column("USER", lambda row: _plain(row.user), 6),
    Column("STATE", lambda row: Text(row.state, _STATES.get(row.state, ""))),
    Column("AGE", lambda row: Text(duration(row.age_s)), 2, right=True),
    Column("MODEL", lambda row: _plain(row.model), 8),
    Column("WORKER", lambda row: _short(row.worker), 3),
    Column("GATEWAY", lambda row: _short(row.gateway), 7),
    Column("DOOR", lambda row: _plain(row.door), 11),
    Column("CHUNKS", lambda row: Text(count(row.chunks)), 5, right=True),
    Column("FRAMES", lambda row: Text(count(row.frames)), 5, right=True),
    Column("TOKENS", lambda row: Text(count(row.tokens_total)), 4, right=True),
    Column(
        "LAG",
        lambda row: _marked(
            f"{row.lag_entries} = {count(row.lag_ms)} ms", "red", when=row.lag_ms > LAGGING_MS
        ),
        1,
        right=True,
    ),
    Column(
        "SEEN",
        lambda row: _marked(f"{duration(row.seen_s)} ago", "yellow", when=row.seen_s > UNSEEN_S),
        2,
        right=True,
    ),
    Column("TAKEOVERS", lambda row: Text(str(row.takeovers)), 9, right=True),
    Column(
        "CRASHES",
        lambda row: _marked(str(row.crashes), "red", when=row.crashes > 0),
        10,
        right=True,
    ),
)
_WORKER_COLUMNS: tuple[Column[WorkerRow], ...] = (
    Column("WORKER", lambda row: _plain(row.id)),
    Column("SESSIONS", lambda row: Text(f"{row.sessions}/{row.capacity}"), right=True),
    Column("MODEL", lambda row: _plain(row.model), 2),
    Column(
        "DRAINING",
        lambda row: _marked("yes", "yellow", when=True) if row.draining else Text("no"),
        1,
    ),
    Column("LAST BEAT", _beat),
)
_GATEWAY_COLUMNS: tuple[Column[GatewayRow], ...] = (
    Column("GATEWAY", lambda row: _plain(row.id)),
    Column("CONNECTIONS", lambda row: Text(f"{row.connections}/{row.max_connections}"), right=True),
    Column(
        "DRAINING",
        lambda row: _marked("yes", "yellow", when=True) if row.draining else Text("no"),
        1,
    ),
    Column("LAST BEAT", _beat),
)
