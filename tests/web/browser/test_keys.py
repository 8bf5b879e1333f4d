"""Every action by keyboard."""

from __future__ import annotations

import asyncio

import pytest

from tests.web.browser.conftest import Visit
from tests.web.browser.page_server import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_enter_sends_and_shift_enter_makes_a_line(visit: Visit) -> None:
    """Enter sends the question; Shift+Enter stays in it; an empty one is not sent."""
    await visit.start()
    keyboard = visit.page.keyboard
    await visit.page.get_by_label("Type a question").focus()

    await keyboard.press("Enter")
    await keyboard.type("one")
    await keyboard.press("Shift+Enter")
    await keyboard.type("two")
    await keyboard.press("Enter")
    await until(lambda: visit.gateway.of_type("text"))

    assert [text["text"] for text in visit.gateway.of_type("text")] == ["one\ntwo"]
    assert await visit.page.get_by_label("Type a question").input_value() == ""


async def test_mute_by_key_stops_the_sound(visit: Visit) -> None:
    """M and Ctrl+D mute and unmute; while muted not a sample is sent."""
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)

    await visit.page.keyboard.press("m")
    await until(lambda: visit.gateway.of_type("microphone")[-1]["active"] is False)
    await visit.reaches("muted")
    count = len(visit.gateway.audio)
    await asyncio.sleep(0.4)
    muted_count = len(visit.gateway.audio)
    await visit.page.keyboard.press("Control+d")
    await until(lambda: visit.gateway.of_type("microphone")[-1]["active"] is True)
    await until(lambda: len(visit.gateway.audio) > muted_count)

    assert muted_count == count


async def test_single_keys_are_letters_in_a_text(visit: Visit) -> None:
    """In the question field the letters are letters, and turned off they do nothing anywhere."""
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)
    await visit.page.keyboard.press("/")
    await visit.page.keyboard.type("mm? ss")

    assert await visit.page.get_by_label("Type a question").input_value() == "mm? ss"
    await visit.click("settings")
    await visit.page.get_by_label("Single-key shortcuts").uncheck()
    await visit.page.keyboard.press("Escape")
    await visit.page.locator("[data-role='log']").focus()
    await visit.page.keyboard.press("m")

    assert await visit.page.locator("[data-role='mute-label']").inner_text() == "Mute"


async def test_keyboard_sheet(visit: Visit) -> None:
    """`?` opens the sheet of keys and Esc closes it."""
    await visit.page.keyboard.press("?")
    sheet = visit.page.get_by_role("dialog", name="Keyboard")
    await sheet.wait_for()

    await visit.page.keyboard.press("Escape")

    await sheet.wait_for(state="hidden")


async def test_push_to_talk(visit: Visit) -> None:
    """With push to talk, sound is sent while Space is held, between two `talk` messages."""
    await visit.click("settings")
    await visit.page.get_by_label("Push to talk").check()
    await visit.page.keyboard.press("Escape")
    await visit.start("start-talk")
    await until(lambda: visit.gateway.of_type("microphone"))
    await visit.page.locator("[data-role='log']").focus()
    await asyncio.sleep(0.4)
    before = len(visit.gateway.audio)

    await visit.page.keyboard.down(" ")
    await until(lambda: len(visit.gateway.audio) > 10)
    await visit.page.keyboard.up(" ")
    await until(lambda: len(visit.gateway.of_type("talk")) == 2)
    count = len(visit.gateway.audio)
    await asyncio.sleep(0.3)

    assert before == 0
    assert len(visit.gateway.audio) == count
    pressed, released = visit.gateway.of_type("talk")
    assert (pressed["active"], released["active"]) == (True, False)
    assert all(pressed["seq"] < seq < released["seq"] for seq in visit.gateway.audio)
    assert visit.gateway.hellos[0]["options"]["turn_taking"] == "push_to_talk"


async def test_the_whole_way_by_tab(visit: Visit) -> None:
    """From the first key a conversation can be started and ended without a pointer."""
    focused = "document.activeElement.dataset.action ?? document.activeElement.id"
    reached = []
    for _ in range(6):
        await visit.page.keyboard.press("Tab")
        reached.append(await visit.page.evaluate(focused))
    await visit.page.keyboard.press("Enter")
    await until(lambda: visit.gateway.socket)

    assert reached == ["theme", "keys", "settings", "start-screen", "start-talk", "start-type"]
    assert await visit.page.evaluate("document.activeElement.id") == "composer-text"


async def test_settings_are_remembered_and_sent(visit: Visit) -> None:
    """What is chosen in the settings outlives a reload and reaches the gateway."""
    await visit.click("settings")
    await visit.page.get_by_label("Voice").select_option("Puck")
    await visit.page.get_by_label("It acts as").select_option("Your own")
    await visit.page.get_by_label("Your own instructions").fill("Answer in one sentence.")
    await visit.page.get_by_label("Language").select_option("fr")
    await visit.page.get_by_label("How easily it hears you").select_option("low")
    await visit.page.locator("select[name='detail']").select_option("sharp")
    await visit.page.keyboard.press("Tab")
    await visit.page.keyboard.press("Escape")

    await visit.page.reload()
    await visit.start()

    assert visit.gateway.hellos[0]["options"] == {
        "voice": "Puck",
        "preset": "screen_helper",
        "instructions": "Answer in one sentence.",
        "turn_taking": "open_mic",
        "language": "fr",
        "sensitivity": "low",
        "detail": "sharp",
        "model": None,
        "tools": ["look_closer", "point_at"],
    }


async def test_a_model_is_chosen_from_what_the_server_offers(visit: Visit) -> None:
    """Of several models the user chooses; one that is no longer offered is not asked for."""
    visit.server.models = ["gemini-3.8-live", "gemini-3.1-flash-live"]
    async with visit.page.expect_response("**/api/ticket"):
        await visit.page.reload()
    await visit.click("settings")
    await visit.page.get_by_label("Model").select_option("gemini-3.1-flash-live")
    await visit.page.keyboard.press("Escape")
    await visit.start()
    await visit.click("end")
    visit.server.models = ["gemini-3.8-live"]
    async with visit.page.expect_response("**/api/ticket"):
        await visit.page.reload()
    await visit.start()
    await until(lambda: len(visit.gateway.hellos) == 2)

    models = [hello["options"]["model"] for hello in visit.gateway.hellos]
    assert models == ["gemini-3.1-flash-live", None]
