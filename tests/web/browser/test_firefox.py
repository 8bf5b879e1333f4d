"""The page in Firefox, driven by WebDriver BiDi: it loads, connects, asks, hears, is answered.

Firefox has no MediaStreamTrackProcessor, so this is also the way of browsers that read pictures
from a video element.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.web.browser.page_server import Gateway, PageServer, until
from tests.web.browser.test_voice import tone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
}
"""A microphone that is made up, and nobody who asks about it."""
SCREEN = """
// Headless Firefox has no screen to share; a canvas that moves takes its place.
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  setInterval(() => {
    pen.fillStyle = `hsl(${performance.now() / 20} 80% 50%)`;
    pen.fillRect(0, 0, 640, 360);
  }, 100);
  return canvas.captureStream();
};
"""


class Firefox:
    """One page of a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._context = ""

    async def open(self, url: str) -> None:
        await self._call("session.new", capabilities={})
        tree = await self._call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        await self._call(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page, as if a user had clicked."""
        answer = await self._call(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def comes_true(self, condition: str) -> None:
        async with asyncio.timeout(20):
            while not await self.evaluate(condition):  # noqa: ASYNC110 - it is in the page
                await asyncio.sleep(0.1)

    async def _call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        await self._socket.send(
            orjson.dumps({"id": number, "method": method, "params": params}).decode()
        )
        while True:
            message = orjson.loads(await self._socket.recv())
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]


@asynccontextmanager
async def sound_card(folder: Path) -> AsyncIterator[dict[str, str]]:
    """Play to nobody, as a machine with a loudspeaker would; yield what tells programs of it."""
    program = shutil.which("pulseaudio")
    if program is None:
        pytest.skip("PulseAudio is not installed")
    socket = folder / "native"
    process = await asyncio.create_subprocess_exec(
        *(program, "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=true"),
        *("-L", "module-null-sink"),
        *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
    )
    try:
        await until(socket.exists, limit_s=20)
        yield {"PULSE_SERVER": f"unix:{socket}"}
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def firefox(profile: Path, **environment: str) -> AsyncIterator[Firefox]:
    """Start Firefox with a profile of its own, on a port that it chooses."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("Firefox is not installed")
    lines = (
        f'user_pref("{name}", {orjson.dumps(value).decode()});'
        for name, value in PREFERENCES.items()
    )
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(program, "--headless", "--no-remote", "--profile", str(profile)),
        *("--remote-debugging-port", "0", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "HOME": str(profile),
            "MOZ_DISABLE_CONTENT_SANDBOX": "1",
            # No sound card unless a test brings one.
            "PULSE_SERVER": "none",
            **environment,
        },
    )
    try:
        async with asyncio.timeout(60):
            address = await _address(process)
        async with connect(f"{address}/session", max_size=None, ping_interval=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Return where Firefox is told what to do; it says so itself."""
    assert process.stderr is not None
    async for line in process.stderr:
        found = re.search(rb"WebDriver BiDi listening on (ws://\S+)", line)
        if found:
            return found[1].decode()
    raise RuntimeError("Firefox ended before it listened")


async def press(browser: Firefox, action: str) -> None:
    await browser.evaluate(f"document.querySelector('[data-action=\"{action}\"]').click()")


async def shows(browser: Firefox, text: str) -> None:
    await browser.comes_true(f"document.body.innerText.includes({orjson.dumps(text).decode()})")


async def asks(browser: Firefox, gateway: Gateway) -> None:
    """Type a question, and be answered."""
    await browser.evaluate(
        "(() => { const field = document.getElementById('composer-text');"
        " field.value = 'What is it?'; field.form.requestSubmit(); })()"
    )
    await until(lambda: gateway.of_type("text"))
    await gateway.answer(1, "", "It is a table.")
    await shows(browser, "It is a table.")


async def test_a_conversation_without_sound(server: PageServer, tmp_path: Path) -> None:
    """Firefox starts no sound where there is no card: that is told, and all else goes on."""
    gateway = server.gateway
    async with firefox(tmp_path) as browser:
        await browser.open(server.url)
        await browser.evaluate(SCREEN)
        await press(browser, "start-screen")
        await until(lambda: gateway.socket, limit_s=30)
        await gateway.go_live()
        await until(lambda: gateway.pictures, limit_s=30)
        await shows(browser, "This browser gets no sound on this machine.")
        await asks(browser, gateway)
        state = await browser.evaluate("document.documentElement.dataset.state")

    assert state == "ready"
    assert gateway.audio == {}
    assert gateway.violations == []


async def test_a_voice_in_firefox(server: PageServer, tmp_path: Path) -> None:
    """Where there is sound, what is said arrives, and what is answered is played."""
    gateway = server.gateway
    async with sound_card(tmp_path) as card, firefox(tmp_path, **card) as browser:
        await browser.open(server.url)
        await press(browser, "start-talk")
        await until(lambda: gateway.socket, limit_s=30)
        await gateway.go_live()
        await until(lambda: any(any(pcm16) for pcm16 in gateway.audio.values()), limit_s=30)
        await gateway.say(type="turn_start", turn=1)
        await gateway.speak(1, tone(0.5))
        await gateway.say(type="turn_end", turn=1)
        await until(lambda: gateway.of_type("played"), limit_s=30)

    assert gateway.of_type("played")[-1]["turn"] == 1
    assert gateway.violations == []
