"""How it looks, and that it is fit for everybody's eyes and ears.

The screenshots under test-results/ are there to be looked at.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import ROOT, PageServer, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = ROOT / "services/web/node_modules/axe-core/axe.min.js"
QUESTION = "What does the last line say?"
ANSWER = "It says that twelve thousand units were sold, eight percent more than before."


async def violations(visit: Visit) -> list[str]:
    """Return what axe-core has against the page as it is."""
    # The page's policy forbids foreign scripts; this way in is the debugger's.
    session = await visit.context.new_cdp_session(visit.page)
    await session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    run = "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
    found: dict[str, Any] = await visit.page.evaluate(run)
    return [
        f"{violation['id']}: {[node['html'][:120] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]


async def is_wide(visit: Visit) -> bool:
    """Return whether the page would have to be scrolled sideways."""
    root = "document.scrollingElement"
    return bool(await visit.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


@pytest.mark.parametrize(
    ("theme", "width", "height"),
    [
        *(("light", 360, 740), ("dark", 360, 740), ("light", 1280, 800), ("dark", 1280, 800)),
        # A window of 1280 by 800 at 200 %, and a screen of 4K.
        *(("light", 640, 400), ("dark", 3840, 2160)),
    ],
)
async def test_fit_for_everybody(
    browser: Browser, server: PageServer, results: Path, theme: str, width: int, height: int
) -> None:
    """Before, during and after a conversation axe-core has nothing against the page."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        permissions=["microphone"],
    )
    target = await context.new_page()
    await target.goto(f"{server.url}/target")
    visit = await open_page(context, server)
    found = {}

    async def check(name: str) -> None:
        await visit.page.screenshot(path=results / f"{name}-{theme}-{width}.png")
        found[name] = await violations(visit)
        if await is_wide(visit):
            found[name].append("scrolls sideways")

    await check("idle")
    await visit.start("start-screen")
    await until(lambda: server.gateway.pictures)
    await check("empty")
    await server.gateway.answer(1, QUESTION, ANSWER)
    await server.gateway.say(type="transcript", turn=2, role="assistant", text="And", final=False)
    await server.gateway.say(type="interrupted", turn=2)
    await server.gateway.say(type="gap", kind="audio", first=1, last=80)
    await visit.page.get_by_text("were lost").wait_for()
    await check("live")
    for dialog in ("settings", "keys", "zoom"):
        await visit.click(dialog)
        await check(dialog)
        await visit.page.keyboard.press("Escape")
    await visit.click("end")
    await visit.reaches("ended")
    await check("ended")
    await context.close()

    assert {name: list_ for name, list_ in found.items() if list_} == {}


async def test_text_grows_with_the_screen(browser: Browser, server: PageServer) -> None:
    """On a wall of 4K no text is smaller than 18 px; on a desk the page's own size is 16 px."""
    context = await browser.new_context(viewport={"width": 3840, "height": 2160})
    visit = await open_page(context, server)
    await visit.start("start-type")
    await server.gateway.answer(1, QUESTION, ANSWER)
    await visit.page.get_by_role("log").get_by_text(ANSWER).wait_for()
    smallest = await visit.page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('body *')]
          .filter((element) => element.checkVisibility() && element.innerText?.trim())
          .map((element) => parseFloat(getComputedStyle(element).fontSize)))"""
    )
    await visit.page.set_viewport_size({"width": 1280, "height": 800})
    usual = await visit.page.evaluate("getComputedStyle(document.body).fontSize")
    await context.close()

    assert smallest >= 18
    assert usual == "16px"


async def test_the_newest_words_stay_in_view(browser: Browser, server: PageServer) -> None:
    """A notice that takes room from the words does not leave the newest of them out of sight."""
    context = await browser.new_context(viewport={"width": 360, "height": 740})
    visit = await open_page(context, server)
    await visit.start("start-type")
    for turn in range(1, 8):
        await server.gateway.answer(turn, QUESTION, ANSWER)
    await server.gateway.say(type="gap", kind="audio", first=1, last=80)
    await visit.page.get_by_text("were lost").wait_for()
    await asyncio.sleep(0.3)
    below = await visit.page.locator("[data-role='log']").evaluate(
        "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    )
    is_offered = await visit.page.locator("[data-role='jump']").is_visible()
    await context.close()

    assert below < 2
    assert not is_offered


async def test_finished_sentences_are_read_out(visit: Visit) -> None:
    """A screen reader hears whole sentences of the answer, once each, and not each word."""
    await visit.start()
    region = visit.page.locator("[data-role='announce-words'] p")
    parts = ["It is ", "blue. And it ", "costs 3", ".5 euros."]

    for part in parts:
        await visit.gateway.say(type="transcript", turn=1, role="assistant", text=part, final=False)
    await visit.page.get_by_text("It is blue. And it costs 3.5 euros.").wait_for()
    before_end = await region.all_inner_texts()
    await visit.gateway.say(type="turn_end", turn=1)
    await until(lambda: True)
    await asyncio.sleep(0.2)

    assert before_end == ["It is blue."]
    assert await region.all_inner_texts() == ["It is blue.", "And it costs 3.5 euros."]


async def test_theme_is_remembered(visit: Visit) -> None:
    """The theme that was switched to outlives a reload."""
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = await visit.page.evaluate(paper)

    await visit.click("theme")
    switched = await visit.page.evaluate(paper)
    async with visit.page.expect_response("**/api/ticket"):
        await visit.page.reload()

    assert before != switched
    assert await visit.page.evaluate(paper) == switched


async def test_the_standin_is_named(visit: Visit) -> None:
    """Who answers is said before anything is asked, and is not said to be Gemini."""
    note = "Local stand-in — not Gemini. Set GEMINI_API_KEY to talk to Gemini."

    assert await visit.page.get_by_text(note).is_visible()


async def test_a_phone_is_offered_what_works(browser: Browser, server: PageServer) -> None:
    """Without screen sharing there is no button for it; a camera is offered where there is one."""
    context = await browser.new_context(viewport={"width": 360, "height": 740})
    await context.add_init_script("delete MediaDevices.prototype.getDisplayMedia")
    visit = await open_page(context, server)

    await visit.page.get_by_role("button", name="Show the camera and talk").wait_for()
    assert not await visit.page.get_by_role("button", name="Share screen and talk").is_visible()
    await context.grant_permissions(["camera", "microphone"], origin=server.url)
    await visit.start("start-camera")
    await until(lambda: server.gateway.pictures)
    share = server.gateway.of_type("share")[0]
    can_share = await visit.page.get_by_role("button", name="Share screen").is_visible()
    await context.close()

    assert share["surface"] == "camera"
    assert not can_share


async def test_a_phone_is_offered_a_photo(browser: Browser, server: PageServer) -> None:
    """Where nothing can be shared, a photo is sent instead; what is no picture is told."""
    context = await browser.new_context(viewport={"width": 360, "height": 740})
    await context.add_init_script("delete MediaDevices.prototype.getDisplayMedia")
    visit = await open_page(context, server)
    files = visit.page.locator("[data-role='photo-file']")
    await files.set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"this is no picture"}
    )
    await visit.page.get_by_text("This file is no picture").wait_for()
    png = await visit.page.screenshot()

    async with visit.page.expect_file_chooser() as choosing:
        await visit.page.get_by_role("button", name="Ask about a photo").click()
    chooser = await choosing.value
    await chooser.set_files({"name": "shot.png", "mimeType": "image/png", "buffer": png})
    await until(lambda: server.gateway.socket)
    await server.gateway.go_live()
    await until(lambda: server.gateway.pictures)
    problems = await violations(visit)
    await context.close()

    assert server.gateway.of_type("share")[0]["surface"] == "photo"
    assert problems == []
    assert visit.errors == []
