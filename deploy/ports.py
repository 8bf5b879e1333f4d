"""Is a port free, and who has it?"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from pathlib import Path

from deploy.errors import CannotGoOn

_LISTENING = "0A"
"""State of a listening socket in Linux's /proc/net/tcp."""


def require_free(host: str, port: int, setting: str) -> None:
    """Make sure that a service will be able to listen on ``port``.

    Raises:
        CannotGoOn: If it will not, saying who listens there where that can be found out.
    """
    if not is_taken(host, port):
        return
    who = find_listener(port) or "another program"
    raise CannotGoOn(
        f"Port {port} is taken by {who}: stop it, or choose another port with {setting}=<port>."
    )


def is_taken(host: str, port: int) -> bool:
    """Return whether somebody listens on ``port`` or it cannot be listened on.

    Raises:
        CannotGoOn: If this process may not use the port or the address at all.
    """
    with socket.socket() as client:
        client.settimeout(1.0)
        # On macOS, one can listen on 127.0.0.1 beside somebody who listens on all addresses: the
        # browser may then reach either. So a port on which somebody answers is taken as well.
        if client.connect_ex(("127.0.0.1", port)) == 0:
            return True
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return True
            raise CannotGoOn(f"Cannot listen on {host}:{port}: {exc.strerror}.") from exc
    return False


def find_free() -> int:
    """Return a port on the loopback interface that nobody uses at this moment."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def find_listener(port: int) -> str | None:
    """Return who listens on ``port``, such as `nginx (process 12)`; None if that is not known."""
    if Path("/proc/net/tcp").exists():
        return _listener_by_proc(port)
    if shutil.which("lsof"):
        return _listener_by_lsof(port)
    return None


def _listener_by_proc(port: int) -> str | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = os.readlink(link)  # noqa: PTH115 - what it links to is not a path
        except OSError:  # it has ended by now, or is another user's
            continue
        if target in sockets:
            name = (link.parents[1] / "comm").read_text(encoding="utf-8").strip()
            return f"{name} (process {link.parts[2]})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []
        for columns in map(str.split, lines):
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(columns[9])
    return inodes


def _listener_by_lsof(port: int) -> str | None:
    command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    fields = {line[0]: line[1:] for line in answer.stdout.splitlines() if line}
    return f"{fields['c']} (process {fields['p']})" if {"c", "p"} <= fields.keys() else None
