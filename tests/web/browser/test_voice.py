"""The assistant's voice: heard, silenced, accounted for."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import PageServer, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RATE_HZ = 24_000
TAP = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    const tap = new AnalyserNode(this.context, { fftSize: 2048 });
    connect.call(this, tap);
    globalThis.peakNow = () => {
      const samples = new Float32Array(tap.fftSize);
      tap.getFloatTimeDomainData(samples);
      return Math.max(...samples.map(Math.abs));
    };
  }
  return connect.call(this, to, ...rest);
};
"""
"""Listens to what reaches the loudspeaker, without a change to the page."""


def tone(seconds: float) -> bytes:
    samples = (int(9_000 * math.sin(i * 0.11)) for i in range(int(RATE_HZ * seconds)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


@pytest_asyncio.fixture(loop_scope="session")
async def listening(browser: Browser, server: PageServer) -> AsyncIterator[Visit]:
    """A live conversation whose sound is listened to."""
    context = await browser.new_context()
    await context.add_init_script(TAP)
    visit = await open_page(context, server)
    await visit.start("start-type")
    await comes_true(visit, "typeof peakNow === 'function'")
    yield visit
    await context.close()
    assert visit.errors == []


async def comes_true(visit: Visit, condition: str) -> None:
    """Wait for a condition in the page, whose policy forbids Playwright's own way of waiting."""
    async with asyncio.timeout(8):
        while not await visit.page.evaluate(condition):  # noqa: ASYNC110 - it is in the page
            await asyncio.sleep(0.02)


async def peak(visit: Visit) -> float:
    return float(await visit.page.evaluate("peakNow()"))


async def is_loud(visit: Visit) -> None:
    await comes_true(visit, "peakNow() > 0.1")


async def test_a_voice_is_heard_and_accounted_for(listening: Visit) -> None:
    """The voice reaches the loudspeaker, and its length is reported when it has ended."""
    gateway = listening.gateway
    await gateway.say(type="turn_start", turn=1)

    await gateway.speak(1, tone(1.5))
    await gateway.say(type="turn_end", turn=1)
    await is_loud(listening)
    await listening.reaches("speaking")
    await until(
        lambda: gateway.of_type("played") and gateway.of_type("played")[-1]["played_ms"] > 1_450
    )

    assert gateway.of_type("played")[-1]["turn"] == 1
    assert gateway.of_type("played")[-1]["played_ms"] <= 1_510
    await listening.reaches("ready")


async def test_an_interruption_falls_silent(listening: Visit) -> None:
    """On `interrupted` the voice stops, its late pieces are not played, and the next turn is."""
    gateway = listening.gateway
    await gateway.say(type="turn_start", turn=1)
    await gateway.say(type="transcript", turn=1, role="assistant", text="It is ab", final=False)
    await gateway.speak(1, tone(4))
    await is_loud(listening)

    await gateway.say(type="interrupted", turn=1)
    await listening.reaches("interrupted")
    await asyncio.sleep(0.15)
    silence = await peak(listening)
    await gateway.speak(1, tone(1))
    await asyncio.sleep(0.5)
    late = await peak(listening)
    heard_ms = gateway.of_type("played")[-1]["played_ms"]
    await gateway.speak(2, tone(1))
    await is_loud(listening)

    assert (silence, late) == (0, 0)
    assert 0 < heard_ms < 3_000
    cut = listening.page.locator("[data-role='message'][data-cut='true']")
    assert "It is ab" in await cut.inner_text()
    assert "Stopped here" in await cut.inner_text()


async def test_an_interruption_does_not_wait_for_a_busy_page(listening: Visit) -> None:
    """The voice stops while the page's own thread is frozen: nothing of it is in the way."""
    gateway = listening.gateway
    await gateway.speak(1, tone(6))
    await is_loud(listening)

    frozen = asyncio.create_task(
        listening.page.evaluate("const end = Date.now() + 2500; while (Date.now() < end);")
    )
    await asyncio.sleep(0.3)
    await gateway.say(type="interrupted", turn=1)
    await until(lambda: gateway.of_type("played"))
    await asyncio.sleep(0.2)
    reports = gateway.of_type("played")
    is_frozen = not frozen.done()
    await frozen

    assert is_frozen
    assert reports[-1]["played_ms"] < 1_500
    assert await peak(listening) == 0


async def test_escape_stops_the_voice(listening: Visit) -> None:
    """Esc silences the answer at once and tells how much of it was heard."""
    gateway = listening.gateway
    await gateway.speak(1, tone(4))
    await is_loud(listening)
    await listening.reaches("speaking")

    await listening.page.keyboard.press("Escape")
    await until(lambda: gateway.of_type("stop"))
    await comes_true(listening, "peakNow() === 0")
    await until(lambda: gateway.of_type("played"))

    assert gateway.of_type("played")[-1]["played_ms"] < 3_000
    assert [stop["turn"] for stop in gateway.of_type("stop")] == [1]


async def test_escape_stops_an_answer_that_is_not_heard_yet(listening: Visit) -> None:
    """Esc stops an answer of which only words have come, and nothing where there is none."""
    gateway = listening.gateway
    await listening.page.keyboard.press("Escape")
    await gateway.say(type="turn_start", turn=3)
    await gateway.say(type="transcript", turn=3, role="assistant", text="Well", final=False)
    await listening.reaches("speaking")

    await listening.page.keyboard.press("Escape")
    await until(lambda: gateway.of_type("stop"))

    assert [stop["turn"] for stop in gateway.of_type("stop")] == [3]
    await listening.page.get_by_text("Stopped here").wait_for()


async def test_what_was_heard_replaces_what_was_written(listening: Visit) -> None:
    """Of a cut answer the words that were heard stay, with a mark where it stopped."""
    gateway = listening.gateway
    await gateway.say(type="turn_start", turn=1)
    words = "There is a table with nine rows."
    await gateway.say(type="transcript", turn=1, role="assistant", text=words, final=False)
    await gateway.speak(1, tone(4))
    await is_loud(listening)
    await gateway.say(type="interrupted", turn=1)

    await gateway.say(type="heard", turn=1, text="There is a")

    answer = listening.page.locator("[data-role='message'][data-cut='true']")
    await answer.get_by_text("There is a", exact=True).wait_for()
    assert "Stopped here" in await answer.inner_text()


async def test_the_spoken_word_is_marked(listening: Visit) -> None:
    """While an answer is heard, the word that is spoken and what is still to come are marked."""
    gateway = listening.gateway
    await gateway.say(type="turn_start", turn=1)
    for words in ("One two ", "three **four** ", "five six."):
        await gateway.say(type="transcript", turn=1, role="assistant", text=words, final=False)
        await gateway.speak(1, tone(0.8))
    marked = "[...(CSS.highlights.get('{}') ?? [])].map(String).join()"
    await comes_true(listening, f"{marked.format('spoken-word')} === 'four'")
    ahead = await listening.page.evaluate(marked.format("unspoken"))
    await gateway.say(type="turn_end", turn=1)
    await comes_true(listening, f"{marked.format('unspoken')} === ''")

    assert ahead == " five six."


async def test_sound_can_be_turned_off(listening: Visit) -> None:
    """With "Speak the answers aloud" off, an answer is written and not heard."""
    await listening.click("settings")
    await listening.page.get_by_label("Speak the answers aloud").uncheck()

    await listening.gateway.speak(1, tone(1))
    await listening.gateway.answer(1, "", "Written only.")
    await asyncio.sleep(0.5)

    assert await peak(listening) < 0.001
    assert await listening.page.get_by_text("Written only.").first.is_visible()
