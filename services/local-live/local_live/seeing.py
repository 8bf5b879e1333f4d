"""Reads pictures: finds text, recognises it line by line, and remembers lines it has read before.

Line by line, so that sessions take turns; remembered, because most of a screen stays as it was from
one picture to the next.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from local_live.captions import (
    BAND_PX,
    Caption,
    CloseUp,
    Overview,
    Page,
    compose,
    parse_caption,
)
from local_live.layout import Piece, Screen, arrange
from local_live.pictures import Picture
from local_live.remembered import Remembered

if TYPE_CHECKING:
    from rapidocr import RapidOCR

    from local_live.models import ModelThread

Pixels = NDArray[Any]

MIN_SCORE = 0.5
SURE_SCORE = 0.9
SURE_HEIGHT_PX = 20
"""Of the box around a line: in smaller letters figures are mistaken for one another."""
DARK, BRIGHT = 40, 180
"""Of 255: what the ground and the letters of a caption's band are at most, and at least."""
MARGIN_PX = 1
MAX_LINES = 400
"""Lines read of one picture: nobody wants more of it read aloud."""
MAX_REMEMBERED_LINES = 4_000
MAX_REMEMBERED_SCREENS = 64


@dataclass(frozen=True, slots=True)
class _Found:
    """A line of text that has been found, but not read."""

    left: int
    top: int
    right: int
    bottom: int
    pixels: Pixels
    key: bytes


class _Text(NamedTuple):
    text: str
    score: float


def ocr_loader(threads: int) -> Callable[[], RapidOCR]:
    """Return what loads the packaged PP-OCR models."""

    def load() -> RapidOCR:
        from rapidocr import RapidOCR  # noqa: PLC0415 - heavy

        return RapidOCR(
            params={
                # A screen's text is never upside down.
                "Global.use_cls": False,
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Rec.rec_batch_num": 1,
            }
        )

    return load


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands on the screen, and the number of the overview that shows it, if it has one."""

    screen: Screen
    frame: int | None


class Reader:
    """Reads pictures for all sessions; the same picture is read once."""

    def __init__(self, ocr: ModelThread[RapidOCR]) -> None:
        self._ocr = ocr
        self._lines: OrderedDict[bytes, _Text] = OrderedDict()
        self._captions: Remembered[str, Caption | None] = Remembered(MAX_REMEMBERED_SCREENS)
        self._pages: Remembered[str, Page] = Remembered(MAX_REMEMBERED_SCREENS)
        self._seen: Remembered[tuple[str, ...], Seen] = Remembered(MAX_REMEMBERED_SCREENS)

    def begin(self, owner: Hashable, pictures: Sequence[Picture]) -> asyncio.Task[Seen]:
        """Start to read the newest of ``pictures`` (oldest first), unless that was started."""
        key = tuple(picture.digest for picture in pictures)
        return self._seen.task(key, lambda: self._see(owner, pictures))

    async def read(self, owner: Hashable, pictures: Sequence[Picture]) -> Seen:
        """Return what stands on the newest overview, its close-ups taken into account.

        Raises:
            ModelUnavailable: If the text recogniser cannot be used.
        """
        return await asyncio.shield(self.begin(owner, pictures))

    async def _see(self, owner: Hashable, pictures: Sequence[Picture]) -> Seen:
        close_ups: list[tuple[CloseUp, Picture]] = []
        for picture in reversed(pictures):
            caption = await self._caption(owner, picture)
            if isinstance(caption, CloseUp) and picture is not pictures[0]:
                close_ups.append((caption, picture))
                continue
            frame = caption.number if isinstance(caption, Overview) else None
            page = await self._page(owner, picture, has_band=caption is not None)
            parts = [
                (region, await self._page(owner, part, has_band=True))
                for region, part in close_ups
                if region.frame == frame
            ]
            return Seen(arrange(compose(page, parts), page.width, page.height), frame)
        raise ValueError("there is no picture to read")

    async def _caption(self, owner: Hashable, picture: Picture) -> Caption | None:
        async def read() -> Caption | None:
            text = await self._ocr.run(owner, lambda ocr: _read_band(ocr, picture.data))
            return parse_caption(text, picture.width, picture.height - BAND_PX)

        return await asyncio.shield(self._captions.task(picture.digest, read))

    async def _page(self, owner: Hashable, picture: Picture, *, has_band: bool) -> Page:
        height = picture.height - BAND_PX * has_band

        async def read() -> Page:
            found = await self._ocr.run(owner, lambda ocr: _find_lines(ocr, picture.data, height))
            pieces = [await self._piece(owner, line) for line in found[:MAX_LINES]]
            return Page(tuple(pieces), picture.width, height)

        return await asyncio.shield(self._pages.task(picture.digest, read))

    async def _piece(self, owner: Hashable, line: _Found) -> Piece:
        text = self._lines.get(line.key)
        if text is None:
            text = await self._ocr.run(owner, partial(_read_line, pixels=line.pixels))
            self._lines[line.key] = text
            if len(self._lines) > MAX_REMEMBERED_LINES:
                self._lines.popitem(last=False)
        is_sure = text.score >= SURE_SCORE and line.bottom - line.top >= SURE_HEIGHT_PX
        return Piece(text.text, line.left, line.top, line.right, line.bottom, is_sure)


def _decode(data: bytes) -> Pixels | None:
    """Return rows of pixels; None where there is a header without a picture behind it."""
    import cv2  # noqa: PLC0415 - heavy

    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def _read_band(ocr: RapidOCR, data: bytes) -> str:
    """Return what the band below a picture says; nothing if it has none."""
    pixels = _decode(data)
    if pixels is None or len(pixels) <= BAND_PX:
        return ""
    band = pixels[-BAND_PX:]
    # Black, but for some letters; what lies under a picture by chance is hardly ever both.
    if np.median(band) > DARK or np.max(band) < BRIGHT:
        return ""
    lit = np.flatnonzero(band.max(axis=(0, 2)) > DARK * 2)
    written = band[:, : int(lit[-1]) + BAND_PX // 2] if len(lit) else band
    # Recognisers are best at dark letters on white.
    return _read_line(ocr, np.ascontiguousarray(255 - written)).text


def _find_lines(ocr: RapidOCR, data: bytes, height: int) -> list[_Found]:
    pixels = _decode(data)
    if pixels is None:
        return []
    pixels = pixels[:height]
    found_boxes: Any = ocr(pixels, use_det=True, use_rec=False, use_cls=False)
    boxes = found_boxes.boxes
    height, width = pixels.shape[:2]
    found = []
    for box in [] if boxes is None else boxes:
        left, top = np.floor(box.min(axis=0)).astype(int) - MARGIN_PX
        right, bottom = np.ceil(box.max(axis=0)).astype(int) + MARGIN_PX
        left, top = max(0, int(left)), max(0, int(top))
        right, bottom = min(width, int(right)), min(height, int(bottom))
        if right > left and bottom > top:
            line = np.ascontiguousarray(pixels[top:bottom, left:right])
            key = hashlib.blake2b(line.tobytes(), digest_size=16).digest()
            found.append(_Found(left, top, right, bottom, line, key))
    return found


def _read_line(ocr: RapidOCR, pixels: Pixels) -> _Text:
    result: Any = ocr(pixels, use_det=False, use_rec=True, use_cls=False)
    if not result.txts or result.scores[0] < MIN_SCORE:
        return _Text("", 0.0)
    return _Text(str(result.txts[0]), float(result.scores[0]))
