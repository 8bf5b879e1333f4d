"""The microphone: nothing said is lost, no echo is taken for somebody, devices come and go."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import PageServer, until
from tests.web.browser.test_voice import comes_true, tone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOM = """
// A microphone in a room with the loudspeaker: it hears what is played, a bit quieter and later,
// and whoever speaks there.
const connect = AudioNode.prototype.connect;
const room = {};
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    room.context ??= this.context;
    room.microphone ??= new MediaStreamAudioDestinationNode(room.context);
    const air = new DelayNode(room.context, { delayTime: 0.1 });
    const distance = new GainNode(room.context, { gain: 0.1 });
    connect.call(this, air);
    connect.call(air, distance);
    connect.call(distance, room.microphone);
  }
  return connect.call(this, to, ...rest);
};
globalThis.somebodySpeaks = () => {
  room.voice = new OscillatorNode(room.context, { frequency: 180 });
  const loudness = new GainNode(room.context, { gain: 0.5 });
  connect.call(room.voice, loudness);
  connect.call(loudness, room.microphone);
  room.voice.start();
};
navigator.mediaDevices.getUserMedia = async () => {
  while (!room.microphone) await new Promise((resolve) => { setTimeout(resolve, 20); });
  return room.microphone.stream;
};
"""


def is_silent(pcm16: bytes) -> bool:
    return not any(pcm16)


@pytest_asyncio.fixture(loop_scope="session")
async def room(browser: Browser, server: PageServer) -> AsyncIterator[Visit]:
    """A live conversation on loudspeakers, whose echo nobody cancels."""
    context = await browser.new_context(permissions=["microphone"])
    await context.add_init_script(ROOM)
    visit = await open_page(context, server)
    await visit.start("start-talk")
    await until(lambda: server.gateway.audio)
    yield visit
    await context.close()
    assert visit.errors == []


@pytest.mark.audio
async def test_the_own_voice_is_not_taken_for_somebody(room: Visit) -> None:
    """On loudspeakers the model hears silence while it speaks, until somebody speaks over it."""
    gateway = room.gateway
    await gateway.say(type="turn_start", turn=1)
    await gateway.speak(1, tone(5))
    await room.reaches("speaking")
    await asyncio.sleep(0.3)
    first = max(gateway.audio)
    await asyncio.sleep(2)
    while_alone = [pcm16 for seq, pcm16 in gateway.audio.items() if seq > first]
    was_taken = await room.page.locator("html[data-state='hearing']").count()

    await room.page.evaluate("somebodySpeaks()")
    await room.reaches("hearing")
    await until(lambda: not is_silent(gateway.audio[max(gateway.audio)]))

    assert len(while_alone) > 20
    assert all(is_silent(pcm16) for pcm16 in while_alone)
    assert was_taken == 0


async def test_what_is_said_while_picking_is_heard(visit: Visit) -> None:
    """Sound from the click on is kept while the user picks a screen, and sent with the rest."""
    await visit.page.evaluate(
        """() => {
          navigator.mediaDevices.getDisplayMedia = () => new Promise((resolve) => {
            globalThis.pick = () => {
              const canvas = document.createElement('canvas');
              canvas.getContext('2d').fillRect(0, 0, 9, 9);
              resolve(canvas.captureStream());
            };
          });
        }"""
    )
    await visit.click("start-screen")
    await visit.reaches("asking")
    await asyncio.sleep(1)
    picked_ms = await visit.page.evaluate("() => { pick(); return Date.now(); }")
    await until(lambda: len(visit.gateway.captured_ms) > 30)

    early = [at_ms for at_ms in visit.gateway.captured_ms if at_ms < picked_ms]
    assert len(early) >= 10
    assert visit.gateway.order.index("microphone") < visit.gateway.order.index("share")


async def test_nothing_is_sent_of_what_was_said_before_a_cancelled_start(visit: Visit) -> None:
    """A picker that is cancelled turns the microphone off, and nothing of it is ever sent."""
    await visit.page.evaluate(
        "() => { navigator.mediaDevices.getDisplayMedia = () => new Promise(() => undefined); }"
    )
    await visit.click("start-screen")
    await visit.reaches("asking")
    await asyncio.sleep(0.6)
    await visit.click("cancel")
    await visit.reaches("idle")

    await visit.start("start-type")
    await asyncio.sleep(0.4)

    assert visit.gateway.audio == {}
    assert visit.gateway.of_type("microphone") == []


async def test_the_sound_of_a_shared_tab_is_mixed_in(visit: Visit) -> None:
    """A tab's sound is let in when the user says so, outlives muting, and can be left out."""
    await visit.page.evaluate(
        """() => {
          navigator.mediaDevices.getDisplayMedia = async () => {
            const canvas = document.createElement('canvas');
            canvas.getContext('2d').fillRect(0, 0, 9, 9);
            const context = new AudioContext();
            const note = new OscillatorNode(context);
            const out = new MediaStreamAudioDestinationNode(context);
            note.connect(out);
            note.start();
            const tracks = [canvas.captureStream(), out.stream].flatMap((part) => part.getTracks());
            return new MediaStream(tracks);
          };
        }"""
    )
    await visit.start("start-screen")
    leave_out = visit.page.get_by_role("button", name=re.compile("Leave the tab.s sound out"))
    await until(lambda: visit.gateway.audio)
    await visit.page.keyboard.press("m")
    await visit.reaches("muted")
    assert visit.gateway.of_type("microphone")[-1]["active"] is False
    await visit.page.get_by_role("button", name="Let it hear the tab").click()
    await leave_out.wait_for()
    await visit.reaches("muted")
    count = len(visit.gateway.audio)
    await until(lambda: len(visit.gateway.audio) > count + 10)
    newest = visit.gateway.audio[max(visit.gateway.audio)]
    await leave_out.click()
    await until(lambda: visit.gateway.of_type("microphone")[-1]["active"] is False)

    assert not is_silent(newest)


async def test_a_microphone_that_goes_away_is_replaced(visit: Visit) -> None:
    """When the microphone is unplugged another one takes over, and the user is told."""
    await visit.page.evaluate(
        """() => {
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          globalThis.given = [];
          navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await ask(wanted);
            given.push(stream);
            return stream;
          };
        }"""
    )
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)

    await visit.page.evaluate("given[0].getTracks()[0].dispatchEvent(new Event('ended'))")
    await visit.page.get_by_text("The microphone was unplugged.").wait_for()
    await comes_true(visit, "given.length === 2")
    count = len(visit.gateway.audio)
    await until(lambda: len(visit.gateway.audio) > count + 5)

    assert await visit.page.get_by_text("is used instead").is_visible()
    assert await visit.page.locator("[data-role='mute-label']").inner_text() == "Mute"


async def test_another_microphone_is_taken_while_talking(visit: Visit) -> None:
    """A microphone that is chosen in the settings is used at once, and sound goes on."""
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)
    await visit.click("settings")
    choice = visit.page.locator("select[name='microphone']")
    options = await choice.locator("option").all_inner_texts()
    await choice.select_option(index=2)
    chosen = await choice.input_value()
    await visit.page.keyboard.press("Escape")
    facts = "[data-role='microphone-facts']"
    await visit.page.locator(facts, has_text=options[2]).wait_for()
    count = len(visit.gateway.audio)
    await until(lambda: len(visit.gateway.audio) > count + 5)

    assert chosen
    assert options[0].startswith("The system")


async def test_the_chosen_microphone_is_gone_back_to(visit: Visit) -> None:
    """The chosen microphone that was unplugged is used again once it is plugged in."""
    await visit.page.evaluate(
        """() => {
          const { mediaDevices } = navigator;
          const list = mediaDevices.enumerateDevices.bind(mediaDevices);
          const ask = mediaDevices.getUserMedia.bind(mediaDevices);
          globalThis.missing = '';
          mediaDevices.enumerateDevices = async () =>
            (await list()).filter(({ deviceId }) => !missing || deviceId !== missing);
          mediaDevices.getUserMedia = async (wanted) => {
            globalThis.given = await ask(wanted);
            return given;
          };
        }"""
    )
    await visit.start("start-talk")
    await until(lambda: visit.gateway.audio)
    await visit.click("settings")
    choice = visit.page.locator("select[name='microphone']")
    name = (await choice.locator("option").all_inner_texts())[2]
    await choice.select_option(index=2)
    chosen = await choice.input_value()
    await visit.page.keyboard.press("Escape")
    facts = visit.page.locator("[data-role='microphone-facts']")
    await facts.get_by_text(name).wait_for()

    await visit.page.evaluate(
        """(id) => {
          missing = id;
          given.getTracks()[0].dispatchEvent(new Event('ended'));
        }""",
        chosen,
    )
    await visit.page.get_by_text("is used instead").wait_for()
    replaced = await visit.page.evaluate("given.getTracks()[0].getSettings().deviceId")
    await visit.page.evaluate(
        """() => {
          missing = '';
          navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
        }"""
    )
    await comes_true(visit, f"given.getTracks()[0].getSettings().deviceId === '{chosen}'")
    count = len(visit.gateway.audio)
    await until(lambda: len(visit.gateway.audio) > count + 5)

    assert replaced != chosen
