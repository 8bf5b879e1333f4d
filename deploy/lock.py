"""Makes constraints.txt: the newest versions that fit together, each pinned."""

from __future__ import annotations

import platform
import subprocess
import tempfile
import venv
from pathlib import Path

from deploy.checkout import Checkout
from deploy.errors import CannotGoOn

HEADER = """\
# Every version that Overshoulder is installed with. Made by `make lock`, which installs all extras
# into an empty environment (here: Python {python} on {system}) and writes down what it got.
# These are constraints, not requirements: a line takes effect only where the package is needed.
"""


def write_constraints(checkout: Checkout) -> None:
    """Install everything afresh, without constraints, and pin what came out.

    Raises:
        CannotGoOn: If the installation fails.
    """
    extras = "gateway,worker,web,local,voice,dev,bench,run"
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        pip = [str(Path(directory, "bin", "python")), "-m", "pip", "--disable-pip-version-check"]
        # Editable, because anything else would leave a build directory among the sources.
        install = [
            *(*pip, "install", "--no-input", "--progress-bar", "off"),
            *("--editable", f"{checkout.root}[{extras}]"),
        ]
        if subprocess.run(install, check=False).returncode != 0:
            raise CannotGoOn("The packages could not be installed; see above.")
        freeze = [*pip, "freeze", "--exclude-editable"]
        pins = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    header = HEADER.format(python=platform.python_version(), system=platform.system())
    lines = sorted((line for line in pins.splitlines() if "==" in line), key=str.lower)
    path = checkout.root / "constraints.txt"
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} versions pinned in {path.name}.")
