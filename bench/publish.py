"""Renews the figures in docs/: tables between two marks of a page, the plot, and all numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.plot import draw
from bench.report import as_markdown

DOCS = Path(__file__).parents[1] / "docs"


def publish(document: Mapping[str, Any], docs: Path = DOCS) -> None:
    """Write docs/performance.json and the plot, and put the table into docs/performance.md."""
    table = as_markdown(document["figures"], document["missing"])
    renew(docs / "performance.md", "bench", table)
    draw(document["figures"], docs / "images" / "performance.svg")
    kept = {"figures": document["figures"], "missing": document["missing"]}
    json = orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (docs / "performance.json").write_bytes(json)


def renew(page: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks ``<!-- name: begin -->`` and ``<!-- name: end -->``.

    Raises:
        ValueError: If the page has no such marks.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    block = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
    old = page.read_text(encoding="utf-8")
    new, count = block.subn(lambda _: f"{text}\n", old)
    if count != 1:
        raise ValueError(f"{page.name} has no place for {name}")
    page.write_text(new, encoding="utf-8")
