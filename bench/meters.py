"""What is measured, and with what: process times, memory, percentiles. Linux only (/proc)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER_TIME, _SYSTEM_TIME = 11, 12
"""Places in /proc/<pid>/stat, counted after the process's name."""


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, user and system, all threads; 10 ms exact."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])) / TICKS_PER_S


def machine_cpu_s() -> tuple[float, float]:
    """Return the CPU time of all cores since boot: busy, and in all."""
    numbers = [
        int(text) for text in Path("/proc/stat").read_text("ascii").split("\n")[0].split()[1:]
    ]
    total, idle = sum(numbers[:8]), numbers[3] + numbers[4]
    return (total - idle) / TICKS_PER_S, total / TICKS_PER_S


def resident_kb(pid: int) -> int:
    """Return how much memory a process holds, in KB (RSS)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of the ordered values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(values: Iterable[float]) -> dict[str, float]:
    """Return count and percentiles; only the count if there is nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    figures = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {"count": len(ordered)} | {
        name: round(percentile(ordered, share), 3) for name, share in figures.items()
    }


@dataclass(slots=True)
class Recorder:
    """What the clients of one kind saw; everything in ms but the times, which are the loop's."""

    pings: list[tuple[float, float]] = field(default_factory=list)
    """When one was sent, and how long it took to the pong."""
    answers: list[tuple[float, float]] = field(default_factory=list)
    """When a question was typed, and how long it took to the first sound of the answer."""
    lateness: list[tuple[float, float]] = field(default_factory=list)
    """When something was due, and how late it was sent: the load generator's own fault."""

    def between(self, start_s: float, end_s: float) -> dict[str, dict[str, float]]:
        """Return the summaries of what was sent in the window."""
        return {
            name: summary(ms for at_s, ms in samples if start_s <= at_s < end_s)
            for name, samples in (
                ("ping_ms", self.pings),
                ("first_sound_ms", self.answers),
                ("lateness_ms", self.lateness),
            )
        }
