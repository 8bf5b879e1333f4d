"""A service collects garbage seldom, and leaves alone what start-up made."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest


def test_what_was_there_is_frozen() -> None:
    """In a process of its own, since it cannot be taken back."""
    code = (
        "import gc; from shared import garbage; before = gc.get_threshold(); garbage.settle();"
        "print(gc.get_freeze_count() > 1_000, gc.get_threshold() > before)"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert printed.stdout.split() == [b"True", b"True"]
    assert gc.get_freeze_count() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's, and /proc tells")
def test_what_is_free_is_given_back() -> None:
    """Also what lies below something that stays."""
    code = """
import resource
from shared import garbage

def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6

held = [b"x" * 100_000 for _ in range(500)]
stays = b"x" * 100_000
del held
before = resident_mb()
garbage.give_back()
print(before - resident_mb())
"""

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert float(printed.stdout) > 40
