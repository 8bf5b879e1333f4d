"""What is measured, and with what: process times, memory, percentiles. Linux only (/proc)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
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
