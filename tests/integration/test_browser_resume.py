"""The page is reloaded, or its network breaks, in the middle of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.browser import chromium, press, serve_page, silent
from tests.support.processes import until
from tests.support.proxy import Proxy
from tests.support.system import System

pytestmark = pytest.mark.browser

WORDS = 60


@asynccontextmanager
async def conversation(
    system: System, folder: Path, proxy: Proxy | None = None
) -> AsyncIterator[Page]:
    """Open the page and have a first question answered."""
    await system.start_live()
    await system.start_worker()
    address = await serve_page(system, proxy)
    async with chromium(microphone=silent(folder)) as browser:
        page = await browser.new_page()
        await page.goto(address)
        await press(page, "start-type")
        await ask(page, "First question")
        await says(page, "You said: First question")
        # Asked before the answer is over, the next question cuts it off: then only what was heard
        # of it would be remembered.
        await page.locator("html[data-state='ready']").wait_for(state="attached")
        yield page


async def ask(page: Page, question: str) -> None:
    await page.locator("#composer-text").fill(question)
    await page.keyboard.press("Enter")


async def says(page: Page, text: str) -> None:
    """Wait until the transcript shows ``text`` in an answer."""
    answer = page.locator("[data-role='message'][data-from='assistant']", has_text=text)
    await answer.first.wait_for(timeout=60_000)


async def sessions(system: System) -> int:
    async with system.look() as redis:
        return int(await redis.zcard("sessions"))


async def questions(page: Page) -> list[str]:
    """Return what the page shows of what was typed, the one that is being answered among it."""
    return await page.locator(
        "[data-role='message'][data-from='user'] [data-role='message-text']"
    ).all_inner_texts()


async def test_a_reloaded_page_goes_on(empty_system: System, tmp_path: Path) -> None:
    """After a reload in mid-answer it is the same conversation, with all that was said."""
    async with conversation(empty_system, tmp_path) as page:
        await ask(page, f"say {WORDS}")
        await says(page, "word3 ")

        await page.reload()

        await says(page, "You said: First question")
        await says(page, "word1 word2 word3 word4 word5 word6 word7 word8 word9 word10")
        await ask(page, "Second question")
        await says(page, "You said: Second question")
        assert await questions(page) == ["First question", f"say {WORDS}", "Second question"]
        assert await sessions(empty_system) == 1


async def test_a_page_whose_network_broke_goes_on(empty_system: System, tmp_path: Path) -> None:
    """After a break in mid-answer the answer is complete, and what was asked meanwhile answered."""
    proxy = Proxy()
    async with conversation(empty_system, tmp_path, proxy) as page:
        await ask(page, f"say {WORDS}")
        await says(page, "word3 ")

        proxy.cut()
        await page.locator("html[data-state='resuming'], html[data-state='offline']").wait_for(
            state="attached"
        )
        proxy.mend()

        await says(page, " ".join(f"word{number}" for number in range(1, WORDS + 1)))
        await ask(page, "Second question")
        await says(page, "You said: Second question")
        answers = page.locator("[data-role='message'][data-from='assistant']")
        assert await answers.count() == 3
        assert await sessions(empty_system) == 1
    await proxy.stop()


async def test_the_page_stays_while_a_worker_dies(empty_system: System, tmp_path: Path) -> None:
    """The half answer is dropped and given anew; the page says that it is resuming."""
    async with conversation(empty_system, tmp_path) as page:
        await ask(page, f"say {WORDS}")
        await says(page, "word3 ")
        await empty_system.start_worker()

        await empty_system.workers[0].kill()

        await says(page, " ".join(f"word{number}" for number in range(1, WORDS + 1)))

        async def is_listening() -> bool:
            state = await page.locator("html").get_attribute("data-state")
            return state in {"listening", "muted", "ready", "live"}

        await until(is_listening, "the page is live again", 40)
