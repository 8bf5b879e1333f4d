"""Where Pipecat lives: in an environment of its own, so that its pins do not touch ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PIPECAT = "pipecat-ai[google,websocket]==1.14.0"
SERVER = "uvicorn[standard]"
"""What runs it; with uvloop."""

PIPECAT_BOT = Path(__file__).with_name("pipecat_bot.py")
_MARK = "installed"


class PipecatMissing(RuntimeError):
    """Pipecat cannot be installed here."""


def pipecat_python() -> Path:
    """Return the interpreter that has Pipecat, installing it the first time (about 400 MB).

    Raises:
        PipecatMissing: With the installer's last words, if it cannot be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "overshoulder" / f"bench-{PIPECAT.rpartition('==')[2]}"
    python = home / "bin" / "python"
    if not (home / _MARK).exists():
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", "--quiet", PIPECAT, SERVER],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise PipecatMissing((done.stderr or done.stdout).strip().rpartition("\n")[2])
        (home / _MARK).touch()
    return python
