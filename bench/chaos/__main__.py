"""``python -m bench.chaos``: breaks a system of real processes and draws up the ledger."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from bench.chaos.plan import Kind, parse_kinds
from bench.chaos.report import as_tables, is_balanced
from bench.chaos.run import Plan, break_everything
from shared import log

UNBALANCED = 1
MAX_SEED = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; return 0, or 1 if the ledger does not balance."""
    options = _parse(arguments)
    log.configure(service="chaos", level="ERROR")
    seed = secrets.randbelow(MAX_SEED) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    plan = Plan(options.sessions, options.seconds, seed, options.every, tuple(options.faults))
    figures = uvloop.run(break_everything(plan, options.logs))
    Console().print(as_tables(figures))
    if options.json:
        options.json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    return 0 if is_balanced(figures) else UNBALANCED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos", description="Breaks a system of real processes under load."
    )
    parser.add_argument("--sessions", type=_count, default=20, help="clients (default 20)")
    parser.add_argument("--seconds", type=float, default=120.0, help="of talk (default 120)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same plan of faults")
    parser.add_argument(
        "--every", type=float, default=4.0, metavar="S", help="mean time between faults (default 4)"
    )
    parser.add_argument(
        "--faults",
        type=_kinds,
        default=list(Kind),
        metavar="LIST",
        help=f"only these, separated by commas: {', '.join(Kind)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--logs", type=Path, metavar="FILE", help="write what the processes log")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _kinds(text: str) -> list[Kind]:
    try:
        kinds = parse_kinds(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    if not kinds:
        raise argparse.ArgumentTypeError("at least one")
    return kinds


if __name__ == "__main__":
    sys.exit(main())
