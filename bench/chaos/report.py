"""The ledger as tables for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.chaos.client import Client
from bench.chaos.faults import Struck
from bench.chaos.plan import Kind
from bench.chaos.signs import NOTICED_S, Silence
from bench.chaos.watch import Seen

NO_FAULT = "none"
REACTION_S = 0.5
"""A silence may begin this long before its fault is noted: signs come in steps."""

LATER_S = {
    Kind.WORKER_TERM: 25.0,
    Kind.GATEWAY_TERM: 8.0,
    Kind.GO_AWAY: 15.0,
    Kind.WORKER_PAUSE: 10.0,
}
"""Faults that may silence a session only later: at a quiet moment, or when the time is up."""

AFTERMATH_S = 5.0
"""Faults so close before count as part of what a session had to bear at the time."""

_LENGTHS = ("model_s", "model_among_others_s", "gateway_s", "gateway_among_others_s")
_BAD = ("missing", "twice", "disordered")


def is_balanced(figures: dict[str, Any]) -> bool:
    """Tell whether every bad column is zero, nothing is left, and nobody saw a problem."""
    rows = (figures["said"], figures["replies"])
    return not (
        any(row[name] for row in rows for name in _BAD)
        or any(figures["leaks"].values())
        or figures["hidden_pictures_shown"]
        or figures["problems"]
    )


def silences(
    clients: Sequence[Client], seen: dict[int, Seen], struck: Sequence[Struck]
) -> dict[str, dict[str, float]]:
    """Return, for each kind of fault, how often it struck and the longest silences after it.

    ``model_s`` is the longest time in which a session's Live connection got nothing of a client
    that went on talking, ``gateway_s`` the longest in which nothing was acknowledged to one;
    ``…_among_others_s`` the same where other faults struck the session in the same moments.
    """
    rows: dict[str, dict[str, float]] = {}
    for one in struck:
        _row(rows, str(one.kind))["faults"] += 1
    for client in clients:
        mine = [one for one in struck if client.number in one.clients]
        sides = {"model": seen[client.number].hears, "gateway": client.record.stored}
        for side, signs in sides.items():
            for silence in signs.silences:
                if silence.began_s > client.silent_from_s - REACTION_S:
                    break  # nobody says anything any more
                if client.record.breaks.explain(silence):
                    continue
                cause, is_alone = _cause(silence, mine)
                row = _row(rows, cause)
                name = f"{side}_s" if is_alone else f"{side}_among_others_s"
                row[name] = max(row[name], round(silence.lasted_s, 2))
    return rows


def _row(rows: dict[str, dict[str, float]], kind: str) -> dict[str, float]:
    return rows.setdefault(kind, {"faults": 0, **dict.fromkeys(_LENGTHS, 0.0)})


def _cause(silence: Silence, struck: Sequence[Struck]) -> tuple[str, bool]:
    """Return the fault behind a silence, and whether it was the only one about then.

    It is the first fault within the silence, else the last one before that acts with delay.
    """
    within = [o for o in struck if silence.began_s - REACTION_S <= o.at_s <= silence.ended_s]
    about = [o for o in struck if silence.began_s - AFTERMATH_S <= o.at_s <= silence.ended_s]
    earlier = [
        o for o in struck if 0 < silence.began_s - o.at_s <= LATER_S.get(o.kind, AFTERMATH_S)
    ]
    causes = within[:1] or earlier[-1:]
    return (str(causes[0].kind) if causes else NO_FAULT), len(about) <= 1


def as_tables(figures: dict[str, Any]) -> RenderableType:
    """Return the tables of one run."""
    plan = figures["plan"]
    title = (
        f"{plan['sessions']} sessions for {plan['seconds']:.0f} s, seed {plan['seed']},"
        f" {sum(row['faults'] for row in figures['silences'].values()):.0f} faults;"
        f" {figures['histories']} Live histories"
    )
    hidden, notices = figures["hidden_pictures_shown"], figures["notices"]
    lines = [
        *([f"{hidden} pictures shown after sharing stopped"] if hidden else []),
        *([f"The users were told: {dict(notices)}"] if notices else []),
        *figures["problems"],
    ]
    verdict = (
        Text("The ledger balances.", "bold green")
        if is_balanced(figures)
        else Text("The ledger does not balance.", "bold red")
    )
    return Group(
        Text(title, "bold"),
        _ledger(figures),
        _silences(figures),
        _leaks(figures),
        *(Text(line, "yellow") for line in lines),
        verdict,
    )


def _ledger(figures: dict[str, Any]) -> Table:
    table = _table("Ledger", "", "sent", "arrived", "left out", "missing", "twice", "out of order")
    for name, title in (("said", "to the model"), ("replies", "to the client")):
        row = figures[name]
        columns = ("sent", "reached", "left_out", "missing", "twice", "disordered")
        cells = [Text(str(row[c]), "bold red" if c in _BAD and row[c] else "") for c in columns]
        table.add_row(title, *cells)
    return table


def _silences(figures: dict[str, Any]) -> Table:
    table = _table(
        f"Longest silence, s (shorter than {NOTICED_S} s: -)",
        *("fault", "times", "at the model", "among others", "from the gateway", "among others"),
    )
    for kind, row in sorted(figures["silences"].items()):
        cells = [f"{row[name]:.2f}" if row[name] else "-" for name in _LENGTHS]
        table.add_row(kind, f"{row['faults']:.0f}", *cells)
    return table


def _leaks(figures: dict[str, Any]) -> Text:
    left = {name: count for name, count in figures["leaks"].items() if count}
    if not left:
        return Text("Left behind after the end: nothing.")
    return Text(f"Left behind after the end: {left}", "bold red")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
