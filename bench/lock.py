"""One bench at a time: the figures of two that run beside each other would be worth nothing."""

from __future__ import annotations

import fcntl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILE = Path(tempfile.gettempdir()) / "overshoulder-bench.lock"


@contextmanager
def alone(file: Path = _FILE) -> Iterator[None]:
    """Wait until no other bench runs on this machine, and keep others out meanwhile."""
    with file.open("w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another bench on this machine", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
