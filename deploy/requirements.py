"""Prints what one service needs, for a Dockerfile layer that outlives changes of the sources.

Usage: python requirements.py pyproject.toml [extra ...]
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def list_requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """Return the requirements that every service has, and those of ``extras``."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(line for extra in extras for line in optional[extra])]


if __name__ == "__main__":
    print("\n".join(list_requirements(Path(sys.argv[1]), sys.argv[2:])))
