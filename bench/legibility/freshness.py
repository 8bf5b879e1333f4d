"""How long it takes from a change on the screen until its pictures are at the endpoint."""

from __future__ import annotations

import time

from bench.legibility.delivery import Desk, desk
from bench.legibility.report import Fresh
from tests.web.browser.page_server import until

TRIALS = 20
SETTLE_MS = 250.0
"""How long the page waits for a change to settle; services/web/static/js/pace.js."""


async def measure_freshness() -> Fresh:
    """Change one line of the terminal again and again, while the user is in conversation."""
    overview_ms, close_up_ms = [], []
    async with desk("terminal") as shared:
        await shared.target.evaluate("window.change()")
        for trial in range(TRIALS):
            await _ask(shared)
            count = len(shared.pictures)
            await shared.settled(count - 1, quiet_s=2.5)
            count = len(shared.pictures)
            changed_s = time.monotonic()
            await shared.target.evaluate(f"window.tick({trial})")
            overview, close_up = await shared.following(count, 2)
            overview_ms.append(1e3 * (overview.arrived_s - changed_s) - SETTLE_MS)
            close_up_ms.append(1e3 * (close_up.arrived_s - changed_s) - SETTLE_MS)
    return Fresh(overview_ms, close_up_ms)


async def _ask(shared: Desk) -> None:
    """Type a question, so that the page takes the user to be in conversation."""
    page, gateway = shared.visit.page, shared.visit.gateway
    asked = len(gateway.of_type("text"))
    await page.get_by_label("Type a question").fill("What does the last line say?")
    await page.keyboard.press("Enter")
    await until(lambda: len(gateway.of_type("text")) > asked)
