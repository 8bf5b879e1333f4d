"""The figures of a suite as tables, for a terminal and for docs/performance.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.run import is_lossless
from bench.targets import Kind

BUSY = 0.1
"""Share of the machine that other processes may take before the figures are called doubtful."""

LATE_MS = 20.0
BEHIND_MS = 250.0
"""Median of the round trip from which work is put off rather than done: CPU then says nothing."""

COLUMNS = (
    *("who", "sessions", "chunks", "CPU ms/s", "of which", "round trip ms p50 / p90 / p99"),
    *("added p50 / p99", "KB per session", "Redis KB/s in, out", "lost"),
)
_NAMES = {
    Kind.DIRECT: "straight to the Live endpoint",
    Kind.NATIVE: "Overshoulder",
    Kind.DOOR: "Overshoulder, tutorial's door",
    Kind.RELAY: "plain relay",
    Kind.PIPECAT: "Pipecat, as its template",
    Kind.PIPECAT_BARE: "Pipecat, bare",
}


def rows(figures: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the cells of each case, under `COLUMNS`."""
    return [_row(one, added_ms(one, figures)) for one in figures]


def added_ms(
    one: Mapping[str, Any], figures: Iterable[Mapping[str, Any]]
) -> dict[str, float] | None:
    """Return how much longer the way is than straight to the endpoint, by percentile.

    None where the same load was not measured without anything in between.
    """
    floor = find(figures, Kind.DIRECT, one["case"]["sessions"], one["case"]["chunk_ms"])
    if floor is None or floor is one or not one["round_trip_ms"]["count"]:
        return None
    through, direct = one["round_trip_ms"], floor["round_trip_ms"]
    return {name: round(through[name] - direct[name], 2) for name in ("p50", "p90", "p99")}


def find(
    figures: Iterable[Mapping[str, Any]], kind: Kind, sessions: int, chunk_ms: int = 40
) -> Mapping[str, Any] | None:
    """Return the figures of a case, the first if there are several."""
    wanted = (kind, sessions, chunk_ms)
    for one in figures:
        case = one["case"]
        if (case["kind"], case["sessions"], case["chunk_ms"]) == wanted:
            return one
    return None


def ratios(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each comparison of CPU that the cases allow."""
    sentences = []
    for mine, other in (
        (Kind.DOOR, Kind.RELAY),
        (Kind.NATIVE, Kind.PIPECAT),
        (Kind.NATIVE, Kind.PIPECAT_BARE),
    ):
        loads = {(one["case"]["sessions"], one["case"]["chunk_ms"]) for one in figures}
        for sessions, chunk_ms in sorted(loads):
            a, b = (find(figures, kind, sessions, chunk_ms) for kind in (mine, other))
            if a is None or b is None or is_behind(a) or is_behind(b):
                continue
            if b["servers_cpu_ms_per_session_s"]:
                share = a["servers_cpu_ms_per_session_s"] / b["servers_cpu_ms_per_session_s"]
                sentences.append(
                    f"{_NAMES[mine]} takes {share:.2f} times the CPU of {_NAMES[other]}"
                    f" at {sessions} sessions, {chunk_ms} ms."
                )
    return sentences


def as_tables(figures: Sequence[Mapping[str, Any]], missing: Mapping[str, str]) -> RenderableType:
    """Return the table for a terminal, with a warning where figures are not to be trusted."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in {"who", "of which"} else "right")
    for one, row in zip(figures, rows(figures), strict=True):
        table.add_row(*row, style=None if is_lossless(one) else "bold red")
    notes = [*set(missing.values()), *warnings(figures)]
    return Group(table, *map(Text, ratios(figures)), *(Text(note, "yellow") for note in notes))


def as_markdown(figures: Sequence[Mapping[str, Any]], missing: Mapping[str, str]) -> str:
    """Return the same for docs/performance.md."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "| --- | " + "---: | " * (len(COLUMNS) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(figures)]
    notes = [*ratios(figures), *set(missing.values()), *warnings(figures)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]).replace(": | \n", ": |\n")


def warnings(figures: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each case that there is reason to doubt."""
    doubts = ((short_name(one["case"]), _doubts(one)) for one in figures)
    return [f"{name}: {'; '.join(reasons)}." for name, reasons in doubts if reasons]


def _doubts(one: Mapping[str, Any]) -> list[str]:
    reasons = [f"the first problem was {text}" for text in one["first_problems"][:1]]
    if is_behind(one):
        reasons.append("could not keep up, so its CPU is not that of the work")
    others = one["cpu_share_of_other_processes"]
    if others > BUSY:
        reasons.append(f"other processes took {others:.0%} of the machine")
    late = one["generator_late_ms"].get("p99", 0.0)
    if late > LATE_MS:
        reasons.append(f"the load generator itself was late by {late:.0f} ms (p99)")
    return reasons


def is_behind(one: Mapping[str, Any]) -> bool:
    """Tell whether a case could not keep up with what was asked of it."""
    trip = one["round_trip_ms"]
    return bool(one["case"]["chunk_ms"]) and trip.get("p50", BEHIND_MS) >= BEHIND_MS


def short_name(case: Mapping[str, Any]) -> str:
    """Return a case in a few words."""
    return f"{_name(case)}, {case['sessions']} sessions, {_speech(case)}"


def _speech(case: Mapping[str, Any]) -> str:
    if case["chunk_ms"]:
        return f"{case['chunk_ms']} ms"
    return "parked" if case.get("park_s") else "silent"


def _name(case: Mapping[str, Any]) -> str:
    workers = f", {case['workers']} workers" if case["workers"] > 1 else ""
    return _NAMES[case["kind"]] + workers


def _row(one: Mapping[str, Any], added: Mapping[str, float] | None) -> tuple[str, ...]:
    case, trip, redis = one["case"], one["round_trip_ms"], one["redis_per_session_s"]
    parts = one["cpu_ms_per_session_s"]
    memory = [f"{each['per_further_session_kb']:.0f}" for each in one["memory"].values()]
    return (
        _name(case),
        f"{case['sessions']}",
        _speech(case),
        f"{one['servers_cpu_ms_per_session_s']:.2f}" if parts else "",
        ", ".join(f"{name} {ms:.2f}" for name, ms in parts.items()) if len(parts) > 1 else "",
        " / ".join(f"{trip[key]:.1f}" for key in ("p50", "p90", "p99")) if trip["count"] else "",
        f"{added['p50']:.1f} / {added['p99']:.1f}" if added else "",
        " + ".join(memory),
        f"{redis['net_input_bytes'] / 1000:.0f}, {redis['net_output_bytes'] / 1000:.0f}"
        if redis
        else "",
        "nothing" if is_lossless(one) else _losses(one["loss"]),
    )


def _losses(loss: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in loss.items() if count)
