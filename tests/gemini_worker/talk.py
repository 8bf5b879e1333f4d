"""A client's side of a session for the tests of the uplink, and a model that remembers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.session_store import Attachment, SessionStore
from gemini_worker.frames import Shown
from gemini_worker.sent import BEGINNING, Position, Sent
from gemini_worker.tools import Calls, ToolAnswer
from gemini_worker.turn import Question
from gemini_worker.uplink import Counters, Uplink
from shared import bus_messages as say
from shared.bus import Bus
from shared.bus_messages import Gap
from shared.codec import Header, Kind, PictureFlag, encode
from shared.options import SessionOptions
from tests.support.processes import until
from tests.support.replies import told


class Recorder:
    """A model that remembers what it was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send_audio_now(self, pcm16: bytes) -> bool:
        self.sent.append(pcm16)
        return True

    async def send_audio(self, pcm16: bytes) -> None:
        self.sent.append(pcm16)

    async def send_picture(self, jpeg: bytes) -> None:
        self.sent.append(("picture", jpeg))

    async def send_text(self, text: str) -> None:
        self.sent.append(text)

    async def send_activity(self, *, active: bool) -> None:
        self.sent.append(("activity", active))

    async def send_audio_end(self) -> None:
        self.sent.append("audio end")

    async def send_interruption(self) -> None:
        self.sent.append("interruption")

    async def send_tool_answer(self, answer: ToolAnswer) -> None:
        self.sent.append(answer)


@dataclass
class Conversation:
    """A client's side of a session, and what becomes of it: it keeps the desk as well."""

    bus: Bus
    store: SessionStore
    held: Attachment
    seq: int = 0
    pictures: int = 0
    gaps: list[Gap] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    overviews: list[int] = field(default_factory=list)
    heard: list[tuple[int, float]] = field(default_factory=list)
    answering: int = 0
    """The turn in which an answer is being given; 0 for none."""

    # uplink.Desk

    @property
    def is_answering(self) -> bool:
        return bool(self.answering)

    def asked(self, question: Question) -> None:
        self.questions.append(question.text)

    def saw(self, overview: int) -> None:
        self.overviews.append(overview)

    def called(self) -> None:
        raise AssertionError("nobody wished for anything")

    async def lost(self, gap: Gap) -> None:
        self.gaps.append(gap)

    async def stopped(self, turn: int) -> bool:
        return turn == self.answering

    async def played(self, turn: int, played_ms: float) -> None:
        self.heard.append((turn, played_ms))

    # the client

    async def speak(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.seq += 1
            header = Header(Kind.MICROPHONE, self.held.epoch, self.seq, 0.0)
            await told(self.store.append_speech, self.held, self.seq, encode(header, chunk))

    async def show(self, *jpegs: bytes, overview: int = 0, urgent: bool = False) -> None:
        """Send overviews; or close-ups, of the one with the number ``overview``."""
        flags = PictureFlag.CLOSE_UP * bool(overview) | PictureFlag.URGENT * urgent
        for picture in jpegs:
            self.pictures += 1
            header = Header(Kind.PICTURE, self.held.epoch, self.pictures, 0.0, overview, flags)
            entry = encode(header, picture)
            await told(self.store.append_picture, self.held, self.pictures, entry)

    async def tell(self, message: say.Uplink) -> None:
        header = Header(Kind.CONTROL, self.held.epoch, message.seq, 0.0)
        entry = encode(header, message.model_dump_json().encode())
        await told(self.store.append, self.held, message.seq, entry)

    def next(self) -> int:
        self.seq += 1
        return self.seq

    async def ask(self, text: str) -> None:
        await self.tell(say.Text(seq=self.next(), text=text))

    async def stop_sharing(self, *, paused: bool = False) -> None:
        """End the sharing, or only pause it."""
        share = say.Share(seq=self.next(), active=paused, paused=paused, picture=self.pictures)
        await self.tell(share)

    async def share(self) -> None:
        await self.tell(say.Share(seq=self.next(), active=True, picture=self.pictures))

    def uplink(self, model: Recorder, sent: Sent, *, push_to_talk: bool = False) -> Uplink:
        shown = Shown()
        numbers = itertools.count(1)
        return Uplink(
            bus=self.bus,
            keys=self.held.keys,
            model=model,
            sent=sent,
            push_to_talk=push_to_talk,
            counters=self.counters,
            desk=self,
            calls=Calls(("look_closer", "point_at"), shown, lambda: f"c{next(numbers)}"),
            shown=shown,
        )

    async def come_back(self) -> None:
        held = await self.store.attach(self.held.session_id, "ann", self.held.epoch)
        assert held is not None
        self.held = held

    @asynccontextmanager
    async def live(
        self,
        position: Position = BEGINNING,
        *,
        push_to_talk: bool = False,
        sent_before: int = 0,
        resumed: bool = False,
    ) -> AsyncIterator[tuple[Uplink, Recorder]]:
        """Open one Live connection that goes on after ``position``."""
        model = Recorder()
        sent = Sent(position, before=sent_before, resumed=resumed)
        uplink = self.uplink(model, sent, push_to_talk=push_to_talk)
        running = asyncio.create_task(uplink.run())
        try:
            yield uplink, model
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def begin(bus: Bus) -> Conversation:
    """Return a session with a client, and no worker yet."""
    store = SessionStore(bus, "gateway-1")
    return Conversation(bus, store, await store.create("ann", SessionOptions(), "native"))


async def sent(model: Recorder, *expected: object) -> None:
    """Wait until the model was sent this, in this order, and no more."""
    await until(lambda: len(model.sent) >= len(expected), f"{expected}; got {model.sent}", 5.0)
    assert model.sent == list(expected)
