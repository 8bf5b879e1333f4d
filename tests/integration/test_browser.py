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
