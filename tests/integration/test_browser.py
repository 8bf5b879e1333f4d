"""The main job in a real browser: a screen is shared, a question is spoken, the answer is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser import (
    SHARED_TITLE,
    chromium,
    keep_picture,
    press,
    serve_page,
    shown,
    silent,
    spoken,
)
from tests.support.processes import until
from tests.support.system import System

SCREEN = """<body style="margin:60px;font:28px/1.6 sans-serif;background:#fff;color:#111">
<h1>Quarterly report</h1><p>Revenue rose to 4182 dollars.</p><p>The deadline is Friday.</p>"""


@pytest.mark.browser
@pytest.mark.audio
@pytest.mark.models
async def test_a_spoken_question_about_the_screen_is_answered_aloud(
    empty_system: System, tmp_path: Path
) -> None:
    """What stands on the shared tab comes back in words and in sound."""
    await empty_system.start_live(LOCAL_LIVE_MODE="assistant")
    await empty_system.start_worker()
    address = await serve_page(empty_system)
    question = spoken(tmp_path, "What does my screen say?", before_s=4.0, after_s=30.0)

    with shown(SCREEN) as screen:
        async with chromium(microphone=question) as browser:
            other = await browser.new_page()
            await other.goto(screen)
            assert await other.title() == SHARED_TITLE
            page = await browser.new_page()
            await page.goto(address)
            await press(page, "start-screen")

            async def answer() -> str:
                texts = await page.locator("[data-role='message'][data-from='assistant']").all()
                return " ".join([await text.inner_text() for text in texts])

            async def is_read_out() -> bool:
                said = (await answer()).lower()
                return "4182" in said.replace(",", "") and "friday" in said

            async def is_loud() -> bool:
                return bool(await page.evaluate("window.loudness()") > 0.02)

            try:
                await until(is_loud, "the answer is heard", 90)
                await until(is_read_out, "the answer reads the screen", 60)
            finally:
                await keep_picture(page, "conversation")


@pytest.mark.browser
@pytest.mark.audio
async def test_speaking_over_the_answer_silences_it(empty_system: System, tmp_path: Path) -> None:
    """A long answer is heard until the user speaks; then the page falls silent and says so."""
    await empty_system.start_live()
    await empty_system.start_worker()
    address = await serve_page(empty_system)
    objection = spoken(tmp_path, "No, stop, that is not what I meant", before_s=9.0, after_s=60.0)

    async with chromium(microphone=objection) as browser:
        page = await browser.new_page()
        await page.goto(address)
        await press(page, "start-talk")
        await page.locator("html[data-phase='live']").wait_for(state="attached")
        await page.locator("#composer-text").fill("say 300")
        await page.keyboard.press("Enter")

        async def loudness() -> float:
            return float(await page.evaluate("window.loudness()"))

        async def is_loud() -> bool:
            return await loudness() > 0.05

        async def is_silent() -> bool:
            return await loudness() < 0.001

        await until(is_loud, "the answer is heard", 8)
        cut = page.locator("[data-role='message'][data-from='assistant'][data-cut='true']")
        await cut.wait_for(state="attached", timeout=30_000)
        await until(is_silent, "the page falls silent", 2)
        await keep_picture(page, "interrupted")


@pytest.mark.browser
async def test_stop_sharing_stops_the_pictures(empty_system: System, tmp_path: Path) -> None:
    """A change on the shared tab reaches the model; after "Stop sharing" none does."""
    await empty_system.start_live()
    await empty_system.start_worker()
    address = await serve_page(empty_system)

    async def pictures() -> int:
        ledger = (await empty_system.control(op="ledger"))["ledger"]
        return sum(item["kind"] == "video" for entry in ledger for item in entry["items"])

    with shown(SCREEN) as screen:
        async with chromium(microphone=silent(tmp_path)) as browser:
            other = await browser.new_page()
            await other.goto(screen)
            page = await browser.new_page()
            await page.goto(address)
            await press(page, "start-screen")
            await until(pictures, "the first picture")
            before = await pictures()
            await other.evaluate("document.body.style.background = '#0a0'")

            async def changed() -> bool:
                return await pictures() > before

            await until(changed, "the change is seen")

            await press(page, "share")
            await page.locator("[data-role='share']:has-text('Share')").wait_for()
            await page.locator("#composer-text").fill("before the change")
            await page.keyboard.press("Enter")
            await page.get_by_role("log").get_by_text("You said: before the change").wait_for()
            stopped_at = await pictures()
            await other.evaluate("document.body.style.background = '#a00'")
            await page.locator("#composer-text").fill("after the change")
            await page.keyboard.press("Enter")
            await page.get_by_role("log").get_by_text("You said: after the change").wait_for()

            assert await pictures() == stopped_at
