"""Sends a page of text through the real page in a real browser, to an endpoint that records."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import BrowserContext, Page, async_playwright

from bench.legibility.reading import read
from bench.legibility.truth import Region
from tests.web.browser.conftest import MEDIA, Visit, launch, open_page
from tests.web.browser.page_server import PageServer, Picture, serving, until

PAGES = Path(__file__).parent / "pages"
SCREEN = (1920, 1080)
BAND_PX = 24
"""The caption below each picture; docs/protocol.md."""
CLOSE_UP = re.compile(r"frame\s*(\d+)\D*x\s*(\d+)\s*-\s*(\d+)\s*y\s*(\d+)\s*-\s*(\d+)")

_TUTORIAL = """async (png) => {
  const shown = await createImageBitmap(await (await fetch(png)).blob());
  const captured = new OffscreenCanvas(640, 360);
  captured.getContext('2d').drawImage(shown, 0, 0, 640, 360);
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 480];
  canvas.getContext('2d').drawImage(captured, 0, 0, 640, 480);
  return canvas.toDataURL('image/jpeg').split(',')[1];
}"""


@dataclass
class Desk:
    """A shared page of text, the real page beside it, and what was recorded."""

    visit: Visit
    target: Page

    @property
    def pictures(self) -> list[Picture]:
        """All that were recorded."""
        return self.visit.gateway.pictures

    async def following(self, count: int, wanted: int) -> list[Picture]:
        """Wait for ``wanted`` pictures after the first ``count``, and return them."""
        await until(lambda: len(self.pictures) >= count + wanted, 20.0)
        return self.pictures[count : count + wanted]

    async def settled(self, count: int, quiet_s: float = 1.5) -> list[Picture]:
        """Wait for pictures after the first ``count``, and for no more to follow; return them."""
        await until(lambda: len(self.pictures) > count, 20.0)
        known = 0
        while known != len(self.pictures):
            known = len(self.pictures)
            await asyncio.sleep(quiet_s)
        return self.pictures[count:]


Prepare = Callable[[BrowserContext], Awaitable[None]]


async def _as_it_is(_context: BrowserContext) -> None:
    """Change nothing."""


@asynccontextmanager
async def desk(name: str, prepare: Prepare = _as_it_is) -> AsyncIterator[Desk]:
    """Share the page of that name, and wait until its first picture has come.

    Args:
        name: In the folder of pages, without its ending.
        prepare: Is called before anything is opened.
    """
    async with serving(PageServer()) as server, async_playwright() as playwright:
        browser = await launch(playwright, *MEDIA, "--font-render-hinting=none")
        context = await browser.new_context(
            viewport={"width": SCREEN[0], "height": SCREEN[1]}, permissions=["microphone"]
        )
        await prepare(context)
        try:
            yield await _share(context, server, name)
        finally:
            await browser.close()


async def _share(context: BrowserContext, server: PageServer, name: str) -> Desk:
    target = await context.new_page()
    await target.goto((PAGES / f"{name}.html").as_uri())
    visit = await open_page(context, server)
    await visit.start("start-screen")
    await visit.click("mute")
    shared = Desk(visit, target)
    await shared.settled(0)
    return shared


def opened(picture: Picture) -> Image.Image:
    """Return a picture without its caption."""
    whole = Image.open(io.BytesIO(picture.jpeg)).convert("RGB")
    return whole.crop((0, 0, whole.width, whole.height - BAND_PX))


def caption_of(picture: Picture) -> str:
    """Return the caption as it is read from the picture, which is how the model learns it."""
    whole = Image.open(io.BytesIO(picture.jpeg)).convert("RGB")
    band = whole.crop((0, whole.height - BAND_PX, whole.width, whole.height))
    lines = read(band, Region(0, 0, band.width, band.height), 2.0)
    return " ".join(line.text for line in sorted(lines, key=lambda each: each.left))


def region_of(caption: str, overview: tuple[int, int]) -> Region:
    """Return the part of the screen that a close-up's caption names.

    Raises:
        ValueError: If the caption cannot be read.
    """
    match = CLOSE_UP.search(caption)
    if not match:
        raise ValueError(f"not the caption of a close-up: {caption!r}")
    left, right, top, bottom = (int(match[group]) for group in (2, 3, 4, 5))
    across, down = SCREEN[0] / overview[0], SCREEN[1] / overview[1]
    return Region(left * across, top * down, right * across, bottom * down)


async def lossless(shared: Desk, region: Region) -> bytes:
    """Return that part of the screen as a PNG: the most that anyone could deliver."""
    screen = Image.open(io.BytesIO(await shared.target.screenshot()))
    box = (round(region.left), round(region.top), round(region.right), round(region.bottom))
    png = io.BytesIO()
    screen.crop(box).save(png, "PNG")
    return png.getvalue()


async def tutorial_picture(shared: Desk) -> bytes:
    """Return the JPEG that the tutorial's page makes of the same screen.

    It asks for a capture of at most 640 px and draws that onto a canvas of 640 by 480.
    """
    png = base64.b64encode(await shared.target.screenshot()).decode()
    page = await shared.visit.context.new_page()
    jpeg = await page.evaluate(_TUTORIAL, f"data:image/png;base64,{png}")
    await page.close()
    return base64.b64decode(jpeg)
