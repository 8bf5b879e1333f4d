"""Where things are: the sources, the virtual environment, and what a run keeps."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import CannotGoOn


@dataclass(frozen=True)
class Checkout:
    """The directories that the launcher works in."""

    root: Path
    """The sources: pyproject.toml, services/, shared/."""
    home: Path
    """Holds `.env` and `.run`; the same as ``root`` unless somebody asks for another."""

    @property
    def venv(self) -> Path:
        """Where the packages are installed."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter that has the packages."""
        return self.venv / "bin" / "python"

    @property
    def run_dir(self) -> Path:
        """What a run leaves behind: Redis's file, certificates, logs of the installation."""
        return self.home / ".run"

    @property
    def redis_url_file(self) -> Path:
        """Holds the address of the Redis that runs now, for those who look in from outside."""
        return self.run_dir / "redis-url"


@contextmanager
def only_run(checkout: Checkout, address: str) -> Iterator[None]:
    """Make sure that this checkout runs once, for as long as the context lasts.

    The kernel gives the lock back when the process ends, however it ends, so that nothing stale
    can stand in the way.

    Raises:
        CannotGoOn: If another launcher has it.
    """
    checkout.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (checkout.run_dir / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            where = lock.read().strip() or "it is just being started"
            raise CannotGoOn(f"Overshoulder runs already from this directory: {where}.") from None
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield
