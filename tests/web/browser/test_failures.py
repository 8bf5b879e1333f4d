"""What goes wrong is told in place, in plain words, with one next step; typing always works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Playwright

from tests.web.browser.conftest import Visit, launch, open_page
from tests.web.browser.page_server import PageServer, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def visiting(
    playwright: Playwright, server: PageServer, *flags: str, microphone: bool = True
) -> AsyncIterator[Visit]:
    """Open the page in a Chromium of its own, with other flags."""
    browser = await launch(playwright, *flags)
    context = await browser.new_context(permissions=["microphone"] if microphone else [])
    yield await open_page(context, server)
    await browser.close()


async def typing_works(visit: Visit) -> None:
    await visit.page.get_by_label("Type a question").fill("Hello?")
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))


async def test_no_microphone(playwright: Playwright, server: PageServer) -> None:
    """Without a microphone the page says so and the conversation goes on in writing."""
    async with visiting(playwright, server) as visit:
        await visit.start("start-talk")

        await visit.page.get_by_text("No microphone was found.").wait_for()
        assert await visit.page.get_by_role("button", name="Look again").is_visible()
        await typing_works(visit)


async def test_refused_microphone(playwright: Playwright, server: PageServer) -> None:
    """A refused microphone is told with what to do, and can be asked for again."""
    flags = ["--use-fake-device-for-media-stream"]
    async with visiting(playwright, server, *flags, microphone=False) as visit:
        await visit.start("start-talk")
        await visit.page.get_by_text("The microphone is blocked for this page.").wait_for()
        await typing_works(visit)

        await visit.context.grant_permissions(["microphone"], origin=server.url)
        await visit.page.get_by_role("button", name="Try again").click()

        await until(lambda: visit.gateway.audio)
        assert not await visit.page.get_by_text("The microphone is blocked").is_visible()


async def test_refused_screen(playwright: Playwright, server: PageServer) -> None:
    """A picker that was cancelled leads back to the start, with one next step and nothing on."""
    flags = ["--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream"]
    async with visiting(playwright, server, *flags) as visit:
        await visit.click("start-screen")

        await visit.page.get_by_text("Nothing was shared.").wait_for()
        assert await visit.page.get_by_role("button", name="Choose what to share").is_visible()
        await visit.reaches("idle")
        assert visit.gateway.hellos == []


@pytest.mark.parametrize("way", ["button", "Escape"])
async def test_picker_that_is_never_answered(visit: Visit, way: str) -> None:
    """Waiting for the user to pick can be cancelled; a pick that comes after that is let go."""
    # Not the browser's own picker, which in headless Chromium takes all clicks and shows nothing.
    await visit.page.evaluate(
        """() => {
          navigator.mediaDevices.getDisplayMedia = () => new Promise((resolve) => {
            globalThis.pick = () => resolve(
              globalThis.picked = document.createElement('canvas').captureStream());
          });
        }"""
    )
    await visit.click("start-screen")
    await visit.reaches("asking")

    if way == "button":
        await visit.click("cancel")
    else:
        await visit.page.keyboard.press(way)
    await visit.reaches("idle")
    await visit.page.evaluate("() => { pick(); }")
    await asyncio.sleep(0.2)

    assert await visit.page.get_by_role("button", name="Just type").is_visible()
    assert await visit.page.evaluate("picked.getTracks()[0].readyState") == "ended"
    assert visit.gateway.hellos == []


async def test_access_code(visit: Visit) -> None:
    """A private installation asks for its code, says when it is wrong, and then lets in."""
    visit.server.access_code = "open sesame"
    await visit.context.clear_cookies()
    await visit.page.reload()
    field = visit.page.get_by_label("What is its access code?")

    await field.fill("open barley")
    await visit.page.keyboard.press("Enter")
    await visit.page.get_by_text("That is not the access code.").wait_for()
    assert not await visit.page.get_by_role("button", name="Just type").is_visible()
    await field.fill("open sesame")
    await visit.page.keyboard.press("Enter")
    await visit.start()
    await typing_works(visit)

    # Chromium itself writes a line for each 401.
    assert all("401" in error for error in visit.errors)
    visit.errors.clear()


async def test_server_that_is_away(visit: Visit) -> None:
    """A page whose server has gone says so and tries again by itself."""
    await visit.start()
    visit.gateway.accepts = False

    await visit.gateway.cut(1013)
    await visit.reaches("resuming")
    await visit.page.get_by_label("Type a question").fill("Are you back?")
    await visit.page.keyboard.press("Enter")
    visit.gateway.accepts = True

    await until(lambda: visit.gateway.of_type("text"), limit_s=20)
    await visit.reaches("thinking")
    visit.errors[:] = [error for error in visit.errors if "WebSocket" not in error]


async def test_words_are_shown_as_words(visit: Visit) -> None:
    """Markup in what was said or recognised is shown, not obeyed."""
    await visit.start()
    markup = "<img src=x onerror=alert(1)><b>bold</b>"

    await visit.gateway.answer(1, markup, markup)

    texts = visit.page.locator("[data-role='message-text']")
    await until(lambda: visit.gateway._said >= 6)
    await texts.nth(1).wait_for()
    assert await texts.all_inner_texts() == [markup, markup]
    assert await texts.locator("img, b").count() == 0


async def test_lost_speech_is_told(visit: Visit) -> None:
    """A gap that the server reports is told, in seconds."""
    await visit.start()

    await visit.gateway.say(type="gap", kind="audio", first=41, last=115)

    await visit.page.get_by_text("About 3 seconds of what you said were lost.").wait_for()


async def test_a_notice_goes_when_it_has_come_true(visit: Visit) -> None:
    """That the model is tried again is told until it is there."""
    await visit.start()
    message = "The model cannot be reached; trying again."
    notice = visit.page.get_by_text(message)

    await visit.gateway.say(type="notice", code="model_unreachable", message=message)
    await notice.wait_for()
    await visit.gateway.say(type="state", state="live", model="gemini-3.8-live")

    await notice.wait_for(state="hidden")


async def test_messages_of_a_newer_gateway_do_no_harm(visit: Visit) -> None:
    """A message that this page does not know, or cannot read, is skipped."""
    await visit.start()

    await visit.gateway.say(type="weather", degrees=21)
    await visit.gateway.say(type="transcript", turn="one", role="user", text=5, final="no")
    await visit.gateway.answer(1, "Why?", "Because.")

    await visit.page.get_by_text("Because.").first.wait_for()
    await asyncio.sleep(0)
    assert len(visit.gateway.hellos) == 1
