"""Runs the tests of the page's pure modules by Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def test_pure_modules_of_the_page() -> None:
    """Every test of the page's pure modules passes under Node."""
    node = shutil.which("node")
    if node is None and not os.environ.get("CI"):
        pytest.skip("Node is not installed")
    assert node, "Node is needed for the tests of the page's modules"
    tests = sorted(Path(__file__).parent.glob("*.test.mjs"))

    run = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False)

    assert tests
    assert run.returncode == 0, run.stdout + run.stderr
