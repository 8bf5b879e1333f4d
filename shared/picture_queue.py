"""Pictures that wait to be passed on: which of them still matter. Pure.

An overview shows the whole of what is shared, so a newer one stands for it; close-ups belong to
one overview and go with it, unless the model has asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared import limits
from shared.codec import Header, PictureFlag

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[T]):
    """One picture; ``item`` is whatever its owner passes on."""

    seq: int
    overview: int
    """Number of the overview that this is, or belongs to."""
    is_urgent: bool
    item: T

    @property
    def is_close_up(self) -> bool:
        """Tell whether this shows a part of an overview."""
        return self.overview != self.seq


class PictureQueue(Generic[T]):
    """At most `limits.FRAMES_MAX_ENTRIES` pictures, in the order of their numbers."""

    def __init__(self) -> None:
        self._waiting: list[Waiting[T]] = []
        self._newest_overview = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> Waiting[T] | None:
        """The picture that goes next."""
        return self._waiting[0] if self._waiting else None

    @property
    def is_urgent(self) -> bool:
        """Tell whether any of them is in a hurry."""
        return any(one.is_urgent for one in self._waiting)

    def add(self, header: Header, item: T) -> int:
        """Add a picture; return how many, itself included, have lost their worth by that."""
        before = len(self._waiting) + 1
        is_urgent = bool(header.flags & PictureFlag.URGENT)
        if header.flags & PictureFlag.CLOSE_UP:
            if is_urgent or header.turn >= self._newest_overview:
                self._waiting.append(Waiting(header.seq, header.turn, is_urgent, item))
        else:
            self._newest_overview = header.seq
            # A question waits for the picture that this one replaces: now it waits for this one.
            is_urgent = is_urgent or any(
                one.is_urgent and not one.is_close_up for one in self._waiting
            )
            self._waiting = [one for one in self._waiting if one.is_urgent and one.is_close_up]
            self._waiting.append(Waiting(header.seq, header.seq, is_urgent, item))
        while len(self._waiting) > limits.FRAMES_MAX_ENTRIES:
            self._waiting.remove(self._least())
        return before - len(self._waiting)

    def take(self) -> Waiting[T]:
        """Take the picture that goes next; there must be one."""
        return self._waiting.pop(0)

    def keep_newest(self) -> None:
        """Drop what does not belong to the newest overview, whoever has asked for it."""
        self.forget(self._newest_overview - 1)

    def forget(self, newest: int) -> None:
        """Drop what is numbered up to ``newest``, or shows a part of such an overview."""
        self._waiting = [one for one in self._waiting if one.overview > newest]

    def _least(self) -> Waiting[T]:
        """Return the picture that is missed least: the oldest close-up, asked for by nobody."""
        close_ups = [one for one in self._waiting if one.is_close_up]
        return min(close_ups, key=lambda one: (one.is_urgent, one.seq))
