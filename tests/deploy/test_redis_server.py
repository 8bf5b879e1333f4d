"""Which Redis is started, and how."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy import redis_server
from deploy.redis_server import find_installed, make_command, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", (7, 0)),
        ("Redis server v=8.2.3 sha=b5d43ceb:0 malloc=jemalloc-5.3.0", (8, 2)),
        ("command not found", None),
    ],
)
def test_version_is_read(text: str, version: tuple[int, int] | None) -> None:
    """Both Debian's and the packaged server say their version in this form."""
    assert parse_version(text) == version


@pytest.mark.parametrize(("version", "is_used"), [("6.2.14", False), ("7.0.15", True)])
def test_old_server_on_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_used: bool
) -> None:
    """Debian 11 has Redis 6, which lacks what the streams need."""
    server = tmp_path / "redis-server"
    server.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n", encoding="utf-8")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_installed() == (server if is_used else None)


def test_command_keeps_redis_on_loopback_with_an_append_only_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a session needs survives a crash of Redis, and nobody else's machine can reach it."""
    monkeypatch.setattr(redis_server, "ask_version", lambda _server: (8, 2))

    command = make_command(Path("/opt/redis-server"), 4711, tmp_path)

    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--bind"] == "127.0.0.1"
    assert options["--port"] == "4711"
    assert options["--appendonly"] == "yes"
    assert options["--dir"] == str(tmp_path / "redis" / "8.2")
