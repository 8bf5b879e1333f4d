"""The developer's targets: test, check, fix, bench, chaos, legibility, monitor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploy import redis_server, tools
from deploy.checkout import Checkout
from deploy.errors import CannotGoOn

SOURCES = ("shared", "services", "tests", "bench", "deploy")
NO_TESTS_COLLECTED = 5
"""Pytest's exit code when the selection is empty."""


def test(checkout: Checkout, rest: list[str]) -> int:
    """Run all tests; those with real sound run alone, because load makes it stutter.

    Args:
        checkout: What to test.
        rest: Further arguments for pytest, such as `-k name`.

    Returns:
        The exit code: 0 if all passed.
    """
    tools.provide(tools.FOR_TESTS)
    tools.provide_browser(checkout)
    environment = _with_redis()
    codes = [_call(["npm", "test"], checkout.root / "services" / "web", environment)]
    for marker in ("not audio", "audio"):
        command = [sys.executable, "-m", "pytest", "-m", marker, *rest]
        codes.append(_call(command, checkout.root, environment))
    return next((code for code in codes if code not in {0, NO_TESTS_COLLECTED}), 0)


def check(checkout: Checkout, _rest: list[str]) -> int:
    """Verify everything that can be verified without running it; return 0 if all is well."""
    tools.provide(tools.FOR_CHECKS)
    python = sys.executable
    page = checkout.root / "services" / "web"
    steps = [
        ("format", [python, "-m", "ruff", "format", "--check", "."], checkout.root),
        ("lint", [python, "-m", "ruff", "check", "."], checkout.root),
        ("types", [python, "-m", "mypy", *_existing_sources(checkout)], checkout.root),
        ("imports", [str(Path(python).with_name("lint-imports"))], checkout.root),
        ("page: packages", ["npm", "ci", "--silent"], page),
        ("page: types", ["npm", "run", "--silent", "check"], page),
    ]
    failed = [name for name, command, directory in steps if _step(name, command, directory)]
    print(f"Not in order: {', '.join(failed)}." if failed else "All in order.", flush=True)
    return 1 if failed else 0


def fix(checkout: Checkout, _rest: list[str]) -> int:
    """Format, and repair what the linter can; return 0 if nothing is left to do by hand."""
    ruff = [sys.executable, "-m", "ruff"]
    code = _call([*ruff, "check", "--fix", "."], checkout.root)
    return _call([*ruff, "format", "."], checkout.root) or code


def bench(checkout: Checkout, rest: list[str]) -> int:
    """Measure; `rest` goes to the benchmark."""
    return _call([sys.executable, "-m", "bench", *rest], checkout.root, _with_redis())


def chaos(checkout: Checkout, rest: list[str]) -> int:
    """Break a system under load; return 0 if its ledger balances."""
    return _call([sys.executable, "-m", "bench.chaos", *rest], checkout.root, _with_redis())


def legibility(checkout: Checkout, rest: list[str]) -> int:
    """Measure what can be read of a shared screen; return 0 if it is what is promised."""
    tools.provide_browser(checkout)
    return _call([sys.executable, "-m", "bench.legibility", *rest], checkout.root)


def monitor(checkout: Checkout, rest: list[str]) -> int:
    """Watch the system that `make run` started here, or the one that REDIS_URL names."""
    environment = dict(os.environ)
    if checkout.redis_url_file.exists():
        url = checkout.redis_url_file.read_text(encoding="utf-8")
        environment.setdefault("REDIS_URL", url)
    return _call([sys.executable, "-m", "web.monitor", *rest], checkout.home, environment)


def _with_redis() -> dict[str, str]:
    """Return an environment in which `redis-server` is on PATH."""
    environment = dict(os.environ)
    if redis_server.find_installed() is None:
        server = redis_server.find_server()
        environment["PATH"] = f"{server.parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _existing_sources(checkout: Checkout) -> list[str]:
    return [name for name in SOURCES if any((checkout.root / name).rglob("*.py"))]


def _step(name: str, command: list[str], directory: Path) -> int:
    print(f"— {name}", flush=True)
    return _call(command, directory)


def _call(command: list[str], directory: Path, environment: dict[str, str] | None = None) -> int:
    try:
        return subprocess.run(command, cwd=directory, env=environment, check=False).returncode
    except FileNotFoundError as exc:
        raise CannotGoOn(f"{command[0]} is not installed.") from exc
