"""Programs that are not Python packages and that tests and checks need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from deploy.checkout import Checkout
from deploy.errors import CannotGoOn


@dataclass(frozen=True)
class Tool:
    """A program, under the names that it has on one system or another."""

    commands: tuple[str, ...]
    debian: str
    """Its package in Debian and Ubuntu."""
    homebrew: str
    """Its package in Homebrew."""

    @property
    def is_there(self) -> bool:
        """Whether one of the commands is on PATH."""
        return any(shutil.which(command) for command in self.commands)


ESPEAK = Tool(("espeak-ng",), "espeak-ng", "espeak-ng")
SOX = Tool(("sox",), "sox", "sox")
NODE = Tool(("npm",), "npm", "node")
CHROMIUM = Tool(
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "chromium",
    "chromium",
)
FOR_CHECKS = (NODE,)
FOR_TESTS = (ESPEAK, SOX, NODE)


def provide(wanted: tuple[Tool, ...]) -> None:
    """Install the tools that are missing, where that can be done without asking.

    Raises:
        CannotGoOn: If it cannot, with the command to type.
    """
    missing = [tool for tool in wanted if not tool.is_there]
    if not missing or _install_by_apt(missing):
        return
    if sys.platform == "darwin":
        how = f"brew install {' '.join(tool.homebrew for tool in missing)}"
    else:
        how = f"sudo apt-get install {' '.join(tool.debian for tool in missing)}"
    names = ", ".join(tool.commands[0] for tool in missing)
    raise CannotGoOn(f"Missing here: {names}. Type '{how}' and try again.")


def provide_browser(checkout: Checkout) -> None:
    """Make sure that there is a Chromium: the system's, or else Playwright's own.

    Raises:
        CannotGoOn: If neither can be had.
    """
    if CHROMIUM.is_there or _install_by_apt([CHROMIUM]):
        return
    command = [str(checkout.python), "-m", "playwright", "install", "chromium"]
    if subprocess.run(command, check=False).returncode != 0:
        raise CannotGoOn("There is no Chromium here, and it could not be downloaded.")


def _install_by_apt(tools: list[Tool]) -> bool:
    """Install ``tools`` by apt-get, if it is there and we may; return whether they are there."""
    if shutil.which("apt-get") is None:
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (
        shutil.which("sudo") is None
        or subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode
    ):
        return False
    packages = [tool.debian for tool in tools]
    print(f"Installing {', '.join(packages)}", flush=True)
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*apt, "update"], check=False)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", *packages], check=False)
    return all(tool.is_there for tool in tools)
