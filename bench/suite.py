"""Which cases are measured, in which order, and what several runs of one case say together."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.pipecat_home import PipecatMissing, pipecat_python
from bench.run import Case, measure
from bench.targets import Kind

ROUNDS = 2
IDLE_SESSIONS = 1_000
PARK_S = 1.0
"""What a parked session costs does not depend on it; its default is two minutes."""
_SUMMED = ("loss",)
_FIRST = ("case", "cores", "first_problems")


def default_cases(seconds: float) -> list[Case]:
    """Return what `make bench` measures: under ten minutes, twice over."""
    few = [Case(kind, 20, seconds) for kind in Kind]
    many = [Case(kind, 100, seconds) for kind in (Kind.NATIVE, Kind.DOOR, Kind.RELAY)]
    profiles = [Case(Kind.NATIVE, 100, seconds, chunk_ms=ms) for ms in (20, 100)]
    crowd = [
        *(Case(Kind.NATIVE, 300, seconds, workers=workers) for workers in (1, 2)),
        Case(Kind.NATIVE, 500, seconds, chunk_ms=100),
    ]
    idle = Case(
        *(Kind.NATIVE, IDLE_SESSIONS, seconds),
        warm_up_s=0.0,
        chunk_ms=0,
        has_pictures=False,
        park_s=PARK_S,
    )
    return [*few, *many, *profiles, *crowd, idle]


def comparison(kinds: Iterable[Kind], case: Case) -> list[Case]:
    """Return the same case for each kind."""
    return [replace(case, kind=kind) for kind in kinds]


@dataclass
class Results:
    """What was measured, and what could not be."""

    runs: list[dict[str, Any]]
    missing: dict[str, str]
    """Why a kind is not there."""


async def carry_out(cases: Sequence[Case], rounds: int, logs: Path | None) -> Results:
    """Measure all cases in turn, and all of them again: A B A B, not A A B B.

    What else the machine does meanwhile then falls on all alike.
    """
    missing = _missing(cases)
    runs = []
    for number in range(rounds):
        for case in cases:
            if case.kind not in missing:
                _tell(f"round {number + 1} of {rounds}: {case.kind}, {case.sessions} sessions")
                runs.append(await measure(case, logs))
    return Results(runs, missing)


def together(runs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one set of figures for each case: the median of its runs, the sum of losses."""
    by_case: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_case.setdefault(str(run["case"]), []).append(run)
    return [{**_merge(alike), "runs": len(alike)} for alike in by_case.values()]


def _merge(alike: Sequence[dict[str, Any]]) -> dict[str, Any]:
    first = alike[0]
    merged: dict[str, Any] = {}
    for name, value in first.items():
        values = [run[name] for run in alike]
        if name in _FIRST:
            merged[name] = next((value for value in values if value), value)
        elif name in _SUMMED:
            merged[name] = {key: sum(run[key] for run in values) for key in value}
        elif isinstance(value, dict):
            shared_by_all = [run for run in values if run.keys() == value.keys()]
            merged[name] = _merge(shared_by_all)
        else:
            merged[name] = round(median(values), 3)
    return merged


def _missing(cases: Iterable[Case]) -> dict[str, str]:
    wanted = {case.kind for case in cases} & {Kind.PIPECAT, Kind.PIPECAT_BARE}
    if not wanted:
        return {}
    try:
        _tell("looking for Pipecat; the first time it is installed, which takes a minute")
        pipecat_python()
    except PipecatMissing as exc:
        return dict.fromkeys(wanted, f"Pipecat cannot be installed: {exc}")
    return {}


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
