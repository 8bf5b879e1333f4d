"""How a service collects its garbage: seldom, and never what start-up has made."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 30, 100
"""Python's own 700, 10 and 10 walk through what lives for seconds many times a second. A message
leaves hardly any cycle behind, and a full collection of 300 conversations takes tens of ms."""


def settle() -> None:
    """Call it once, when all that stays for the life of the process is there."""
    # Unfrozen, each full collection would walk through all modules.
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
