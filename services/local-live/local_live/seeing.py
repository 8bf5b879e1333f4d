"""Reads pictures: finds text, recognises it line by line, and remembers lines it has read before.

Line by line, so that sessions take turns; remembered, because most of a screen stays as it was from
one picture to the next.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from local_live.layout import Piece, Screen, arrange
from local_live.pictures import Picture

if TYPE_CHECKING:
    from rapidocr import RapidOCR

    from local_live.models import ModelThread

Pixels = NDArray[Any]

MIN_SCORE = 0.5
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


class Reader:
    """Reads pictures for all sessions; the same picture is read once."""

    def __init__(self, ocr: ModelThread[RapidOCR]) -> None:
        self._ocr = ocr
        self._lines: OrderedDict[bytes, str] = OrderedDict()
        self._screens: OrderedDict[str, asyncio.Task[Screen]] = OrderedDict()
        self._reading: set[asyncio.Task[Screen]] = set()

    def begin(self, owner: Hashable, picture: Picture) -> asyncio.Task[Screen]:
        """Start to read ``picture``, unless that has been started already."""
        task = self._screens.get(picture.digest)
        if task is None or _has_failed(task):
            task = asyncio.create_task(self._read(owner, picture))
            task.add_done_callback(self._finish)
            self._screens[picture.digest] = task
            self._reading.add(task)
            if len(self._screens) > MAX_REMEMBERED_SCREENS:
                self._screens.popitem(last=False)
        self._screens.move_to_end(picture.digest)
        return task

    async def read(self, owner: Hashable, picture: Picture) -> Screen:
        """Return what stands on ``picture``.

        Raises:
            ModelUnavailable: If the text recogniser cannot be used.
        """
        return await asyncio.shield(self.begin(owner, picture))

    async def _read(self, owner: Hashable, picture: Picture) -> Screen:
        found = await self._ocr.run(owner, lambda ocr: _find_lines(ocr, picture.data))
        pieces = []
        for line in found[:MAX_LINES]:
            text = self._lines.get(line.key)
            if text is None:
                text = await self._ocr.run(owner, partial(_read_line, pixels=line.pixels))
                self._remember(line.key, text)
            pieces.append(Piece(text, line.left, line.top, line.right, line.bottom))
        return arrange(pieces, picture.width, picture.height)

    def _finish(self, task: asyncio.Task[Screen]) -> None:
        self._reading.discard(task)
        if not task.cancelled():
            # A failure is told to those who ask for the screen; nobody may have.
            task.exception()

    def _remember(self, key: bytes, text: str) -> None:
        self._lines[key] = text
        if len(self._lines) > MAX_REMEMBERED_LINES:
            self._lines.popitem(last=False)


def _find_lines(ocr: RapidOCR, data: bytes) -> list[_Found]:
    import cv2  # noqa: PLC0415 - heavy

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        # A header without a picture behind it: there is nothing to read.
        return []
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


def _read_line(ocr: RapidOCR, pixels: Pixels) -> str:
    result: Any = ocr(pixels, use_det=False, use_rec=True, use_cls=False)
    if not result.txts or result.scores[0] < MIN_SCORE:
        return ""
    return str(result.txts[0])


def _has_failed(task: asyncio.Task[Screen]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
