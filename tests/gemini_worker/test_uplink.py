"""From a session's streams in a real Redis to a model that remembers what it was sent."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from gemini_worker.sent import BEGINNING, Position, Sent
from gemini_worker.uplink import ClientEnded
from shared import bus_messages as say
from shared.bus import Bus
from shared.bus_messages import Gap
from shared.codec import START, StreamId
from tests.gemini_worker.talk import Conversation, Recorder, begin, sent
from tests.support.processes import until
from tests.support.redis_server import RedisServer


@pytest_asyncio.fixture
async def conversation(bus: Bus) -> Conversation:
    """A session with a client, and no worker yet."""
    return await begin(bus)


async def test_speech_arrives_once_and_in_order(conversation: Conversation) -> None:
    """What was said before the connection and what is said during it are one stream."""
    await conversation.speak(b"a", b"b")

    async with conversation.live() as (uplink, model):
        await sent(model, b"a", b"b")
        await conversation.come_back()
        await conversation.speak(b"c")
        await sent(model, b"a", b"b", b"c")

        assert uplink.position == Position(StreamId(2, 3), 3)
    assert conversation.counters.chunks == 3
    assert conversation.gaps == []


async def test_a_new_connection_replays_from_its_position(conversation: Conversation) -> None:
    """All speech after the position is sent again, and nothing before it."""
    await conversation.speak(b"a", b"b", b"c")

    async with conversation.live(Position(StreamId(1, 1), 1)) as (_, model):
        await sent(model, b"b", b"c")


async def test_an_answer_is_stopped_where_one_is_given(conversation: Conversation) -> None:
    """`stop` interrupts the model in that turn alone; in any other there is nothing to stop."""
    conversation.answering = 5
    await conversation.tell(say.Stop(seq=conversation.next(), turn=4))
    await conversation.speak(b"x")
    await conversation.tell(say.Stop(seq=conversation.next(), turn=5))

    async with conversation.live() as (uplink, model):
        await sent(model, b"x", "interruption")

        assert uplink.position.seq == 3


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
        await sent(model, b"6", b"7", b"8", b"9", b"10")

    assert conversation.gaps == [Gap(kind="audio", first=3, last=5)]


@pytest.mark.parametrize(
    ("heard_seq", "gaps"),
    [(5, []), (9, []), (4, [Gap(kind="audio", first=5, last=5)])],
    ids=["all of it", "and more", "not the end of it"],
)
async def test_what_was_heard_before_is_not_lost(
    conversation: Conversation, heard_seq: int, gaps: list[Gap]
) -> None:
    """Quiet of long ago, which the next connection is not told of, is nobody's loss."""
    await conversation.speak(*[b"%d" % number for number in range(1, 11)])
    await conversation.bus.send("XTRIM", conversation.held.keys.up, "MINID", "1-6")
    conversation.counters.heard_seq = heard_seq

    async with conversation.live(Position(StreamId(1, 2), 2)) as (_, model):
        await sent(model, b"6", b"7", b"8", b"9", b"10")

    assert conversation.gaps == gaps


async def test_a_redis_that_lost_what_was_heard_has_it_heard_again(
    conversation: Conversation,
) -> None:
    """The client numbers anew from what is stored, so what is missing then is missing."""
    await conversation.speak(b"1", b"2")
    conversation.counters.heard_seq = 9

    await conversation.come_back()
    await conversation.speak(b"3", b"4", b"5")
    await conversation.bus.send("XDEL", conversation.held.keys.up, "2-3", "2-4")
    async with conversation.live() as (_, model):
        await sent(model, b"1", b"2", b"5")

    assert conversation.gaps == [Gap(kind="audio", first=3, last=4)]


async def test_a_client_that_came_back_leaves_no_gap(conversation: Conversation) -> None:
    """Markers of connections have no number of their own; numbers run on across them."""
    for chunk in (b"1", b"2", b"3"):
        await conversation.speak(chunk)
        await conversation.come_back()

    async with conversation.live() as (uplink, model):
        await sent(model, b"1", b"2", b"3")
        await until(lambda: uplink.position == Position(StreamId(4, 0), 3), "the marker is read")

    assert conversation.gaps == []


async def test_a_handle_stands_for_what_the_endpoint_says(conversation: Conversation) -> None:
    """The index of a message sent on this connection becomes the position after it."""
    await conversation.speak(b"a", b"b")
    await conversation.show(b"p")
    await conversation.ask("q")

    async with conversation.live(sent_before=1) as (uplink, model):
        await sent(model, b"a", b"b", ("picture", b"p"), "q")

        assert uplink.sent.stands_for(-1) == BEGINNING
        assert uplink.sent.stands_for(0) == Position(START, 0)
        # Message 0 is the history; a picture stands for what was sent before it.
        assert [uplink.sent.stands_for(index).seq for index in range(6)] == [0, 1, 2, 2, 3, 3]
        assert uplink.sent.stands_for(2).seq == 3, "what an older handle stood for is forgotten"


async def test_an_endpoint_that_gives_no_index_stands_for_all(conversation: Conversation) -> None:
    """Without an index the handle stands for what was sent, and nothing is remembered for it."""
    await conversation.speak(b"a", b"b")

    async with conversation.live() as (uplink, model):
        await sent(model, b"a", b"b")

        assert uplink.sent.stands_for(None) == uplink.position == Position(StreamId(1, 2), 2)
        assert uplink.sent._positions is None
        await conversation.speak(b"c")
        await sent(model, b"a", b"b", b"c")
        assert uplink.sent.stands_for(None).seq == 3


async def test_the_handle_that_greets_a_resumed_connection_stands_for_its_beginning(
    conversation: Conversation,
) -> None:
    """It has no index, since nothing of the connection is in it; later ones have theirs."""
    await conversation.speak(b"a", b"b", b"c")

    async with conversation.live(Position(StreamId(1, 1), 1), resumed=True) as (uplink, model):
        await sent(model, b"b", b"c")

        assert uplink.sent.stands_for(None) == Position(StreamId(1, 1), 1)
        assert uplink.sent.stands_for(0) == Position(StreamId(1, 2), 2)
        assert uplink.sent.stands_for(1) == Position(StreamId(1, 3), 3)


async def test_the_uplink_waits_for_redis(
    redis_server: RedisServer, conversation: Conversation
) -> None:
    """While Redis is away nothing is lost and the Live connection stays; then it goes on."""
    async with conversation.live() as (_, model):
        await conversation.speak(b"a")
        await sent(model, b"a")
        await redis_server.kill()
        saying = asyncio.create_task(conversation.speak(b"b"))
        await redis_server.start()

        await saying
        await sent(model, b"a", b"b")
