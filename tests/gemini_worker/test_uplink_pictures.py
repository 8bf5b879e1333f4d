"""Pictures on their way to the model: before what asks about them, in time, and not unwanted."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from gemini_worker.events import ToolCall
from gemini_worker.tools import ToolAnswer
from shared import bus_messages as say
from shared.bus import Bus
from tests.gemini_worker.talk import Conversation, begin, sent
from tests.support.media import jpeg
from tests.support.processes import until


@pytest_asyncio.fixture
async def conversation(bus: Bus) -> Conversation:
    """A session with a client, and no worker yet."""
    return await begin(bus)


async def test_a_picture_goes_before_the_question_about_it(conversation: Conversation) -> None:
    """A question never overtakes the picture that was there when it was asked."""
    await conversation.show(b"old", b"new")
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        await sent(model, ("picture", b"new"), "What is this?")
        await conversation.show(b"newer")
        await conversation.ask("And this?")
        await sent(model, ("picture", b"new"), "What is this?", ("picture", b"newer"), "And this?")

    assert conversation.questions == ["What is this?", "And this?"]
    assert (conversation.counters.frames, conversation.counters.texts) == (2, 2)


async def test_pictures_without_a_question_are_paced(conversation: Conversation) -> None:
    """Of the pictures within one interval the newest overview is sent, when it is over."""
    async with conversation.live() as (_, model):
        await conversation.show(b"1")
        await sent(model, ("picture", b"1"))
        await conversation.show(b"2", b"3", b"4")
        assert model.sent == [("picture", b"1")]
        await sent(model, ("picture", b"1"), ("picture", b"4"))

    assert conversation.overviews == [1, 4]


async def test_urgent_pictures_do_not_wait(conversation: Conversation) -> None:
    """A close-up that belongs to a question follows its overview at once."""
    async with conversation.live() as (_, model):
        await conversation.show(b"1")
        await sent(model, ("picture", b"1"))
        await conversation.show(b"2")
        assert model.sent == [("picture", b"1")]

        await conversation.show(b"3", overview=2, urgent=True)

        await sent(model, *(("picture", name) for name in (b"1", b"2", b"3")))


async def test_a_question_takes_close_ups_along(conversation: Conversation) -> None:
    """All that waits of the newest overview is sent before the question, in its order."""
    await conversation.show(b"old")
    await conversation.show(b"part of old", overview=1)
    await conversation.show(b"new")
    await conversation.show(b"one", b"two", overview=3)
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        pictures = [("picture", name) for name in (b"new", b"one", b"two")]
        await sent(model, *pictures, "What is this?")


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
        await sent(model, b"x")

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
        await sent(model, ("picture", b"3"), ("picture", b"4"))


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
        await sent(model, "What do you see?")


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
        await sent(second, "What do you see?")


async def test_a_picture_from_after_the_stop_is_kept(conversation: Conversation) -> None:
    """Sharing again while nobody reads: the replayed stop takes only what came before it."""
    await conversation.share()
    await conversation.show(b"secret")
    await conversation.stop_sharing()
    await conversation.share()
    await conversation.show(b"wanted")
    await conversation.ask("What is this?")

    async with conversation.live() as (_, model):
        await sent(model, ("picture", b"wanted"), "What is this?")
