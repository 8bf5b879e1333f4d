"""The figures of a run as a table for people. Pure."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

BUSY = 0.1
"""Share of the machine that other processes may take before the figures are called doubtful."""

LATE_MS = 20.0


def as_tables(figures: dict[str, Any]) -> RenderableType:
    """Return the tables of one run, with a warning where the figures are not to be trusted."""
    plan = figures["plan"]
    title = (
        f"{plan['sessions']} sessions for {figures['lasted_s']:.0f} s, {plan['chunk_ms']} ms chunks"
        f", {plan['gateways']} gateways, {plan['workers']} workers, {figures['cores']} cores"
    )
    return Group(
        Text(title, "bold"),
        _cost(figures),
        _redis(figures),
        _latency(figures),
        _loss(figures),
        *_warnings(figures),
    )


def added_ms(figures: dict[str, Any]) -> dict[str, float]:
    """Return how much later the first sound comes than on a direct connection, by percentile."""
    through, direct = figures["through"]["first_sound_ms"], figures["direct"]["first_sound_ms"]
    return {
        name: round(through[name] - direct[name], 3)
        for name in ("p50", "p90", "p99")
        if name in through and name in direct
    }


def _cost(figures: dict[str, Any]) -> Table:
    table = Table(title="Cost of one session", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("process", "CPU ms per s", "memory KB"):
        table.add_column(name, justify="left" if name == "process" else "right")
    memory = figures["memory_kb_per_session"]
    for kind, cpu in figures["cpu_ms_per_session_s"].items():
        table.add_row(kind, f"{cpu:.2f}", f"{memory[kind]:.0f}" if kind in memory else "")
    return table


def _redis(figures: dict[str, Any]) -> Text:
    redis = figures["redis_per_session_s"]
    return Text(
        f"Redis per session-second: {redis['in_bytes'] / 1000:.0f} KB in,"
        f" {redis['out_bytes'] / 1000:.0f} KB out, {redis['commands']:.0f} commands;"
        f" {figures['redis_data_kb_per_session']:.0f} KB of data per session"
    )


def _latency(figures: dict[str, Any]) -> Table:
    table = Table(title="Latency, ms", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for name in ("count", "p50", "p90", "p99", "max"):
        table.add_column(name, justify="right")
    rows = {
        "ping to the gateway and back": figures["through"]["ping_ms"],
        "typed question to first sound": figures["through"]["first_sound_ms"],
        "the same, straight to the Live endpoint": figures["direct"]["first_sound_ms"],
        "added": added_ms(figures),
        "load generator late by": figures["through"]["lateness_ms"],
    }
    for name, row in rows.items():
        cells = [f"{row[key]:.1f}" if key in row else "" for key in ("p50", "p90", "p99", "max")]
        table.add_row(name, f"{row['count']:.0f}" if "count" in row else "", *cells)
    return table


def _loss(figures: dict[str, Any]) -> Text:
    loss = figures["loss"]
    line = Text(
        f"Sent: {loss['sent']} messages; {loss['not_acknowledged']} not acknowledged,"
        f" {loss['not_at_the_model']} not at the model, {loss['chunks_sent_again']} chunks sent"
        f" again. Questions: {loss['not_answered']} of {loss['questions']} not answered."
        f" Replies: {loss['holes']} holes, {loss['repeats']} repeats."
        f" {len(loss['problems'])} problems."
    )
    if not is_lossless(figures):
        line.stylize("bold red")
    return line


def is_lossless(figures: dict[str, Any]) -> bool:
    """Tell whether everything that was sent arrived, once."""
    loss = figures["loss"]
    bad = ("not_at_the_model", "not_acknowledged", "not_answered", "holes", "repeats")
    return not any(loss[name] for name in bad) and not loss["problems"]


def _warnings(figures: dict[str, Any]) -> list[Text]:
    warnings = [f"The first problem: {text}" for text in figures["loss"]["problems"][:1]]
    others = figures["cpu_share_of_other_processes"]
    if others > BUSY:
        warnings.append(
            f"Other processes took {others:.0%} of the machine: latencies are theirs too."
        )
    late = figures["through"]["lateness_ms"].get("p99", 0.0)
    if late > LATE_MS:
        warnings.append(
            f"The load generator itself was late by {late:.0f} ms (p99): it is the limit."
        )
    return [Text(warning, "yellow") for warning in warnings]
