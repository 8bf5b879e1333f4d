"""`python -m deploy <command>`: what the Makefile's targets do."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy import redis_server
from deploy.checkout import Checkout, only_run
from deploy.environment import Environment
from deploy.errors import CannotGoOn
from deploy.install import install

SERVICE_EXTRAS = ("gateway", "worker", "web")
STAND_IN_EXTRAS = ("local", "voice")
ALL_EXTRAS = (*SERVICE_EXTRAS, *STAND_IN_EXTRAS, "dev", "bench")
COMMANDS = {
    "run": "start everything; Ctrl-C stops it",
    "install": "only make .venv and install the packages",
    "test": "run all tests, with what they need",
    "check": "verify format, lint, types and imports; changes nothing",
    "fix": "format, and repair what the linter can",
    "bench": "measure latency and CPU",
    "chaos": "break everything under load, and balance the ledger",
    "legibility": "measure how much of a screen can be read of what is sent of it",
    "monitor": "watch sessions and workers",
    "lock": "choose the newest versions of all packages for constraints.txt",
}


def main() -> int:
    """Run one command; return the exit code."""
    arguments = _parse_arguments()
    root = Path(__file__).absolute().parents[1]
    checkout = Checkout(root, (arguments.home or root).absolute())
    try:
        if not arguments.installed:
            _install(checkout, arguments.command)
            if arguments.command == "install":
                print("Installed. `make run` starts Overshoulder.")
                return 0
            _continue_inside_venv(checkout)
        return _carry_out(checkout, arguments.command, arguments.rest)
    except CannotGoOn as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/start", allow_abbrev=False)
    parser.add_argument("--home", type=Path, help="directory of .env and .run, if not this one")
    parser.add_argument(
        "--installed", action="store_true", help="use this Python's packages; install nothing"
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="handed on to the tool")
    return parser.parse_args()


def _install(checkout: Checkout, command: str) -> None:
    environment = Environment.read(os.environ, checkout.home / ".env")
    if command == "run":
        # Nothing is to be replaced under a system that runs.
        with only_run(checkout, ""):
            install(checkout, _extras_to_run(environment))
    else:
        install(checkout, _extras_to_run(environment) if command == "install" else _all_extras())


def _extras_to_run(environment: Environment) -> list[str]:
    extras = [*SERVICE_EXTRAS]
    if not environment.talks_to_gemini:
        extras += STAND_IN_EXTRAS
    if not environment.get("REDIS_URL") and redis_server.find_installed() is None:
        extras.append("run")
    return extras


def _all_extras() -> list[str]:
    return [*ALL_EXTRAS] if redis_server.find_installed() else [*ALL_EXTRAS, "run"]


def _continue_inside_venv(checkout: Checkout) -> None:
    """Start again under the interpreter that has the packages, in this same process."""
    words = sys.argv[1:]
    sys.stdout.flush()
    os.execv(checkout.python, [str(checkout.python), "-m", "deploy", "--installed", *words])


def _carry_out(checkout: Checkout, command: str, rest: list[str]) -> int:
    # Imported here, because these need the packages that were not there until now.
    from deploy import lock, run, tasks  # noqa: PLC0415

    if command == "run":
        run.run(checkout)
        return 0
    if command == "lock":
        lock.write_constraints(checkout)
        return 0
    carry_out = {
        "test": tasks.test,
        "check": tasks.check,
        "fix": tasks.fix,
        "bench": tasks.bench,
        "chaos": tasks.chaos,
        "legibility": tasks.legibility,
        "monitor": tasks.monitor,
    }[command]
    return carry_out(checkout, rest)


if __name__ == "__main__":
    sys.exit(main())
