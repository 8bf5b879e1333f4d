"""``python -m web.monitor``: sessions, workers and gateways, as Redis alone shows them.

Shows numbers and names; never what anybody said, nor what a model was told to be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence

import uvloop
from rich.console import Console
from rich.live import Live

from shared import log, shutdown
from shared.bus import Bus, open_bus
from shared.errors import BusError
from shared.settings import ServiceSettings, load
from web.monitor_end import CannotEnd, end_session
from web.monitor_snapshot import take_snapshot
from web.monitor_view import as_json, as_tables

REFRESH_S = 1.0
REDIS_PATIENCE_S = 2.0
PIPED_WIDTH = 240
"""Columns where there is no terminal: everything is shown, and `cut` and `grep` do the rest."""

NOT_DONE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch, print once, or end a session; return the exit code."""
    options = _parse(arguments)
    log.configure(service="monitor", level="ERROR")  # what it has to say, it says itself
    url = options.redis_url or load(ServiceSettings).redis_url.get_secret_value()
    try:
        return uvloop.run(_run(url, options))
    except BusError as exc:
        return _refuse(f"{exc}. Is Overshoulder running? REDIS_URL or --redis-url says where.")
    except CannotEnd as exc:
        return _refuse(str(exc))
    except ValueError as exc:  # redis' word for a URL that it cannot read
        return _refuse(f"The address of Redis cannot be used: {exc}.")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m web.monitor",
        description="Shows sessions, workers and gateways once a second, until Ctrl-C.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--once", action="store_true", help="print the tables once")
    what.add_argument("--json", action="store_true", help="print one snapshot as JSON")
    what.add_argument("--end", metavar="SESSION_ID", help="end one session, and wait until it has")
    parser.add_argument("--user", metavar="U", help="only the sessions of this user")
    parser.add_argument("--redis-url", metavar="URL", help="default: REDIS_URL, also from .env")
    return parser.parse_args(arguments)


async def _run(url: str, options: argparse.Namespace) -> int:
    async with open_bus(url, name="monitor", readers=1, patience_s=REDIS_PATIENCE_S) as bus:
        if options.end:
            ended_by = await end_session(bus, options.end)
            print(f"Session {options.end} has ended, by {ended_by.value}.")  # noqa: T201
            return 0
        if options.json:
            print(as_json(await take_snapshot(bus, user=options.user)).decode())  # noqa: T201
            return 0
        console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
        if options.once or not console.is_terminal:
            console.print(as_tables(await take_snapshot(bus, user=options.user), console))
            return 0
        return await _watch(bus, console, options.user)


async def _watch(bus: Bus, console: Console, user: str | None) -> int:
    """Draw the tables anew once a second until SIGINT or SIGTERM."""
    stopping = shutdown.on_signal()
    snapshot = await take_snapshot(bus, user=user)
    with Live(
        as_tables(snapshot, console), console=console, screen=True, auto_refresh=False
    ) as live:
        while not stopping.is_set():
            note = ""
            try:
                snapshot = await take_snapshot(bus, user=user)
            except BusError as exc:
                note = f"{exc}; this is how it was."
            live.update(as_tables(snapshot, console, note), refresh=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REFRESH_S)
    console.print(as_tables(snapshot, console))
    return 0


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return NOT_DONE


if __name__ == "__main__":
    sys.exit(main())
