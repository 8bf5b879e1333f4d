"""SIGTERM and SIGINT become one event."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from shared import shutdown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event_and_the_next_is_pythons_own(number: signal.Signals) -> None:
    """The first signal asks to stop; after it an impatient operator gets what Python does."""
    before = signal.getsignal(number)
    stopping = shutdown.on_signal()
    try:
        assert not stopping.is_set()

        os.kill(os.getpid(), number)

        async with asyncio.timeout(5):
            await stopping.wait()
        expected = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
        assert signal.getsignal(number) is expected
    finally:
        signal.signal(number, before)
