"""From a session's streams in a real Redis to a model that remembers what it was sent."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from gateway.session_store import Attachment, SessionStore
from gemini_worker.events import ToolCall
from gemini_worker.frames import Shown
from gemini_worker.sent import BEGINNING, Position, Sent
from gemini_worker.tools import Calls, ToolAnswer
from gemini_worker.uplink import ClientEnded, Counters, Uplink
from shared import bus_messages as say
from shared.bus import Bus
from shared.bus_messages import Gap
from shared.codec import START, Header, Kind, PictureFlag, StreamId, encode
from shared.options import SessionOptions
from tests.support.media import jpeg
from tests.support.processes import until
from tests.support.redis_server import RedisServer


class Recorder:
    """A model that remembers what it was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[object] = []

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

    def asked(self, text: str) -> None:
        self.questions.append(text)

    def saw(self, overview: int) -> None:
        self.overviews.append(overview)

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
            await self.store.append(self.held, self.seq, encode(header, chunk))

    async def show(self, *jpegs: bytes, overview: int = 0, urgent: bool = False) -> None:
        """Send overviews; or close-ups, of the one with the number ``overview``."""
        flags = PictureFlag.CLOSE_UP * bool(overview) | PictureFlag.URGENT * urgent
        for picture in jpegs:
            self.pictures += 1
            header = Header(Kind.PICTURE, self.held.epoch, self.pictures, 0.0, overview, flags)
            await self.store.append_picture(self.held, self.pictures, encode(header, picture))

    async def tell(self, message: say.Uplink) -> None:
        header = Header(Kind.CONTROL, self.held.epoch, message.seq, 0.0)
        entry = encode(header, message.model_dump_json().encode())
        await self.store.append(self.held, message.seq, entry)

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


@pytest_asyncio.fixture
async def conversation(bus: Bus) -> Conversation:
    """A session with a client, and no worker yet."""
    store = SessionStore(bus, "gateway-1")
    return Conversation(bus, store, await store.create("ann", SessionOptions(), "native"))


async def _sent(model: Recorder, *expected: object) -> None:
    await until(lambda: len(model.sent) >= len(expected), f"{expected}; got {model.sent}", 5.0)
    assert model.sent == list(expected)


async def test_speech_arrives_once_and_in_order(conversation: Conversation) -> None:
    """What was said before the connection and what is said during it are one stream."""
    await conversation.speak(b"a", b"b")

    async with conversation.live() as (uplink, model):
        await _sent(model, b"a", b"b")
        await conversation.come_back()
        await conversation.speak(b"c")
        await _sent(model, b"a", b"b", b"c")

        assert uplink.position == Position(StreamId(2, 3), 3)
    assert conversation.counters.chunks == 3
    assert conversation.gaps == []


async def test_a_new_connection_replays_from_its_position(conversation: Conversation) -> None:
    """All speech after the position is sent again, and nothing before it."""
    await conversation.speak(b"a", b"b", b"c")

    async with conversation.live(Position(StreamId(1, 1), 1)) as (_, model):
        await _sent(model, b"b", b"c")


async def test_a_picture_goes_before_the_question_about_it(conversation: Conversation) -> None:
    """A question never overtakes the picture that was there when it was asked."""
    await conversation.show(b"old", b"new")
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        await _sent(model, ("picture", b"new"), "What is this?")
        await conversation.show(b"newer")
        await conversation.ask("And this?")
        await _sent(model, ("picture", b"new"), "What is this?", ("picture", b"newer"), "And this?")

    assert conversation.questions == ["What is this?", "And this?"]
    assert (conversation.counters.frames, conversation.counters.texts) == (2, 2)


async def test_pictures_without_a_question_are_paced(conversation: Conversation) -> None:
    """Of the pictures within one interval the newest overview is sent, when it is over."""
    async with conversation.live() as (_, model):
        await conversation.show(b"1")
        await _sent(model, ("picture", b"1"))
        await conversation.show(b"2", b"3", b"4")
        assert model.sent == [("picture", b"1")]
        await _sent(model, ("picture", b"1"), ("picture", b"4"))

    assert conversation.overviews == [1, 4]


async def test_urgent_pictures_do_not_wait(conversation: Conversation) -> None:
    """A close-up that belongs to a question follows its overview at once."""
    async with conversation.live() as (_, model):
        await conversation.show(b"1")
        await _sent(model, ("picture", b"1"))
        await conversation.show(b"2")
        assert model.sent == [("picture", b"1")]

        await conversation.show(b"3", overview=2, urgent=True)

        await _sent(model, *(("picture", name) for name in (b"1", b"2", b"3")))


async def test_a_question_takes_close_ups_along(conversation: Conversation) -> None:
    """All that waits of the newest overview is sent before the question, in its order."""
    await conversation.show(b"old")
    await conversation.show(b"part of old", overview=1)
    await conversation.show(b"new")
    await conversation.show(b"one", b"two", overview=3)
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        pictures = [("picture", name) for name in (b"new", b"one", b"two")]
        await _sent(model, *pictures, "What is this?")


async def test_a_tool_result_follows_the_picture_it_names(conversation: Conversation) -> None:
    """The close-up that the model has asked for is sent first, then the result that names it."""
    async with conversation.live() as (uplink, model):
        await conversation.show(jpeg(1_536, 888))
        await until(lambda: conversation.overviews, "the overview is sent")
        args = {"x": 10, "y": 20, "width": 300, "height": 200}
        tool = uplink.calls.begin(
            ToolCall("m1", "look_closer", args), 1, asyncio.get_running_loop().time()
        )
        assert isinstance(tool, say.Tool)
        await conversation.show(b"part", overview=1, urgent=True)
        await conversation.tell(
            say.ToolResult(seq=conversation.next(), call=tool.call, ok=True, picture=2)
        )

        await until(lambda: len(model.sent) == 3, f"it is answered; got {model.sent}")
        assert model.sent[1] == ("picture", b"part")
        answer = model.sent[2]
        assert isinstance(answer, ToolAnswer)
        assert (answer.call_id, list(answer.response)) == ("m1", ["result"])


async def test_a_result_that_nobody_waits_for_is_passed_over(conversation: Conversation) -> None:
    """A call of a former connection is not this model's: nothing is sent, and it goes on."""
    result = say.ToolResult(seq=conversation.next(), call="1.7", ok=True, picture=1)
    await conversation.tell(result)
    await conversation.speak(b"x")

    async with conversation.live() as (uplink, model):
        await _sent(model, b"x")

        assert uplink.position.seq == 2


async def test_the_next_connection_gets_no_close_ups_of_former_calls(
    conversation: Conversation,
) -> None:
    """What an earlier connection asked for is not sent again; the newest overview is, whole."""
    await conversation.show(b"1")
    await conversation.show(b"asked for", overview=1, urgent=True)
    await conversation.show(b"3")
    await conversation.show(b"4", overview=3)

    async with conversation.live() as (_, model):
        await _sent(model, ("picture", b"3"), ("picture", b"4"))


async def test_an_answer_is_stopped_where_one_is_given(conversation: Conversation) -> None:
    """`stop` interrupts the model in that turn alone; in any other there is nothing to stop."""
    conversation.answering = 5
    await conversation.tell(say.Stop(seq=conversation.next(), turn=4))
    await conversation.speak(b"x")
    await conversation.tell(say.Stop(seq=conversation.next(), turn=5))

    async with conversation.live() as (uplink, model):
        await _sent(model, b"x", "interruption")

        assert uplink.position.seq == 3


@pytest.mark.parametrize("paused", [False, True])
async def test_a_picture_is_not_sent_after_sharing_stopped(
    conversation: Conversation, paused: bool
) -> None:
    """The pictures that waited are dropped, and so is a question's right to them."""
    await conversation.show(b"secret")
    await conversation.show(b"part of it", overview=1, urgent=True)
    await conversation.stop_sharing(paused=paused)
    await conversation.ask("What do you see?")

    async with conversation.live() as (_, model):
        await _sent(model, "What do you see?")


async def test_the_next_connection_does_not_look_behind_the_stop(
    conversation: Conversation,
) -> None:
    """A connection that replaces another after "stop sharing" does not find the old picture."""
    await conversation.show(b"secret")
    await conversation.stop_sharing()
    async with conversation.live() as (uplink, first):
        await until(lambda: uplink.position.seq == 1, "the stop is read")
        position = uplink.position
        assert first.sent == []

    async with conversation.live(position) as (_, second):
        await conversation.ask("What do you see?")
        await _sent(second, "What do you see?")


async def test_a_picture_from_after_the_stop_is_kept(conversation: Conversation) -> None:
    """Sharing again while nobody reads: the replayed stop takes only what came before it."""
    await conversation.share()
    await conversation.show(b"secret")
    await conversation.stop_sharing()
    await conversation.share()
    await conversation.show(b"wanted")
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        await _sent(model, ("picture", b"wanted"), "What is this?")


@pytest.mark.parametrize(
    ("push_to_talk", "expected"),
    [
        (False, ["audio end", b"x"]),
        (True, [("activity", True), b"x", ("activity", False)]),
    ],
)
async def test_the_microphone_and_the_talk_key(
    conversation: Conversation, push_to_talk: bool, expected: list[object]
) -> None:
    """With an open microphone its end is told; with push-to-talk the key is, and only that."""
    await conversation.tell(say.Microphone(seq=conversation.next(), active=False))
    await conversation.tell(say.Microphone(seq=conversation.next(), active=True))
    await conversation.tell(say.Talk(seq=conversation.next(), active=True))
    await conversation.speak(b"x")
    await conversation.tell(say.Talk(seq=conversation.next(), active=False))

    async with conversation.live(push_to_talk=push_to_talk) as (uplink, model):
        await until(lambda: uplink.position.seq == 5, "all is read")
        assert model.sent == expected


async def test_what_was_heard_is_noted(conversation: Conversation) -> None:
    """`played` is for the worker's books and moves the position, though the model gets nothing."""
    await conversation.tell(say.Played(seq=1, turn=4, played_ms=1_840.0))

    async with conversation.live() as (uplink, model):
        await until(lambda: uplink.position.seq == 1, "it is read")

        assert model.sent == []
    assert (conversation.counters.heard_turn, conversation.counters.heard_ms) == (4, 1_840.0)
    assert conversation.heard == [(4, 1_840.0)]


async def test_the_end_ends_it(conversation: Conversation) -> None:
    """What came before the client's end is sent, then it is told to whoever runs the uplink."""
    await conversation.speak(b"x")
    await conversation.tell(say.End(seq=2))
    model = Recorder()

    uplink = conversation.uplink(model, Sent(BEGINNING))
    with pytest.raises(ClientEnded):
        await uplink.run()

    assert model.sent == [b"x"]


async def test_lost_speech_is_told(conversation: Conversation) -> None:
    """Numbers that fell out of the stream before they were read are a gap, from first to last."""
    await conversation.speak(*[b"%d" % number for number in range(1, 11)])
    await conversation.bus.send("XTRIM", conversation.held.keys.up, "MINID", "1-6")

    async with conversation.live(Position(StreamId(1, 2), 2)) as (_, model):
        await _sent(model, b"6", b"7", b"8", b"9", b"10")

    assert conversation.gaps == [Gap(kind="audio", first=3, last=5)]


async def test_a_client_that_came_back_leaves_no_gap(conversation: Conversation) -> None:
    """Markers of connections have no number of their own; numbers run on across them."""
    for chunk in (b"1", b"2", b"3"):
        await conversation.speak(chunk)
        await conversation.come_back()

    async with conversation.live() as (uplink, model):
        await _sent(model, b"1", b"2", b"3")
        await until(lambda: uplink.position == Position(StreamId(4, 0), 3), "the marker is read")

    assert conversation.gaps == []


async def test_a_handle_stands_for_what_the_endpoint_says(conversation: Conversation) -> None:
    """The index of a message sent on this connection becomes the position after it."""
    await conversation.speak(b"a", b"b")
    await conversation.show(b"p")
    await conversation.ask("q")

    async with conversation.live(sent_before=1) as (uplink, model):
        await _sent(model, b"a", b"b", ("picture", b"p"), "q")

        assert uplink.sent.stands_for(-1) == BEGINNING
        assert uplink.sent.stands_for(0) == Position(START, 0)
        # Message 0 is the history; a picture stands for what was sent before it.
        assert [uplink.sent.stands_for(index).seq for index in range(6)] == [0, 1, 2, 2, 3, 3]
        assert uplink.sent.stands_for(2).seq == 3, "what an older handle stood for is forgotten"


async def test_an_endpoint_that_gives_no_index_stands_for_all(conversation: Conversation) -> None:
    """Without an index the handle stands for what was sent, and nothing is remembered for it."""
    await conversation.speak(b"a", b"b")

    async with conversation.live() as (uplink, model):
        await _sent(model, b"a", b"b")

        assert uplink.sent.stands_for(None) == uplink.position == Position(StreamId(1, 2), 2)
        assert uplink.sent._positions is None
        await conversation.speak(b"c")
        await _sent(model, b"a", b"b", b"c")
        assert uplink.sent.stands_for(None).seq == 3


async def test_the_handle_that_greets_a_resumed_connection_stands_for_its_beginning(
    conversation: Conversation,
) -> None:
    """It has no index, since nothing of the connection is in it; later ones have theirs."""
    await conversation.speak(b"a", b"b", b"c")

    async with conversation.live(Position(StreamId(1, 1), 1), resumed=True) as (uplink, model):
        await _sent(model, b"b", b"c")

        assert uplink.sent.stands_for(None) == Position(StreamId(1, 1), 1)
        assert uplink.sent.stands_for(0) == Position(StreamId(1, 2), 2)
        assert uplink.sent.stands_for(1) == Position(StreamId(1, 3), 3)


async def test_the_uplink_waits_for_redis(
    redis_server: RedisServer, conversation: Conversation
) -> None:
    """While Redis is away nothing is lost and the Live connection stays; then it goes on."""
    async with conversation.live() as (_, model):
        await conversation.speak(b"a")
        await _sent(model, b"a")
        await redis_server.kill()
        saying = asyncio.create_task(conversation.speak(b"b"))
        await redis_server.start()

        await saying
        await _sent(model, b"a", b"b")
