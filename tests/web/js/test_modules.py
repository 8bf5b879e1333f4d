"""Runs the tests of the page's pure modules by Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from web.page_files import read_page

STATIC = Path(__file__).parents[3] / "services/web/static"


def test_page_asks_nobody_else() -> None:
    """Nothing that is sent of the page is fetched from, or refers to, another origin."""
    addresses = {
        address
        for file in read_page(STATIC).values()
        for address in re.findall(r"(?:https?|wss?)://[^\s\"'`)\\]+", file.body.decode())
    }

    assert addresses == {"http://www.w3.org/2000/svg"}


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
