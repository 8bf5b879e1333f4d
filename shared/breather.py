"""Lets a busy process take a breath between turns of its event loop.

To fall asleep and be woken costs a process 40 to 130 µs on a virtual machine, more than all that it
does with a chunk of speech, and a hundred clients wake it for each. So from a thousand messages a
second on it stays away for a moment after each turn, and finds what came meanwhile all at once.
Below that pace, and where a turn has much to do anyway, nothing is delayed.
"""

from __future__ import annotations

import asyncio
from time import monotonic, sleep

BUSY_PER_S = 1_000.0
"""Messages from which on a process breathes; twenty sessions of 40 ms chunks have half as many."""

BREATH_S = 0.0015
LONG_TURN_S = 0.003
"""A turn that took longer has gathered enough."""

SAMPLE = 200
"""Messages over which the pace is taken."""


class Breather:
    """One process's breath. `worked` is told of each message."""

    def __init__(self) -> None:
        self._count = 0
        self._since_s = self._breathed_s = monotonic()
        self._is_busy = self._is_due = False

    def worked(self) -> None:
        """Take note of a message; breathe after this turn of the loop, if there are many."""
        self._count += 1
        if self._count == SAMPLE:
            now_s = monotonic()
            self._is_busy = BUSY_PER_S * (now_s - self._since_s) < SAMPLE
            self._count, self._since_s = 0, now_s
        if self._is_busy and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._breathe)

    def _breathe(self) -> None:
        self._is_due = False
        if monotonic() - self._breathed_s < LONG_TURN_S:
            # Not asyncio's sleep: that would let the loop wake for every message meanwhile.
            sleep(BREATH_S)
        self._breathed_s = monotonic()
