"""What was printed, put into docs/scale.md as it stands."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from bench.publish import DOCS, renew

PAGE = DOCS / "scale.md"


def publish_plain(console: Console, name: str, page: Path = PAGE) -> None:
    """Put what a recording console printed into the place ``name`` of the page."""
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    renew(page, name, "\n".join(["```", *lines, "```"]))
