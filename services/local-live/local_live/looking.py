"""One question's look at the screen: read it, look closer where that helps, point at the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from functools import partial

from local_live import answering
from local_live.asking import Answer
from local_live.brain import Question
from local_live.closer import Region, region_for
from local_live.history import History, Memory, Turn
from local_live.seeing import Reader, Seen

PATIENCE_S = 1.0
"""A reading that takes longer is announced, so that nobody waits in silence."""
READING_TIMEOUT_S = 30.0
ONE_MOMENT = "One moment, I am reading your screen."
LOOKING = "Let me look closer."


class CannotRead(Exception):
    """Text recognition does not work here, or takes for ever."""


class Look:
    """What is seen for one question."""

    def __init__(
        self, reader: Reader, owner: Hashable, question: Question, history: History
    ) -> None:
        self._reader, self._owner = reader, owner
        self._question, self._history = question, history
        self._seen: Seen | None = None
        self.answer = Answer((), history.memory or Memory())
        """What `find` has found."""

    async def find(self, before: Sequence[Turn]) -> AsyncGenerator[str, None]:
        """Find the answer, if need be by a closer look; yield what to say meanwhile.

        Raises:
            CannotRead: If there is a picture that cannot be read.
        """
        memory = self.answer.memory
        async for said in self._read():
            yield said
        self.answer = await self._answer(memory, before)
        region = await self._doubtful_region()
        if region is not None:
            yield LOOKING
            async for said in self._look_closer(region):
                yield said
            self.answer = await self._answer(memory, before)

    async def point(self) -> None:
        """Have the client mark the place that the answer is about, if it can."""
        mark, seen, tools = self.answer.mark, self._seen, self._question.tools
        if mark is None or seen is None or seen.frame is None or tools is None:
            return
        if "point_at" in tools.offered:
            place = {"x": mark.x, "y": mark.y, "label": mark.label, "frame": seen.frame}
            await tools.call("point_at", place)

    async def _read(self) -> AsyncGenerator[str, None]:
        if not self._history.pictures or not answering.needs_screen(self._question.text):
            return
        reading = self._reader.begin(self._owner, self._history.pictures)
        await asyncio.wait([reading], timeout=PATIENCE_S)
        if not reading.done():
            yield ONE_MOMENT
            await asyncio.wait([reading], timeout=READING_TIMEOUT_S)
        if not reading.done() or reading.cancelled() or reading.exception():
            raise CannotRead
        self._seen = reading.result()

    async def _answer(self, memory: Memory, before: Sequence[Turn]) -> Answer:
        # A large screen takes a while to search, which is not for the event loop.
        return await asyncio.to_thread(
            answering.answer,
            self._question.text,
            self._seen.screen if self._seen else None,
            memory,
            before,
            self._question.instruction,
        )

    async def _doubtful_region(self) -> Region | None:
        tools = self._question.tools
        if self._seen is None or tools is None or "look_closer" not in tools.offered:
            return None
        is_found = self.answer.is_found
        text, screen = self._question.text, self._seen.screen
        return await asyncio.to_thread(partial(region_for, text, screen, is_found=is_found))

    async def _look_closer(self, region: Region) -> AsyncGenerator[str, None]:
        assert self._question.tools is not None  # noqa: S101 - else there is no region
        result = await self._question.tools.call("look_closer", dict(region._asdict()))
        why_not = _error_in(result.response)
        if why_not:
            yield f"I could not look closer: {why_not}"
        else:
            async for said in self._read():
                yield said


def _error_in(response: object) -> str:
    """Return why a tool could not be used; empty if it could."""
    if isinstance(response, Mapping):
        return str(response.get("error") or "")
    return "there was no answer."
