"""What is loaded when it is asked for: details, finding, keeping, the small window."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import PageServer, until
from tests.web.browser.test_looks import violations
from tests.web.browser.test_seeing import colour, newest
from tests.web.browser.test_voice import comes_true, tone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECRET_WORDS = "my password is hunter2"
USAGE = {
    "prompt_tokens": 1_300,
    "response_tokens": 200,
    "total_tokens": 1_500,
    "details": {
        "prompt": {"text": 200, "audio": 100, "image": 1_000},
        "response": {"text": 0, "audio": 200},
    },
}
WHOLE_SCREEN = """
// A screen of which the page itself covers a corner; a canvas that is drawn again and again.
Object.assign(window, { screenX: 0, screenY: 0, outerWidth: 100, outerHeight: 100 });
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 800 });
  const pen = canvas.getContext('2d');
  pen.fillStyle = 'white';
  setInterval(() => pen.fillRect(0, 0, 1280, 800), 100);
  const stream = canvas.captureStream();
  stream.getVideoTracks()[0].getSettings = () => ({ displaySurface: 'monitor' });
  return stream;
};
"""


async def saved(visit: Visit, button: str) -> str:
    """Press a button that saves a file; return what is in it."""
    async with visit.page.expect_download() as download:
        await visit.page.get_by_role("button", name=button).click()
    path = await (await download.value).path()
    return await asyncio.to_thread(path.read_text, "utf-8")


async def until_text(locator: Any, pattern: str) -> None:
    """Wait until a text matches."""
    async with asyncio.timeout(8):
        while not re.search(pattern, await locator.inner_text()):  # noqa: ASYNC110 - in the page
            await asyncio.sleep(0.05)


async def test_details_tell_tokens_cost_and_speed(visit: Visit, results: Path) -> None:
    """The drawer counts tokens by kind, estimates their price, and tells how quick it was."""
    visit.server.standin = False
    async with visit.page.expect_response("**/api/ticket"):
        await visit.page.reload()
    await visit.start()
    await visit.page.get_by_label("Type a question").fill("What is it?")
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))
    await visit.gateway.say(type="turn_start", turn=1)
    await visit.gateway.speak(1, tone(0.5))
    await visit.gateway.say(type="turn_end", turn=1)
    await visit.gateway.say(type="usage", turn=1, **USAGE)

    await visit.page.keyboard.press("Tab")
    await visit.click("details")
    drawer = visit.page.get_by_role("dialog", name="Details")
    await drawer.get_by_role("row", name="Images 1,000 0").wait_for()
    figures = drawer.locator(".figures")
    await until_text(figures, r"first sound\s*\d+ ms")
    text = await drawer.inner_text()
    await visit.page.screenshot(path=results / "details.png")
    found = await violations(visit)

    assert "About $0.0039" in text
    assert "2026-10-09" in text
    assert "answer 1 begins" in text
    assert found == []


async def test_diagnostics_hold_no_secret(visit: Visit) -> None:
    """What can be sent to somebody else holds no token, no ticket and nobody's words."""
    await visit.page.evaluate("localStorage.clear()")
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)
    await visit.page.get_by_label("Type a question").fill(SECRET_WORDS)
    await visit.page.keyboard.press("Enter")
    await visit.gateway.answer(1, SECRET_WORDS, SECRET_WORDS)
    await visit.gateway.say(type="heard", turn=1, text=SECRET_WORDS)
    await visit.page.get_by_text(SECRET_WORDS).first.wait_for()
    await visit.click("details")

    content = await saved(visit, "Download diagnostics")

    told = json.loads(content)
    assert {"browser", "settings", "state", "usage", "figures", "events"} <= set(told)
    assert told["lines"][-1]["characters"] == len(SECRET_WORDS)
    for secret in ("hunter2", "1.token", "ticket", "s1", "Fake", "deviceId"):
        assert f'"{secret}' not in content
        assert f" {secret}" not in content


async def test_a_conversation_is_kept_with_its_pictures(visit: Visit, results: Path) -> None:
    """It is saved as Markdown and as a page of its own, and markup in it stays text."""
    target = await visit.context.new_page()
    await target.goto(f"{visit.server.url}/target")
    await visit.start("start-screen")
    await until(lambda: visit.gateway.pictures)
    number = visit.gateway.pictures[0].number
    await visit.page.locator("[data-role='picture']").wait_for()
    await visit.gateway.say(
        type="transcript", turn=1, role="user", text="<b>What</b> is it?", final=True
    )
    await visit.gateway.say(type="turn_start", turn=1, picture=number)
    answer = "A table:\n| a | b |\n|---|---|\n| 1 | `<i>` |"
    await visit.gateway.say(type="transcript", turn=1, role="assistant", text=answer, final=True)
    source = {"title": "A page", "url": "https://a.example/x"}
    await visit.gateway.say(type="citations", turn=1, sources=[source])
    await visit.page.get_by_role("link", name="A page").wait_for()
    await visit.click("keep")
    dialog = visit.page.get_by_role("dialog", name="Keep this conversation")
    await dialog.wait_for()
    await visit.page.screenshot(path=results / "keep.png")
    found = await violations(visit)

    markdown = await saved(visit, "Save as Markdown")
    page = await saved(visit, "Save as a web page, with pictures")

    assert "> <b>What</b> is it?" in markdown
    assert f"From frame {number}." in markdown
    assert "- [A page](https://a.example/x)" in markdown
    assert "&lt;b&gt;What&lt;/b&gt; is it?" in page
    assert "<td>1</td><td><code>&lt;i&gt;</code></td>" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "<script" not in page
    assert found == []


async def test_a_conversation_is_forgotten(visit: Visit) -> None:
    """Forgetting ends it, has the server delete it, and leaves nothing on the page."""
    await visit.start()
    await visit.gateway.answer(1, "What is it?", "A secret.")
    await visit.page.get_by_text("A secret.").first.wait_for()
    await visit.click("keep")

    await visit.page.get_by_role("button", name="Forget this conversation", exact=True).click()
    await until(lambda: visit.gateway.of_type("end"))
    await visit.reaches("idle")

    assert await visit.page.locator("[data-role='message']").count() == 0
    assert await visit.page.evaluate("sessionStorage.length") == 0


async def test_words_are_found(visit: Visit, results: Path) -> None:
    """The places where a word was said are marked, and gone to one after the other."""
    await visit.start()
    await visit.gateway.answer(1, "Where is the cat?", "The **cat** is on the Catalan table.")
    await visit.page.get_by_text("Catalan").first.wait_for()
    await visit.page.locator("[data-role='log']").focus()
    await visit.page.keyboard.press("f")
    field = visit.page.locator(".find input")
    await field.fill("cat")
    told = visit.page.locator(".find output")
    await until_text(told, "3 of 3")
    marked = "[...CSS.highlights.get('{}')].map(String)"
    found = await visit.page.evaluate(marked.format("found"))

    await visit.page.keyboard.press("Enter")
    await until_text(told, "1 of 3")
    await visit.page.screenshot(path=results / "found.png")
    problems = await violations(visit)
    await field.fill("dog")
    await until_text(told, "Nothing found")
    await visit.page.keyboard.press("Escape")

    assert found == ["cat", "cat", "Cat"]
    assert problems == []
    assert not await visit.page.locator(".find").is_visible()


@pytest.mark.parametrize("has_own_window", [True, False])
async def test_the_small_window_shows_and_controls(
    browser: Browser, server: PageServer, results: Path, has_own_window: bool
) -> None:
    """State, words and controls in a window beside; a popup where there is no better one."""
    context = await browser.new_context(permissions=["microphone"])
    if not has_own_window:
        await context.add_init_script("delete globalThis.documentPictureInPicture")
    visit = await open_page(context, server)
    await visit.start("start-talk")
    await until(lambda: server.gateway.audio)
    async with context.expect_page() as opened:
        await visit.click("panel")
    panel = await opened.value
    await until_text(panel.locator(".status-label"), "Listening|Hearing you")
    await server.gateway.answer(1, "What is it?", "It is a table.")
    await panel.get_by_text("It is a table.").wait_for()
    await panel.set_viewport_size({"width": 380, "height": 420})
    await panel.screenshot(path=results / "panel.png")
    await panel.get_by_role("button", name="Mute").click()
    await visit.reaches("muted")
    await panel.get_by_text("Microphone muted").wait_for()
    await visit.click("end")
    await until(panel.is_closed)
    await context.close()

    assert visit.errors == []


async def test_the_small_window_points_and_hides_itself(
    browser: Browser, server: PageServer
) -> None:
    """It shows where the model points, and is blacked out of a screen that is shared whole."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(WHOLE_SCREEN)
    visit = await open_page(context, server)
    await visit.start("start-screen")
    await until(lambda: server.gateway.pictures)
    before = colour(newest(visit), (800, 500))

    async with context.expect_page() as opened:
        await visit.click("panel")
    panel = await opened.value
    await panel.evaluate(
        "Object.assign(window, { screenX: 640, screenY: 400, outerWidth: 320, outerHeight: 200 })"
    )
    await until(lambda: colour(newest(visit), (800, 500)) == "black")
    result = await server.gateway.call(
        "point_at", x=320, y=600, label="the box", frame=newest(visit).number
    )
    mark = panel.locator(".panel-mark")
    await mark.get_by_text("the box").wait_for()
    x = await mark.evaluate("mark => mark.style.getPropertyValue('--x')")
    outside = colour(newest(visit), (320, 600))
    await panel.close()
    await until(lambda: colour(newest(visit), (800, 500)) == before)
    await context.close()

    assert result["ok"] is True
    assert x == "25%"
    assert (before, outside) == ("white", "white")
    assert visit.errors == []


async def test_the_machine_stays_awake_and_its_keys_work(
    browser: Browser, server: PageServer
) -> None:
    """While a conversation is live the screen stays on and media keys act; then no more."""
    context = await browser.new_context(permissions=["microphone"])
    await context.add_init_script(
        """
        globalThis.keys = {};
        MediaSession.prototype.setActionHandler = (action, act) => { keys[action] = act; };
        globalThis.locks = [];
        WakeLock.prototype.request = async () => {
          const lock = { released: false, release: async () => { lock.released = true; } };
          locks.push(lock);
          return lock;
        };
        """
    )
    visit = await open_page(context, server)
    await visit.start("start-talk")
    await until(lambda: server.gateway.audio)
    await comes_true(visit, "locks.length === 1 && !locks[0].released")
    await visit.page.evaluate("keys.togglemicrophone()")
    await visit.reaches("muted")

    await visit.page.evaluate("keys.hangup()")
    await visit.reaches("ended")
    await comes_true(visit, "locks[0].released")
    is_off = await visit.page.evaluate("Object.values(keys).every((act) => act === null)")
    await context.close()

    assert is_off
    assert visit.errors == []
