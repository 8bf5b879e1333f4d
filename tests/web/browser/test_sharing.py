"""What of the shared screen is sent, and when."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import PageServer, Picture, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SETTLED_S = 1.6
"""Longer than it takes a change to settle and be sent."""
BAND_PX = 24
"""The caption below each picture."""


@pytest_asyncio.fixture(loop_scope="session")
async def target(visit: Visit) -> AsyncIterator[Page]:
    """The tab that is shared."""
    page = await visit.context.new_page()
    await page.goto(f"{visit.server.url}/target")
    yield page


async def share(visit: Visit) -> None:
    await visit.start("start-screen")
    await visit.click("mute")
    await until(lambda: visit.gateway.pictures)
    await asyncio.sleep(SETTLED_S)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.jpeg)).convert("RGB")


async def test_first_picture_of_a_still_screen(visit: Visit, target: Page) -> None:
    """A screen that stands still is sent once, at its own size, and shown as sent."""
    await visit.start("start-screen")
    await visit.click("mute")
    await until(lambda: visit.gateway.pictures)
    await asyncio.sleep(SETTLED_S)
    count = len(visit.gateway.pictures)

    await asyncio.sleep(2 * SETTLED_S)

    assert len(visit.gateway.pictures) == count
    picture = opened(visit.gateway.pictures[-1])
    assert picture.size == (1280, 800 + BAND_PX)
    red, green, blue = picture.getpixel((200, 150))  # type: ignore[misc]
    assert (red < 80, green < 160, blue > 180) == (True, True, True)
    facts = await visit.page.locator("[data-role='picture-facts']").inner_text()
    assert "1280 × 800" in facts  # noqa: RUF001 - as the page writes it
    assert visit.gateway.of_type("share")[0]["active"] is True


async def test_one_changed_digit_is_sent(visit: Visit, target: Page) -> None:
    """A single digit that changes brings a new overview, and a close-up of where it stands."""
    await target.evaluate("document.getElementById('text').textContent = 'Total: 4711'")
    await share(visit)
    count = len(visit.gateway.pictures)

    await target.evaluate("document.getElementById('text').textContent = 'Total: 4712'")
    await asyncio.sleep(2 * SETTLED_S)

    overview, close_up = visit.gateway.pictures[count:]
    assert (overview.is_close_up, close_up.is_close_up) == (False, True)
    assert close_up.overview == overview.number
    assert opened(close_up).size == (512, 256 + BAND_PX)


async def test_a_large_screen_keeps_its_aspect(browser: Browser, server: PageServer) -> None:
    """A screen beyond 1536 px is scaled by its long edge; an odd size is no obstacle."""
    sizes = {}
    for width, height in ((2560, 1441), (1281, 721)):
        context = await browser.new_context(viewport={"width": width, "height": height})
        target = await context.new_page()
        await target.goto(f"{server.url}/target")
        visit = await open_page(context, server)
        server.gateway.pictures.clear()

        await visit.start("start-screen")
        await until(lambda: server.gateway.pictures)

        sizes[width, height] = opened(server.gateway.pictures[0]).size
        server.gateway.socket = None
        await context.close()

    assert sizes[2560, 1441] in {(1536, 864 + BAND_PX), (1536, 865 + BAND_PX)}
    assert sizes[1281, 721] in {(1281, 721 + BAND_PX), (1280, 720 + BAND_PX)}


async def test_a_question_brings_its_picture(visit: Visit, target: Page) -> None:
    """A typed question is preceded by the newest picture and names it."""
    await share(visit)
    count = len(visit.gateway.pictures)
    await visit.page.get_by_label("Type a question").fill("Which colour is it now?")

    await target.evaluate("document.getElementById('box').style.background = '#d1242f'")
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))

    question = visit.gateway.of_type("text")[0]
    overview, close_up = visit.gateway.pictures[count:]
    assert question["picture"] == close_up.number
    assert close_up.overview == overview.number
    last = [kind for kind in visit.gateway.order if kind in {"picture", "text"}][-2:]
    assert last == ["picture", "text"]
    red, green, blue = opened(overview).getpixel((200, 150))  # type: ignore[misc]
    assert (red > 160, green < 90, blue < 90) == (True, True, True)


async def test_stop_sharing_stops_pictures(visit: Visit, target: Page) -> None:
    """After "Stop sharing" nothing of the screen leaves, not even with a question."""
    await share(visit)

    await target.evaluate("document.getElementById('box').style.background = '#d1242f'")
    await visit.click("share")
    await until(lambda: visit.gateway.of_type("share")[-1]["active"] is False)
    count = len(visit.gateway.pictures)
    await target.evaluate("document.getElementById('box').style.background = '#1a7f37'")
    await visit.page.get_by_label("Type a question").fill("What do you see?")
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))
    await asyncio.sleep(SETTLED_S)

    assert len(visit.gateway.pictures) == count
    assert "picture" not in visit.gateway.of_type("text")[0]
    assert await visit.page.get_by_text("Nothing is shared.").is_visible()


async def test_closing_the_shared_tab_ends_the_share(visit: Visit, target: Page) -> None:
    """When what is shared goes away, the page says so and goes on."""
    await share(visit)

    await target.close()
    await until(lambda: visit.gateway.of_type("share")[-1]["active"] is False)

    assert await visit.page.get_by_role("button", name="Share screen").is_visible()
    assert await visit.page.locator("html").get_attribute("data-phase") == "live"


async def test_a_still_screen_is_sent_again_after_a_reconnect(visit: Visit, target: Page) -> None:
    """A new connection gets the picture of a screen that has not changed since."""
    await share(visit)
    count = len(visit.gateway.pictures)

    await visit.gateway.cut()
    await until(lambda: len(visit.gateway.hellos) == 2)
    await until(lambda: len(visit.gateway.pictures) > count)

    assert visit.gateway.pictures[-1].jpeg == visit.gateway.pictures[count - 1].jpeg


async def test_the_picture_can_be_enlarged(visit: Visit, target: Page) -> None:
    """A click on the preview shows the picture at its own size."""
    await share(visit)

    await visit.click("zoom")

    image = visit.page.locator("[data-role='zoom-image']")
    await image.wait_for(state="visible")
    assert await image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [
        1280,
        800 + BAND_PX,
    ]


async def test_a_browser_that_hands_out_no_frames(browser: Browser, server: PageServer) -> None:
    """Where frames cannot be read from the track, the worker's clock asks for pictures instead."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    target = await context.new_page()
    await target.goto(f"{server.url}/target")
    await context.add_init_script("delete globalThis.MediaStreamTrackProcessor")
    visit = await open_page(context, server)

    await visit.start("start-screen")
    await until(lambda: server.gateway.pictures)
    await target.evaluate("document.getElementById('box').style.background = '#d1242f'")

    def shows_red() -> bool:
        newest = [picture for picture in server.gateway.pictures if not picture.is_close_up][-1]
        red, green, blue = opened(newest).getpixel((200, 150))  # type: ignore[misc]
        return bool(red > 160 and green < 90 and blue < 90)

    await until(shows_red)
    await context.close()
