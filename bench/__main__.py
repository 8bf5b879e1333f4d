"""``python -m bench``: loads this system, and what one would run instead, and prints the costs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from bench.knee import find_knees, knee_table
from bench.lock import alone
from bench.publish import publish
from bench.report import as_tables
from bench.run import Case, lost
from bench.suite import ROUNDS, Results, carry_out, comparison, default_cases, together
from bench.targets import Kind
from shared import log

LOSS = 1
PROFILES = (0, 20, 40, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 if this system lost anything below its knee."""
    options = _parse(arguments)
    log.configure(service="bench", level="WARNING")
    with alone():
        if options.knee:
            knees = uvloop.run(find_knees(options.against, _case(options), options.logs))
            Console().print(knee_table(knees))
            _write(options.json, {"knees": knees})
            return 0
        results = uvloop.run(carry_out(_cases(options), options.rounds, options.logs))
    figures = together(results.runs)
    Console(width=None if sys.stdout.isatty() else 200).print(as_tables(figures, results.missing))
    document = {"figures": figures, "missing": results.missing, "runs": results.runs}
    _write(options.json, document)
    if options.publish:
        publish(document)
    return LOSS if lost(_ours(results)) else 0


def _ours(results: Results) -> list[dict[str, object]]:
    return [run for run in results.runs if run["case"]["kind"] in {Kind.NATIVE, Kind.DOOR}]


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.sessions is None:
        return default_cases(options.seconds)
    return comparison(options.against, _case(options))


def _case(options: argparse.Namespace) -> Case:
    return Case(
        kind=Kind.NATIVE,
        sessions=options.sessions or 100,
        seconds=options.seconds,
        warm_up_s=options.warm_up,
        chunk_ms=options.profile,
        has_pictures=options.pictures and options.profile > 0,
        workers=options.workers,
        gateways=options.gateways,
        generators=options.generators,
        park_s=options.park,
    )


def _write(file: Path | None, document: object) -> None:
    if file is not None:
        file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures what a session costs; see bench/README.md. Without --sessions and"
        " --knee it carries out the whole suite.",
    )
    add = parser.add_argument
    add("--sessions", type=_count, metavar="N", help="measure one load instead of the suite")
    add("--seconds", type=float, default=6.0, metavar="S", help="measured time (default 6)")
    add("--warm-up", type=float, default=3.0, metavar="S", help="time before it (default 3)")
    add("--rounds", type=_count, default=ROUNDS, metavar="N", help=f"default {ROUNDS}")
    add(
        "--profile",
        type=int,
        choices=PROFILES,
        default=40,
        help="ms of speech in one message; 0: clients that say nothing (default 40)",
    )
    add("--no-pictures", dest="pictures", action="store_false", help="speech alone")
    add(
        "--against",
        type=_kinds,
        default=[Kind.NATIVE, Kind.DOOR, Kind.RELAY],
        metavar="LIST",
        help=f"who, separated by commas: {', '.join(Kind)} (default native,door,relay)",
    )
    add("--knee", action="store_true", help="find how many sessions each carries")
    add("--workers", type=_count, default=1, metavar="N", help="processes (default 1)")
    add("--gateways", type=_count, default=1, metavar="N", help="processes (default 1)")
    add("--generators", type=_count, default=2, metavar="N", help="processes (default 2)")
    add("--park", type=float, default=0.0, metavar="S", help="let sessions be parked after S s")
    add("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    add("--publish", action="store_true", help="renew the figures and the plot of docs/")
    add("--logs", type=Path, metavar="FILE", help="append what the processes log")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _kinds(text: str) -> list[Kind]:
    try:
        return [Kind(name.strip()) for name in text.split(",")]
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{exc}; there are {', '.join(Kind)}") from exc


if __name__ == "__main__":
    sys.exit(main())
