"""A real Chromium in front of a real system: a tab to share, a WAV as the microphone."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, Page, async_playwright

from tests.support.processes import ROOT, free_port
from tests.support.proxy import Proxy
from tests.support.system import System
from tests.web.browser.conftest import QUIET_CHROMIUM, chromium_path

SHARED_TITLE = "capture-target"

# Listens in on what the page plays: keeps the loudest sample since the last look.
_LISTEN_IN = """
(() => {
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode && !(this instanceof AnalyserNode)) {
      const tap = this.context.createAnalyser();
      tap.fftSize = 2048;
      connect.call(this, tap);
      (window.taps ??= []).push(tap);
    }
    return connect.call(this, to, ...rest);
  };
  window.loudness = () => Math.max(0, ...(window.taps ?? []).map((tap) => {
    const samples = new Float32Array(tap.fftSize);
    tap.getFloatTimeDomainData(samples);
    return Math.max(...samples.map(Math.abs));
  }));
})();
"""


def spoken(folder: Path, text: str, *, before_s: float = 1.0, after_s: float = 2.0) -> Path:
    """Return a WAV of ``text`` spoken by a synthetic voice, with silence around it."""
    raw, wav = folder / "raw.wav", folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-s", "150", "-w", str(raw), text], check=True)
    levels = ["gain", "-n", "-3", "pad", str(before_s), str(after_s)]
    subprocess.run(
        ["sox", str(raw), "-r", "48000", "-c", "1", "-b", "16", str(wav), *levels], check=True
    )
    return wav


def silent(folder: Path) -> Path:
    """Return a WAV of silence: Chromium's own fake microphone beeps once a second."""
    wav = folder / "silent.wav"
    length = ["trim", "0", "120"]
    subprocess.run(
        ["sox", "-n", "-r", "48000", "-c", "1", "-b", "16", str(wav), *length], check=True
    )
    return wav


@contextmanager
def shown(html: str) -> Iterator[str]:
    """Serve a page that is to be shared; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>{SHARED_TITLE}</title>{html}".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@asynccontextmanager
async def chromium(*, microphone: Path, width: int = 1280) -> AsyncIterator[BrowserContext]:
    """Start Chromium; ``microphone`` is played once, from when the page opens the device."""
    args = [
        *QUIET_CHROMIUM,
        "--autoplay-policy=no-user-gesture-required",
        f"--auto-select-tab-capture-source-by-title={SHARED_TITLE}",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), headless=True, args=args
        )
        context = await browser.new_context(
            viewport={"width": width, "height": 800}, permissions=["microphone"]
        )
        await context.add_init_script(_LISTEN_IN)
        yield context
        await browser.close()


async def serve_page(system: System, proxy: Proxy | None = None) -> str:
    """Start a gateway and the web service for each other; return the page's address.

    With a ``proxy`` the page reaches the gateway through it.
    """
    page_port = free_port()
    origin = f"http://localhost:{page_port}"
    _, gateway_port = await system.start_gateway(GATEWAY_ORIGINS=origin)
    if proxy is not None:
        await proxy.start(gateway_port)
        gateway_port = proxy.port
    await system.start_web(
        WEB_PORT=str(page_port),
        WEB_ORIGINS=origin,
        WEB_GATEWAY_URL=f"ws://127.0.0.1:{gateway_port}/v1/live",
    )
    return f"{origin}/"


async def press(page: Page, action: str) -> None:
    """Press the visible button of this action."""
    await page.locator(f"button[data-action='{action}']:visible").first.click()


async def keep_picture(page: Page, name: str) -> None:
    """Write a screenshot to test-results/, for whoever wants to see what happened."""
    folder = ROOT / "test-results"
    folder.mkdir(exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png")
