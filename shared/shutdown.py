"""SIGTERM and SIGINT become one event that services wait for."""

from __future__ import annotations

import asyncio
import signal


def on_signal() -> asyncio.Event:
    """Return an event that is set by the first SIGTERM or SIGINT; call it inside the loop.

    A second signal falls through to Python's default and ends the process at once, so that an
    impatient operator is never ignored.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping
