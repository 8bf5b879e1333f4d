"""Pictures on their way to the model: in which order, at which pace, and what it has seen. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from shared.codec import Header
from shared.jpeg import jpeg_size
from shared.picture_queue import PictureQueue, Waiting
from shared.token_bucket import TokenBucket

PICTURE_INTERVAL_S = 1.0
"""The model looks at one picture a second."""

MAX_BURST = 3
"""Urgent pictures that may go at once after a quiet while; on average it stays one a second."""

CAPTION_PX = 24
"""Height of the band below each picture that says what it is."""

REMEMBERED = 32

Frame = Waiting[bytes]
"""One picture that waits, with its JPEG."""


@dataclass(frozen=True, slots=True)
class Overview:
    """An overview that the model has been sent; ``size`` in px, without the caption."""

    number: int
    size: tuple[int, int]


class Shown:
    """What the model has been sent lately, over all connections of the session."""

    def __init__(self) -> None:
        self._overviews: OrderedDict[int, Overview] = OrderedDict()
        self._close_ups: OrderedDict[int, int] = OrderedDict()

    @property
    def newest(self) -> Overview | None:
        """The overview with the highest number."""
        return self._overviews[max(self._overviews)] if self._overviews else None

    def size_of(self, number: int) -> tuple[int, int] | None:
        """Return the size of an overview; None if it was long ago, or never there."""
        overview = self._overviews.get(number)
        return overview.size if overview else None

    def overview_of(self, close_up: int | None) -> int | None:
        """Return the number of the overview that a close-up belongs to; None as in `size_of`."""
        return self._close_ups.get(close_up or 0)

    def note(self, frame: Frame) -> None:
        """Take note that ``frame`` was sent."""
        if frame.is_close_up:
            self._close_ups[frame.seq] = frame.overview
            _bound(self._close_ups)
        else:
            width, height = jpeg_size(frame.item) or (0, 0)
            size = (width, max(0, height - CAPTION_PX))
            self._overviews[frame.seq] = Overview(frame.seq, size)
            _bound(self._overviews)


class Frames:
    """What one connection has still to send."""

    def __init__(self) -> None:
        self._queue: PictureQueue[bytes] = PictureQueue()
        self._pace = TokenBucket(1 / PICTURE_INTERVAL_S, MAX_BURST)
        self._sent_at_s = float("-inf")

    def add(self, header: Header, jpeg: bytes) -> None:
        """Take a picture in; what it makes worthless is dropped."""
        self._queue.add(header, jpeg)

    def hide(self, newest: int) -> None:
        """Drop what was taken before the user stopped sharing."""
        self._queue.forget(newest)

    def keep_newest(self) -> None:
        """Drop what an earlier connection was asked for."""
        self._queue.keep_newest()

    def wait_s(self, now_s: float) -> float | None:
        """Return in how many seconds the next picture may go; None if none waits."""
        if not self._queue:
            return None
        wait_s = self._pace.wait_s(1, now_s)
        if self._queue.is_urgent:
            return wait_s
        return max(wait_s, self._sent_at_s + PICTURE_INTERVAL_S - now_s)

    def take_due(self, now_s: float) -> Frame | None:
        """Take the next picture if it may go by now."""
        wait_s = self.wait_s(now_s)
        return self.take_next(now_s) if wait_s is not None and wait_s <= 0 else None

    def take_next(self, now_s: float) -> Frame | None:
        """Take the next picture whatever the pace, which those after it make up for."""
        if not self._queue:
            return None
        self._pace.spend(1, now_s)
        self._sent_at_s = now_s
        return self._queue.take()


def _bound(numbers: OrderedDict[int, Overview] | OrderedDict[int, int]) -> None:
    while len(numbers) > REMEMBERED:
        numbers.popitem(last=False)
