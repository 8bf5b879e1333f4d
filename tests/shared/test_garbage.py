"""A service collects garbage seldom, and leaves alone what start-up made."""

from __future__ import annotations

import gc
import subprocess
import sys


def test_what_was_there_is_frozen() -> None:
    """In a process of its own, since it cannot be taken back."""
    code = (
        "import gc; from shared import garbage; before = gc.get_threshold(); garbage.settle();"
        "print(gc.get_freeze_count() > 1_000, gc.get_threshold() > before)"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert printed.stdout.split() == [b"True", b"True"]
    assert gc.get_freeze_count() == 0
