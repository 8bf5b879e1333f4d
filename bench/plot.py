"""The figures of a suite as a picture: CPU of a session-second, and round trips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import is_behind, short_name

# The same figures give the same file, with its words as words.
mpl.rcParams.update({"svg.hashsalt": "overshoulder", "svg.fonttype": "none"})
_FADED = 0.3
"""Of what could not keep up."""

_COLOURS = {
    "gateway": "#3b6ea5",
    "worker": "#e08a3c",
    "redis": "#b23a48",
    "relay": "#7a7a7a",
    "pipecat": "#a9a9a9",
}


def draw(figures: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write the plot to ``file``; its ending says in which format."""
    shown = [one for one in figures if one["round_trip_ms"]["count"]][::-1]
    figure = Figure(figsize=(10, 0.9 + 0.42 * len(shown)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_yticks(range(len(shown)), [short_name(one["case"]) for one in shown])
    _draw_cpu(left, shown)
    _draw_round_trips(right, shown)
    figure.savefig(file, metadata={"Date": None})


def _draw_cpu(axes: Axes, shown: Sequence[Mapping[str, Any]]) -> None:
    labelled = set()
    for row, one in enumerate(shown):
        at = 0.0
        for name, ms in one["cpu_ms_per_session_s"].items():
            label = None if name in labelled else name
            bar = axes.barh(row, ms, left=at, height=0.6, color=_COLOURS[name], label=label)
            bar.patches[0].set_alpha(_FADED if is_behind(one) else 1.0)
            labelled.add(name)
            at += ms
    axes.set_xlabel("CPU of all servers, ms/s per session")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_round_trips(axes: Axes, shown: Sequence[Mapping[str, Any]]) -> None:
    for row, one in enumerate(shown):
        trip = one["round_trip_ms"]
        axes.plot([trip["p50"], trip["p99"]], [row, row], color="#3b6ea5", linewidth=2)
        axes.plot([trip["p50"]], [row], "o", color="#3b6ea5")
        axes.plot([trip["p90"]], [row], "|", color="#3b6ea5", markersize=9)
    axes.set_xscale("log")
    axes.set_xlabel("round trip, ms: p50 (dot), p90, p99 (end)")
    axes.grid(axis="x", which="major", color="#dddddd")
    axes.spines[["top", "right", "left"]].set_visible(False)
