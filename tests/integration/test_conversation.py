"""A whole conversation through real processes: client, gateway, Redis, worker, Live endpoint."""

from __future__ import annotations

from tests.support.media import jpeg, silence, speech
from tests.support.system import System


async def test_a_typed_question_is_answered(system: System) -> None:
    """A typed question is answered in words and in sound, and the turn ends."""
    client = await system.client()
    await client.connect(system.url())
    await client.wait_for("state", state="live", model="gemini-3.8-live")

    await client.say("text", text="Good morning")

    end = await client.wait_for("turn_end")
    assert client.words("assistant", end["turn"]).strip() == "You said: Good morning"
    assert client.heard_ms(end["turn"]) > 500
    await client.close()


async def test_speech_and_a_picture_reach_the_model(system: System) -> None:
    """Speech is heard whole and in order, and the picture shown before a question goes with it."""
    client = await system.client()
    await client.connect(system.url())

    for chunk in speech(first=1, chunks=25):
        await client.speak(chunk)
    for chunk in silence(first=26, chunks=15):
        await client.speak(chunk)
    spoken = await client.wait_for("turn_end")
    await client.show(jpeg(640, 360))
    await client.say("text", text="What is this?", picture=1)

    typed = await client.wait_for("turn_end", turn=spoken["turn"] + 1)
    assert client.words("user", spoken["turn"]) == "heard 1000 ms"
    assert client.words("assistant", spoken["turn"]).strip() == "I heard 1000 ms."
    assert "(picture 640\u00d7360)" in client.words("assistant", typed["turn"])
    assert tuple(range(1, 41)) in await system.audio_in_history()
    await client.close()


async def test_an_interruption_drops_the_rest_of_the_answer(system: System) -> None:
    """Speaking over an answer cuts it: `interrupted` comes, and no more speech of that turn."""
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="say 100")
    start = await client.wait_for("turn_start")

    for chunk in speech(first=1, chunks=10):
        await client.speak(chunk)

    cut = await client.wait_for("interrupted", turn=start["turn"])
    after = len(client.audio)
    for chunk in silence(first=11, chunks=15):
        await client.speak(chunk)
    await client.wait_for("turn_end", turn=start["turn"] + 1)
    assert not [header for header, _ in client.audio[after:] if header.turn == cut["turn"]]
    assert client.heard_ms(start["turn"]) < 10_000
    await client.close()


async def test_a_client_that_comes_back_misses_nothing(system: System) -> None:
    """After a break on another gateway, the answer goes on from where it was, without repeats."""
    client = await system.client()
    await client.connect(system.url(0))
    await client.say("text", text="say 30")
    await client.wait_for("turn_start")
    client.drop()
    await client.wait_closed()

    await client.connect(system.url(1), resume=True)
    await client.resend()

    end = await client.wait_for("turn_end", limit_s=30)
    expected = " ".join(f"word{n}" for n in range(1, 31))
    assert client.words("assistant", end["turn"]).strip() == expected
    assert len(client.ids) == len(set(client.ids))
    assert client.heard_ms(end["turn"]) == 30 * 300
    await client.close()


async def test_a_reloaded_page_gets_the_conversation_as_text(system: System) -> None:
    """A client that forgot everything but its token gets the finished turns, and no old speech."""
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    client.drop()
    await client.wait_closed()
    speech_before = len(client.audio)

    ready = await client.connect(system.url(), resume=True, forget=True)

    assert [(turn["role"], turn["text"]) for turn in ready["history"]] == [
        ("user", "First"),
        ("assistant", "You said: First"),
    ]
    await client.say("text", text="Second")
    await client.wait_for("turn_end", turn=2)
    assert {header.turn for header, _ in client.audio[speech_before:]} == {2}
    await client.close()


async def test_the_end_leaves_nothing_behind(system: System) -> None:
    """When the client ends the conversation, its content is deleted and its entry taken off."""
    client = await system.client()
    await client.connect(system.url())
    await client.wait_for("state", state="live")

    await client.say("end")

    assert await client.wait_closed() == (4501, "ended: client")
    async with system.look() as redis:
        session = f"session:{{{client.ready['session']}}}"
        assert not await redis.exists(f"{session}:up", f"{session}:frames", f"{session}:history")
        assert 0 < await redis.ttl(session) <= 60
        waiting = await redis.xrange("dispatch") or []
        assert client.ready["session"] not in str(waiting)
        assert await redis.zscore("sessions", client.ready["session"]) is None
