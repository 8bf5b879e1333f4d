"""Every state of the page, reached and drawn: told by words, title, shape and icon.

The screenshots under test-results/ are there to be looked at; docs/screens.md shows them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.web.browser.conftest import Visit
from tests.web.browser.page_server import until
from tests.web.browser.test_looks import ANSWER, QUESTION, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TONE = b"\x10\x00" * 24_000 * 3


async def _asking(visit: Visit) -> None:
    # A picker that is never answered.
    await visit.page.evaluate(
        "() => { navigator.mediaDevices.getDisplayMedia = () => new Promise(() => undefined); }"
    )
    await visit.click("start-screen")


async def _connecting(visit: Visit) -> None:
    await visit.click("start-type")
    await until(lambda: visit.gateway.socket)


async def _queued(visit: Visit) -> None:
    await visit.click("start-type")
    await until(lambda: visit.gateway.socket)
    socket = visit.gateway.socket
    assert socket is not None
    await socket.send_json({"type": "state", "state": "queued", "position": 2})


async def _listening(visit: Visit) -> None:
    await visit.start("start-talk")
    await visit.page.locator("[data-role='mute'][data-on='true']").wait_for()


async def _thinking(visit: Visit) -> None:
    await visit.start("start-type")
    await visit.page.get_by_label("Type a question").fill(QUESTION)
    await visit.page.keyboard.press("Enter")


async def _speaking(visit: Visit) -> None:
    await _thinking(visit)
    await visit.gateway.say(type="turn_start", turn=1)
    await visit.gateway.say(
        type="transcript", turn=1, role="assistant", text=ANSWER[:40], final=False
    )
    await visit.gateway.speak(1, TONE)
    await visit.page.locator("[data-role='hush']:enabled").wait_for()


async def _interrupted(visit: Visit) -> None:
    await _speaking(visit)
    await visit.gateway.say(type="interrupted", turn=1)


async def _looking(visit: Visit) -> None:
    await _thinking(visit)
    await visit.gateway.say(type="turn_start", turn=1)
    region = {"x": 10, "y": 20, "width": 300, "height": 200}
    await visit.gateway.say(type="tool", turn=1, call="1.1", name="look_closer", args=region)


async def _paused(visit: Visit) -> None:
    target = await visit.context.new_page()
    await target.goto(f"{visit.server.url}/target")
    await visit.start("start-type")
    await visit.click("share")
    await until(lambda: visit.gateway.pictures)
    await visit.click("pause")


async def _refused(visit: Visit) -> None:
    await visit.start("start-type")
    message = "Gemini refused the API key. Put a valid GEMINI_API_KEY in .env and start again."
    await visit.gateway.say(type="state", state="ended", reason="refused", message=message)


async def _idle(_visit: Visit) -> None:
    pass


async def _muted(visit: Visit) -> None:
    await _listening(visit)
    await visit.click("mute")


async def _resuming(visit: Visit) -> None:
    await visit.start("start-type")
    await visit.gateway.say(type="state", state="resuming")


async def _offline(visit: Visit) -> None:
    await visit.start("start-type")
    await visit.context.set_offline(offline=True)
    await visit.gateway.cut()


async def _ready(visit: Visit) -> None:
    await visit.start("start-type")


async def _ended(visit: Visit) -> None:
    await visit.start("start-type")
    await visit.click("end")


STATES: dict[str, tuple[str, Callable[[Visit], Awaitable[None]]]] = {
    "idle": ("", _idle),
    "asking": ("Waiting for you to pick", _asking),
    "connecting": ("Connecting", _connecting),
    "queued": ("In the queue: number 2", _queued),
    "ready": ("Ready for a question", _ready),
    "listening": ("Listening", _listening),
    "hearing": ("Hearing you", _listening),
    "thinking": ("Thinking", _thinking),
    "looking": ("Looking closer", _looking),
    "speaking": ("Speaking", _speaking),
    "interrupted": ("Stopped for you", _interrupted),
    "muted": ("Microphone muted", _muted),
    "paused": ("Sharing paused", _paused),
    "resuming": ("Picking up again", _resuming),
    "offline": ("Offline, trying again", _offline),
    "ended": ("Conversation ended", _ended),
    "refused": ("Not let in", _refused),
}


@pytest.mark.parametrize("state", STATES)
async def test_every_state_is_told(visit: Visit, results: Path, state: str) -> None:
    """Each state is told by words, title and icon, and fit for everybody in both themes."""
    words, reach = STATES[state]
    icon = visit.page.locator("link[rel='icon']")

    await reach(visit)
    await visit.reaches(state)
    title, href = await visit.page.title(), await icon.get_attribute("href")
    found = {}
    for theme in THEMES:
        await visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await visit.page.screenshot(path=results / f"state-{state}-{theme}.png")
    for theme in THEMES:
        await visit.page.emulate_media(color_scheme=theme)
        found[theme] = await violations(visit)

    assert title == (f"{words} · Overshoulder" if words else "Overshoulder")
    assert (
        href == "/favicon.svg" if state == "idle" else str(href).startswith("data:image/svg+xml,")
    )
    assert found == {"light": [], "dark": []}
    # The browser writes a line of its own for a socket that was refused.
    visit.errors[:] = [error for error in visit.errors if "WebSocket" not in error]


async def test_a_parked_conversation_looks_ready(visit: Visit) -> None:
    """Nobody need know that no worker holds it: a question is asked as ever, and answered."""
    await visit.start("start-type")
    await visit.gateway.say(type="state", state="parked", model="m")
    await visit.reaches("ready")

    await visit.page.get_by_label("Type a question").fill("Good morning")
    await visit.page.keyboard.press("Enter")
    await visit.reaches("thinking")
    await visit.gateway.say(type="state", state="connecting")
    await visit.reaches("connecting")
    await visit.gateway.say(type="state", state="live", model="m")

    await visit.reaches("thinking")


async def test_statuses_differ_in_shape(visit: Visit) -> None:
    """Listening, hearing, thinking and speaking are told apart without colour."""
    shapes = set()
    shape = visit.page.locator("[data-role='status-shape']")
    await _speaking(visit)
    for event, state in (
        (None, "speaking"),
        ({"type": "interrupted", "turn": 1}, "interrupted"),
        ({"type": "state", "state": "resuming"}, "resuming"),
        ({"type": "state", "state": "live", "model": "m"}, "ready"),
    ):
        if event:
            await visit.gateway.say(**event)
        await visit.reaches(state)
        shapes.add(await shape.get_attribute("href"))

    assert len(shapes) == 4
