"""A conversation outlives its connection, and the page that holds it."""

from __future__ import annotations

import asyncio

import pytest

from tests.web.browser.conftest import Visit
from tests.web.browser.page_server import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def messages(visit: Visit) -> list[str]:
    return await visit.page.locator("[data-role='message-text']").all_inner_texts()


async def ask(visit: Visit, text: str) -> None:
    await visit.page.get_by_label("Type a question").fill(text)
    await visit.page.keyboard.press("Enter")


async def test_what_was_not_acknowledged_is_sent_again(visit: Visit) -> None:
    """After a break exactly what is not stored is sent again, with the same numbers."""
    gateway = visit.gateway
    await visit.start("start-talk")
    await until(lambda: len(gateway.audio) > 10)
    gateway.acknowledges = False
    stored = gateway.stored_seq
    await until(lambda: gateway.resent[-1] >= stored + 10)
    await ask(visit, "Are you there?")
    await until(lambda: gateway.of_type("text"))
    number = gateway.of_type("text")[0]["seq"]
    unstored = {seq: gateway.audio[seq] for seq in gateway.resent if seq > stored and seq != number}

    await gateway.cut()
    gateway.audio.clear()
    await until(lambda: len(gateway.hellos) == 2)
    gateway.acknowledges = True
    await until(lambda: gateway.resent and gateway.resent[-1] > max(unstored))

    assert gateway.resent[0] == stored + 1
    assert {seq: gateway.audio[seq] for seq in unstored} == unstored
    assert [text["seq"] for text in gateway.of_type("text")] == [number, number]
    assert gateway.hellos[1]["resume"] == {"session": "s1", "token": "1.token", "last": "1-2"}


async def test_what_was_said_before_a_break_is_not_shown_twice(visit: Visit) -> None:
    """Words that a gateway repeats after a reconnect are shown once."""
    await visit.start()
    await visit.gateway.answer(1, "Why?", "Because.")
    await visit.page.get_by_text("Because.").first.wait_for()

    await visit.gateway.cut()
    await until(lambda: len(visit.gateway.hellos) == 2 and visit.gateway.socket)
    visit.gateway._said = 2
    await visit.gateway.answer(1, "Why?", "Because.")
    await visit.gateway.answer(2, "Really?", "Yes.")
    await visit.page.get_by_text("Yes.").first.wait_for()

    assert await messages(visit) == ["Why?", "Because.", "Really?", "Yes."]


async def test_the_first_word_is_kept_while_connecting(visit: Visit) -> None:
    """Speech from before the gateway answered arrives, from its beginning."""
    visit.gateway.accepts = False
    await visit.click("start-talk")
    await visit.page.locator("[data-role='mute'][data-on='true']").wait_for()
    await asyncio.sleep(1.5)

    visit.gateway.accepts = True
    await until(lambda: visit.gateway.audio)
    await asyncio.sleep(0.1)

    assert visit.gateway.resent[0] == 1
    assert len(visit.gateway.audio) >= 1.4 / 0.04


async def test_a_reload_goes_on_with_the_conversation(visit: Visit) -> None:
    """A reloaded page resumes without `last`, shows the history, and films and hears nothing."""
    await visit.start("start-talk")
    visit.gateway.history = [
        {"role": "user", "text": "What is this?", "turn": 1, "time_ms": 1_700_000_000_000.0},
        {"role": "assistant", "text": "A spreadsheet.", "turn": 1, "time_ms": 1_700_000_002_000.0},
    ]

    await visit.page.reload()
    await visit.page.get_by_text("A spreadsheet.").first.wait_for()

    assert visit.gateway.hellos[1]["resume"] == {"session": "s1", "token": "1.token"}
    assert await messages(visit) == ["What is this?", "A spreadsheet."]
    assert await visit.page.get_by_text("The microphone is off.").is_visible()
    assert await visit.page.get_by_text("Picked up where you left off.").is_visible()


async def test_a_conversation_that_is_over_is_not_resumed(visit: Visit) -> None:
    """After the end a reload begins at the beginning."""
    await visit.start()
    await visit.click("end")
    await until(lambda: visit.gateway.of_type("end"))

    await visit.page.reload()

    await visit.reaches("idle")
    assert len(visit.gateway.hellos) == 1


async def test_a_lost_session_is_told(visit: Visit) -> None:
    """A conversation that the server has forgotten goes on as a new one, and the page says so."""
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)
    visit.gateway.knows_session = False

    await visit.gateway.cut()
    await visit.page.get_by_text("The earlier conversation had ended.").wait_for()
    await until(lambda: visit.gateway.of_type("microphone")[-1]["seq"] > 0)

    assert visit.gateway.resent[0] == 1


async def test_a_conversation_opened_elsewhere_can_be_taken_back(visit: Visit) -> None:
    """A second client takes over; the first says so and offers to take it back."""
    await visit.start()
    await visit.gateway.answer(1, "Why?", "Because.")

    await visit.gateway.cut(4509)
    await visit.reaches("ended")
    assert await visit.page.get_by_text("This conversation was opened in another tab.").is_visible()
    await visit.click("continue")
    await until(lambda: len(visit.gateway.hellos) == 2)

    assert visit.gateway.hellos[1]["resume"]["last"] == "1-6"
    assert await messages(visit) == ["Why?", "Because."]


async def test_an_ended_session_says_why(visit: Visit) -> None:
    """The reason that the server gives for the end is shown, and nobody comes back."""
    await visit.start()
    reason = "Gemini refused the API key. Put a valid GEMINI_API_KEY in .env and start again."

    await visit.gateway.say(type="state", state="ended", reason="refused", message=reason)

    await visit.reaches("refused")
    assert await visit.page.get_by_text(reason).is_visible()
    await asyncio.sleep(1)
    assert len(visit.gateway.hellos) == 1
