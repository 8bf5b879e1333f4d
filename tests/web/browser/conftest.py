"""Chromium, the page's server, and an open page."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.web.browser.page_server import ROOT, Gateway, PageServer, serving, until

QUIET_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MEDIA = [
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    # A substring of the title of the tab that is shared. Headless Chromium has no picker to click.
    "--auto-select-tab-capture-source-by-title=capture-target",
]


def chromium_path() -> str:
    """Return the Chromium to be driven."""
    return os.environ.get("OVERSHOULDER_CHROMIUM", "/usr/bin/chromium")


async def launch(playwright: Playwright, *more: str) -> Browser:
    """Start Chromium."""
    return await playwright.chromium.launch(
        executable_path=chromium_path(), headless=True, args=[*QUIET_CHROMIUM, *more]
    )


@dataclass
class Visit:
    """A page that is open, and what stands behind it."""

    page: Page
    context: BrowserContext
    server: PageServer
    errors: list[str]
    """What the page complained about on its console."""

    @property
    def gateway(self) -> Gateway:
        return self.server.gateway

    async def click(self, action: str) -> None:
        """Press the button that is to be seen of those with this action."""
        await self.page.locator(f"button[data-action='{action}']:visible").first.click()

    async def reaches(self, state: str) -> None:
        """Wait until the page shows this state."""
        await self.page.locator(f"html[data-state='{state}']").wait_for(
            state="attached", timeout=8_000
        )

    async def start(self, action: str = "start-type") -> None:
        """Start a conversation and have the model come live."""
        await self.click(action)
        await until(lambda: self.gateway.socket)
        await self.gateway.go_live()
        await self.page.locator("html[data-phase='live']").wait_for(state="attached")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """One Chromium for all tests, with a microphone that beeps and a tab to share."""
    running = await launch(playwright, *MEDIA)
    yield running
    await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with serving(PageServer()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, server: PageServer) -> AsyncIterator[Visit]:
    """The page in a fresh profile, microphone allowed; it must not complain on its console."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["microphone"]
    )
    opened = await open_page(context, server)
    yield opened
    await context.close()
    assert opened.errors == []
    assert server.gateway.violations == []


async def open_page(context: BrowserContext, server: PageServer) -> Visit:
    """Open the page and wait until it knows who answers."""
    errors: list[str] = []
    page = await context.new_page()
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    async with page.expect_response("**/api/ticket"):
        await page.goto(server.url)
    return Visit(page, context, server, errors)


@pytest.fixture(scope="session")
def results() -> Path:
    """Where screenshots go; not kept in the repository."""
    folder = ROOT / "test-results"
    folder.mkdir(exist_ok=True)
    return folder
