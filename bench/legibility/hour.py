"""An hour of reading a paper, recorded as a script and replayed faster than it went by."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Route

from bench.legibility.delivery import Desk, desk
from bench.legibility.report import HOUR_S, Hour

SCRIPT = Path(__file__).parent / "reading.json"
"""What the reader did, seconds from the start: scrolled so many pixels, marked a line, asked."""
CLOCK = "**/js/socket.js"
_NOW = "performance.timeOrigin + performance.now()"
"""How the page's worker tells the time by which it decides what to send, and when."""


async def read_for_an_hour(speed: float) -> Hour:
    """Replay the script, and count what was sent.

    Args:
        speed: How many times faster than it was recorded. Only the clock by which pictures are
            paced runs faster: at 20 making one seems to take twenty times as long, which at one
            picture a minute changes nothing.
    """
    steps: list[dict[str, Any]] = json.loads(SCRIPT.read_text(encoding="utf-8"))

    async def prepare(context: BrowserContext) -> None:
        async def faster(route: Route) -> None:
            response = await route.fetch()
            source = await response.text()
            if source.count(_NOW) != 1:
                raise LookupError(f"{CLOCK} does not tell the time by `{_NOW}` any more")
            await route.fulfill(response=response, body=source.replace(_NOW, f"{_NOW} * {speed}"))

        await context.route(CLOCK, faster)

    async with desk("reading", prepare) as shared:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        for step in steps:
            await asyncio.sleep(max(0.0, started_s + step["at_s"] / speed - loop.time()))
            await _do(shared, step)
        await asyncio.sleep(max(0.0, started_s + HOUR_S / speed - loop.time()))
        pictures = {picture.number: picture for picture in shared.pictures}.values()
    close_ups = sum(picture.is_close_up for picture in pictures)
    questions = sum("ask" in step for step in steps)
    return Hour(
        scrolls=len(steps) - questions,
        questions=questions,
        overviews=len(pictures) - close_ups,
        close_ups=close_ups,
        sent_bytes=sum(len(picture.jpeg) for picture in pictures),
    )


async def _do(shared: Desk, step: dict[str, Any]) -> None:
    if "ask" in step:
        await shared.visit.page.get_by_label("Type a question").fill(step["ask"])
        await shared.visit.page.keyboard.press("Enter")
    elif "mark" in step:
        await shared.target.evaluate("window.mark()")
    else:
        await shared.target.mouse.wheel(0, step["scroll"])
