"""What the user decides about what is seen, and what the model may ask to see."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Page

from tests.web.browser.conftest import Visit
from tests.web.browser.page_server import Picture, until
from tests.web.browser.test_looks import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

IN_BOX = (200, 150)
"""A place in the blue box of the shared page."""
QUIET_S = 1.0
"""Longer than a picture that must not come would take."""


@pytest_asyncio.fixture(loop_scope="session")
async def target(visit: Visit) -> AsyncIterator[Page]:
    """The tab that is shared, with a line of text in it; the first picture has been sent."""
    page = await visit.context.new_page()
    await page.goto(f"{visit.server.url}/target")
    await page.evaluate("document.getElementById('text').textContent = 'Total: 4711'")
    await visit.start("start-screen")
    await visit.click("mute")
    await until(lambda: visit.gateway.pictures)
    yield page


def colour(picture: Picture, place: tuple[int, int]) -> str:
    """Name the colour at a place of a picture; chroma is coarse, so by its strongest channel."""
    image = Image.open(io.BytesIO(picture.jpeg)).convert("RGB")
    red, green, blue = image.getpixel(place)  # type: ignore[misc]
    if max(red, green, blue) < 40:
        return "black"
    if min(red, green, blue) > 200:
        return "white"
    return max(("red", red), ("green", green), ("blue", blue), key=lambda pair: pair[1])[0]


def newest(visit: Visit) -> Picture:
    """Return the newest overview."""
    return [picture for picture in visit.gateway.pictures if not picture.is_close_up][-1]


async def paint(target: Page, css_colour: str) -> None:
    await target.evaluate(f"document.getElementById('box').style.background = '{css_colour}'")


async def next_picture(visit: Visit, count: int) -> Picture:
    """Wait for an overview after the first ``count`` pictures."""
    await until(lambda: any(not p.is_close_up for p in visit.gateway.pictures[count:]))
    return newest(visit)


async def drag(visit: Visit, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a box in the editor; places in fractions of what is shared."""
    area = await visit.page.locator("[data-role='sight-stage']").bounding_box()
    assert area is not None
    left, top, width, height = area["x"], area["y"], area["width"], area["height"]
    await visit.page.mouse.move(left + start[0] * width, top + start[1] * height)
    await visit.page.mouse.down()
    await visit.page.mouse.move(left + end[0] * width, top + end[1] * height, steps=3)
    await visit.page.mouse.up()


async def open_editor(visit: Visit) -> None:
    """Open the editor and wait until it has the shape of what is shared."""
    await visit.click("sight")
    shaped = """video => new Promise(resolve => {
        const look = () => video.videoWidth ? requestAnimationFrame(resolve) : setTimeout(look, 20);
        look();
    })"""
    await visit.page.locator("[data-role='sight-video']").evaluate(shaped)


async def test_a_closer_look_comes_at_native_size_and_in_time(visit: Visit, target: Page) -> None:
    """The model is shown the region that it asked for, and told which picture that is."""
    overview = newest(visit)
    asked_s = asyncio.get_running_loop().time()

    result = await visit.gateway.call("look_closer", x=60, y=60, width=340, height=240)
    answered_s = asyncio.get_running_loop().time()

    close_up = visit.gateway.pictures[-1]
    assert result["ok"] is True
    assert result["picture"] == close_up.number
    assert (close_up.is_close_up, close_up.is_urgent) == (True, True)
    assert close_up.overview == overview.number
    width, height = Image.open(io.BytesIO(close_up.jpeg)).size
    assert (340 <= width < 360, height) == (True, 240 + 24)
    assert colour(close_up, (140, 90)) == "blue"
    assert visit.gateway.order[-2:] == ["picture", "tool_result"]
    print(f"look_closer: {(answered_s - asked_s) * 1_000:.0f} ms")  # noqa: T201 - for docs/legibility.md


@pytest.mark.parametrize(
    ("action", "reason"),
    [("pause", "paused"), ("share", "Nothing is shared")],
)
async def test_a_closer_look_at_nothing_is_refused(
    visit: Visit, target: Page, action: str, reason: str
) -> None:
    """While sharing is paused or over, the model is told so in a sentence, and shown nothing."""
    await visit.click(action)
    await until(lambda: len(visit.gateway.of_type("share")) == 2)
    count = len(visit.gateway.pictures)

    result = await visit.gateway.call("look_closer", x=60, y=60, width=340, height=240)

    assert result["ok"] is False
    assert reason in result["message"]
    assert len(visit.gateway.pictures) == count


async def test_the_mark_is_shown_until_its_place_changes(visit: Visit, target: Page) -> None:
    """Where the model points is shown on the preview, and goes when what is there changes."""
    label = visit.page.locator("[data-role='mark-label']")

    result = await visit.gateway.call(
        "point_at", x=200, y=150, label="the box", frame=newest(visit).number
    )
    await label.get_by_text("the box").wait_for()
    await paint(target, "#d1242f")
    await label.wait_for(state="hidden")
    stale = await visit.gateway.call("point_at", x=200, y=150, label="the box", frame=1)

    assert result["ok"] is True
    assert stale["ok"] is False
    assert "changed" in stale["message"]


async def test_a_hidden_part_is_never_sent(visit: Visit, target: Page) -> None:
    """A box drawn over a part is burned into every picture, and changes under it are not sent."""
    count = len(visit.gateway.pictures)

    await open_editor(visit)
    await drag(visit, (0.03, 0.05), (0.35, 0.38))
    await visit.page.keyboard.press("Escape")
    masked = await next_picture(visit, count)
    await asyncio.sleep(QUIET_S)
    count = len(visit.gateway.pictures)
    await paint(target, "#d1242f")
    await asyncio.sleep(2 * QUIET_S)

    assert colour(masked, IN_BOX) == "black"
    assert colour(masked, (900, 600)) == "white"
    assert len(visit.gateway.pictures) == count
    refused = await visit.gateway.call("look_closer", x=100, y=100, width=260, height=140)
    assert refused["ok"] is False
    assert "hidden" in refused["message"]
    closer = await visit.gateway.call("look_closer", x=100, y=100, width=700, height=500)
    assert closer["ok"] is True
    assert colour(visit.gateway.pictures[-1], (60, 60)) == "black"


async def test_what_was_hidden_is_not_sent_again_after_a_reconnect(
    visit: Visit, target: Page
) -> None:
    """The picture from before a part was hidden is not what a new connection gets."""
    await open_editor(visit)
    await drag(visit, (0.03, 0.05), (0.35, 0.38))
    await visit.page.keyboard.press("Escape")
    count = len(visit.gateway.pictures)

    await visit.gateway.cut()
    await until(lambda: len(visit.gateway.hellos) == 2)
    await until(lambda: len(visit.gateway.pictures) > count)

    assert {colour(picture, IN_BOX) for picture in visit.gateway.pictures[count:]} == {"black"}


async def test_parts_are_hidden_and_shown_by_keyboard(visit: Visit, target: Page) -> None:
    """A box is added, moved, made larger and removed without a mouse."""
    await open_editor(visit)
    await visit.page.get_by_role("button", name="Add a box that hides").press("Enter")
    box = visit.page.get_by_role("button", name="Hidden part 1", exact=True)
    before = await box.bounding_box()

    await visit.page.keyboard.press("ArrowRight")
    await visit.page.keyboard.press("Shift+ArrowDown")
    after = await box.bounding_box()
    await visit.page.keyboard.press("Delete")

    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    assert after["height"] > before["height"]
    assert await box.count() == 0
    await visit.page.get_by_text("Everything is seen.").wait_for(state="attached")


async def test_only_a_region_is_shared(visit: Visit, target: Page) -> None:
    """With a region chosen, pictures hold it and nothing around it."""
    await open_editor(visit)
    await visit.page.get_by_label("shares only that part").check()
    count = len(visit.gateway.pictures)

    await drag(visit, (0.0, 0.375), (0.5, 0.625))
    await visit.page.keyboard.press("Escape")
    picture = await next_picture(visit, count)

    width, height = Image.open(io.BytesIO(picture.jpeg)).size
    assert abs(width - 640) <= 6
    assert abs(height - (200 + 24)) <= 6
    assert colour(picture, (200, 100)) == "white"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_seeing_is_fit_for_everybody(
    visit: Visit, target: Page, results: Path, theme: str
) -> None:
    """Neither the preview with a mark nor the editor has anything that axe-core complains about."""
    await visit.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    number = newest(visit).number
    await visit.gateway.call("point_at", x=200, y=150, label="the box", frame=number)
    await visit.gateway.call("look_closer", x=60, y=60, width=340, height=240)
    await visit.page.get_by_role("button", name="Close-up of frame").first.wait_for()
    await visit.page.screenshot(path=results / f"seeing-{theme}.png")
    found = await violations(visit)

    await open_editor(visit)
    await drag(visit, (0.03, 0.05), (0.35, 0.38))
    await visit.page.screenshot(path=results / f"sight-{theme}.png")
    found += await violations(visit)

    assert found == []


async def test_pause_sends_nothing_and_resume_looks_again(visit: Visit, target: Page) -> None:
    """While paused nothing leaves, not even with a question; after it comes what is there then."""
    await visit.click("pause")
    await until(lambda: visit.gateway.of_type("share")[-1].get("paused") is True)
    count = len(visit.gateway.pictures)
    await paint(target, "#d1242f")
    await visit.page.get_by_label("Type a question").fill("What do you see?")
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))
    await asyncio.sleep(QUIET_S)
    while_paused = len(visit.gateway.pictures)

    await visit.click("pause")
    picture = await next_picture(visit, count)

    assert while_paused == count
    assert visit.gateway.of_type("share")[-1].get("paused", False) is False
    assert colour(picture, IN_BOX) == "red"


async def test_look_now_sends_what_has_not_changed(visit: Visit, target: Page) -> None:
    """The button shows the model the screen again, although it stands still."""
    await asyncio.sleep(QUIET_S)
    count = len(visit.gateway.pictures)

    await visit.click("look")
    picture = await next_picture(visit, count)

    assert picture.is_urgent


async def test_earlier_pictures_can_be_looked_at(visit: Visit, target: Page) -> None:
    """The strip opens each picture that was sent, close-ups at their own size."""
    await visit.gateway.call("look_closer", x=60, y=60, width=340, height=240)

    await visit.page.get_by_role("button", name="Close-up of frame").first.click()
    image = visit.page.locator("[data-role='zoom-image']")
    await image.wait_for(state="visible")
    sizes = [await image.evaluate("image => image.decode().then(() => image.naturalWidth)")]
    await visit.page.keyboard.press("ArrowLeft")
    sizes.append(await image.evaluate("image => image.decode().then(() => image.naturalWidth)"))

    assert 340 <= sizes[0] < 360
    assert sizes[1] == 1280


async def test_an_answer_opens_what_it_is_based_on(visit: Visit, target: Page) -> None:
    """The link in an answer shows the frame that it names, although newer ones were sent."""
    first = newest(visit)
    count = len(visit.gateway.pictures)
    await visit.gateway.say(type="turn_start", turn=1, picture=first.number)
    await visit.gateway.say(
        type="transcript", turn=1, role="assistant", text="It is blue.", final=True
    )
    await paint(target, "#d1242f")
    second = await next_picture(visit, count)

    await visit.page.get_by_role("button", name=f"Saw frame {first.number}").click()
    image = visit.page.locator("[data-role='zoom-image']")
    await image.wait_for(state="visible")
    blue = await image.evaluate(
        """async (image, [x, y]) => {
            await image.decode();
            const pen = new OffscreenCanvas(1, 1).getContext('2d');
            pen.drawImage(image, -x, -y);
            const [red, , blue] = pen.getImageData(0, 0, 1, 1).data;
            return blue - red;
        }""",
        IN_BOX,
    )

    assert blue > 100
    assert colour(second, IN_BOX) == "red"
