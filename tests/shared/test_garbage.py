"""A service collects garbage seldom, and leaves alone what start-up made."""

from __future__ import annotations

import gc
import platform
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


def test_what_is_free_is_given_back() -> None:
    """Also what lies below something that stays; where the heap is not glibc's, nothing happens."""
    code = """
import os, subprocess
from shared import garbage

def resident_mb():
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())])) / 1e3

held = [b"x" * 100_000 for _ in range(500)]
stays = b"x" * 100_000
del held
before = resident_mb()
garbage.give_back()
print(before - resident_mb())
"""

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    is_glibc = platform.libc_ver()[0] == "glibc"
    assert float(printed.stdout) > 40 or not is_glibc
