"""How a service collects its garbage, seldom and never what start-up has made; and its heap."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable

YOUNG, MIDDLE, OLD = 20_000, 30, 100
"""Python's own 700, 10 and 10 walk through what lives for seconds many times a second. A message
leaves hardly any cycle behind, and a full collection of 300 conversations takes tens of ms."""


def settle() -> None:
    """Call it once, when all that stays for the life of the process is there."""
    # Unfrozen, each full collection would walk through all modules.
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def give_back() -> None:
    """Give the system back what the heap has free (glibc; elsewhere there is nothing to do).

    Call it before something large and long-lived is taken, of which only a part will be used.
    """
    _trim(0)


def _find_trim() -> Callable[[int], object]:
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda _: None
    return trim


_trim = _find_trim()
