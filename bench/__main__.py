"""``python -m bench``: loads a system of real processes and prints what it costs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from bench.report import added_ms, as_tables, is_lossless
from bench.run import Plan, measure
from shared import log

LOSS = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 if anything was lost."""
    options = _parse(arguments)
    log.configure(service="bench", level="WARNING")
    plan = Plan(
        sessions=options.sessions,
        seconds=options.seconds,
        warm_up_s=options.warm_up,
        workers=options.workers,
        gateways=options.gateways,
        chunk_ms=options.profile,
        lease_s=options.lease,
        direct=options.direct,
    )
    figures = uvloop.run(measure(plan, options.logs))
    figures["added_first_sound_ms"] = added_ms(figures)
    Console().print(as_tables(figures))
    if options.json:
        options.json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    return 0 if is_lossless(figures) else LOSS


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Loads a system of real processes; see bench/README.md."
    )
    parser.add_argument("--sessions", type=_count, default=20, help="clients (default 20)")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured time (default 30)")
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds before it (default 5)")
    parser.add_argument("--workers", type=_count, default=1, help="processes (default 1)")
    parser.add_argument("--gateways", type=_count, default=1, help="processes (default 1)")
    parser.add_argument(
        *("--profile", "--chunk-ms"),
        type=int,
        choices=(20, 40, 100),
        default=40,
        help="ms of speech in one message (default 40)",
    )
    parser.add_argument(
        "--direct",
        type=_count,
        default=4,
        help="clients straight to the Live endpoint, to compare with (default 4)",
    )
    parser.add_argument(
        "--lease",
        type=float,
        default=2.0,
        metavar="S",
        help="WORKER_LEASE_S; longer for a machine too busy to renew it in time (default 2)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--logs", type=Path, metavar="FILE", help="write what the processes log")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
