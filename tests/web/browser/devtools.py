"""Chromium without Playwright, which keeps every page visible and its timers running.

What becomes of the page when another window covers it can only be seen this way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.web.browser.conftest import MEDIA, QUIET_CHROMIUM, chromium_path
from tests.web.browser.page_server import until

PORT_FILE = "DevToolsActivePort"


@dataclass
class Devtools:
    """Commands to the browser, one at a time."""

    socket: ClientConnection
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; events are skipped."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> Tab:
        """Open a tab in front of the others."""
        target = (await self.send("Target.createTarget", url=url))["targetId"]
        attached = await self.send("Target.attachToTarget", targetId=target, flatten=True)
        return Tab(self, target, attached["sessionId"])


@dataclass
class Tab:
    """One tab."""

    devtools: Devtools
    target: str
    session: str

    async def run(self, script: str) -> Any:
        """Run a script as if a click had started it; return what it gives."""
        answer = await self.devtools.send(
            "Runtime.evaluate",
            self.session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def has(self, selector: str) -> None:
        """Wait until the page has such an element."""
        find = f"Boolean(document.querySelector({json.dumps(selector)}))"
        async with asyncio.timeout(20):
            while not await self.run(find):  # noqa: ASYNC110 - the page tells nobody
                await asyncio.sleep(0.05)

    async def show(self) -> None:
        """Bring the tab to the front."""
        await self.devtools.send("Target.activateTarget", targetId=self.target)

    async def minimise(self) -> None:
        """Minimise the window that the tab is in."""
        found = await self.devtools.send("Browser.getWindowForTarget", targetId=self.target)
        await self.devtools.send(
            "Browser.setWindowBounds",
            windowId=found["windowId"],
            bounds={"windowState": "minimized"},
        )


@asynccontextmanager
async def devtools(profile: Path) -> AsyncIterator[Devtools]:
    """Run Chromium with a profile of its own, as a user would have it."""
    process = await asyncio.create_subprocess_exec(
        chromium_path(),
        *QUIET_CHROMIUM,
        *MEDIA,
        "--headless=new",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until((profile / PORT_FILE).exists, 20.0)
        port, path = (profile / PORT_FILE).read_text(encoding="utf-8").split()
        async with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, origin=None) as socket:
            yield Devtools(socket)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
