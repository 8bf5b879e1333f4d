"""Renews the figures in docs/: the table, the plot, and all numbers as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.plot import draw
from bench.report import as_markdown

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"(<!-- bench: begin -->\n).*?(<!-- bench: end -->)", re.DOTALL)


def publish(document: Mapping[str, Any], docs: Path = DOCS) -> None:
    """Write docs/performance.json and the plot, and put the table into docs/performance.md."""
    page = docs / "performance.md"
    table = as_markdown(document["figures"], document["missing"])
    text = page.read_text(encoding="utf-8")
    page.write_text(_BLOCK.sub(lambda m: f"{m[1]}{table}\n{m[2]}", text), encoding="utf-8")
    draw(document["figures"], docs / "images" / "performance.svg")
    kept = {"figures": document["figures"], "missing": document["missing"]}
    json = orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (docs / "performance.json").write_bytes(json)
