"""The page goes on watching while nobody sees it: that is when it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.web.browser.devtools import Devtools, Tab, devtools
from tests.web.browser.page_server import PageServer, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WATCHED_S = 6.0
FILM = """
  let step = 0;
  setInterval(() => {
    document.getElementById('box').style.left = `${80 + (step++ % 50) * 10}px`;
  }, 50);
"""
"""Moves something on the shared page, which is in front, twenty times a second."""
CLOCKS = """
  window.drawn = 0;
  window.ticks = 0;
  (function draw() { window.drawn += 1; requestAnimationFrame(draw); })();
  setInterval(() => { window.ticks += 1; }, 50);
"""


@dataclass
class Desk:
    """The page in one window, what it shares in another."""

    server: PageServer
    page: Tab
    shared: Tab

    async def pictures_in(self, seconds: float) -> int:
        """Count the overviews that come while the user is in conversation."""
        gateway = self.server.gateway
        asked = len(gateway.of_type("text"))
        field = "document.getElementById('composer-text')"
        await self.page.run(f"{field}.value = 'What moves there?'")
        await self.page.run("document.querySelector('[data-role=composer]').requestSubmit()")
        await until(lambda: len(gateway.of_type("text")) > asked)
        before = len(gateway.pictures)
        await asyncio.sleep(seconds)
        return sum(not picture.is_close_up for picture in gateway.pictures[before:])


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(tmp_path: Path) -> AsyncIterator[Devtools]:
    async with devtools(tmp_path / "profile") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Devtools, server: PageServer) -> Desk:
    """A page that shares a film, in full view."""
    shared = await chromium.open(f"{server.url}/target")
    page = await chromium.open(server.url)
    await page.has("[data-role='standin']:not([hidden])")
    await page.run("document.querySelector('[data-action=start-screen]').click()")
    await until(lambda: server.gateway.socket)
    await server.gateway.go_live()
    await until(lambda: server.gateway.pictures)
    await shared.run(FILM)
    await page.run(CLOCKS)
    await page.show()
    return Desk(server, page, shared)


@pytest.mark.parametrize("how", ["covered", "minimised"])
async def test_watching_goes_on_while_the_page_is_hidden(desk: Desk, how: str) -> None:
    """As many pictures come from a hidden page as from one in view, though its timers stop."""
    in_view = await desk.pictures_in(WATCHED_S)

    await (desk.shared.show() if how == "covered" else desk.page.minimise())
    drawn = await desk.page.run("window.drawn")
    hidden = await desk.pictures_in(WATCHED_S)

    assert await desk.page.run("document.visibilityState") == "hidden"
    assert await desk.page.run("window.drawn") <= drawn + 1, "the page was not really hidden"
    assert in_view >= 2
    assert hidden >= in_view - 1
