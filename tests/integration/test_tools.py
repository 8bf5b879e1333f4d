"""The model uses the client's tools: look closer, point at, and what can come between."""

from __future__ import annotations

import signal
from typing import Any

import orjson

from tests.support.client import Client
from tests.support.media import jpeg
from tests.support.processes import Process, until
from tests.support.system import System

REGION = {"x": 100, "y": 50, "width": 300, "height": 200}
BOTH = ["look_closer", "point_at"]


async def connected(system: System, tag: str = "") -> Client:
    """Connect a client that can do everything, and show its screen as frame 1."""
    client = await system.client()
    await client.connect(system.url(), tools=BOTH, instructions=tag)
    await client.wait_for("state", state="live")
    await client.show(jpeg(800, 624))
    return client


async def items_at_the_model(system: System, tag: str) -> list[dict[str, object]]:
    """Return what the model was sent in the one conversation whose instruction has ``tag``."""
    sessions = (await system.control(op="sessions"))["sessions"]
    (session,) = [one["session"] for one in sessions if tag in one["instruction"]]
    (entry,) = (await system.control(op="ledger", session=session))["ledger"]
    items: list[dict[str, object]] = entry["items"]
    return items


async def test_the_close_up_reaches_the_model_before_the_result(system: System) -> None:
    """The call goes out with its region; the picture it brings is sent first, and then named."""
    client = await connected(system, "looks-closer")
    await system.fault(kind="tool_call", name="look_closer", args=REGION, tag="looks-closer")
    await client.say("text", text="What is the small print?", picture=1)

    tool = await client.wait_for("tool")
    await client.show(jpeg(320, 224), overview=1, urgent=True)
    await client.say("tool_result", call=tool["call"], ok=True, picture=2)

    end = await client.wait_for("turn_end")
    assert (tool["name"], tool["args"]) == ("look_closer", REGION)
    assert "close-up of frame 1" in client.words("assistant", end["turn"])
    sent = [
        (item["kind"], item.get("width"))
        for item in await items_at_the_model(system, "looks-closer")
    ]
    assert sent == [("video", 800), ("text", None), ("video", 320), ("toolResponse", None)]
    start = await client.wait_for("turn_start")
    assert start["picture"] == 1
    await client.say("end")
    await client.wait_closed()


async def test_the_clients_reason_reaches_the_model(system: System) -> None:
    """A tool that cannot be used now is answered with the client's own sentence."""
    client = await connected(system, "points-nowhere")
    place = {"x": 10, "y": 20, "label": "Save", "frame": 1}
    await system.fault(kind="tool_call", name="point_at", args=place, tag="points-nowhere")
    await client.say("text", text="Where?", picture=1)

    tool = await client.wait_for("tool")
    await client.say("tool_result", call=tool["call"], ok=False, message="That frame has changed.")

    end = await client.wait_for("turn_end")
    assert tool["args"] == place
    assert "That frame has changed." in client.words("assistant", end["turn"])
    await client.say("end")
    await client.wait_closed()


async def test_a_client_that_does_not_answer_holds_nobody_up(system: System) -> None:
    """After three seconds the model is told so, and goes on; a late result changes nothing."""
    client = await connected(system, "is-patient")
    await system.fault(kind="tool_call", name="look_closer", args=REGION, tag="is-patient")
    await client.say("text", text="Read it", picture=1)

    tool = await client.wait_for("tool")
    end = await client.wait_for("turn_end")
    await client.say("tool_result", call=tool["call"], ok=True, picture=1)
    await client.say("text", text="And now?")

    await client.wait_for("turn_end", turn=end["turn"] + 1)
    assert "did not answer within 3 seconds" in client.words("assistant", end["turn"])
    kinds = [item["kind"] for item in await items_at_the_model(system, "is-patient")]
    assert kinds == ["video", "text", "toolResponse", "text"]
    await client.say("end")
    await client.wait_closed()


async def test_a_call_that_the_user_speaks_over_is_taken_back(system: System) -> None:
    """A new question cancels the call, and the client is told by the call's own id."""
    client = await connected(system, "is-cut-short")
    await system.fault(kind="tool_call", name="look_closer", args=REGION, tag="is-cut-short")
    await client.say("text", text="Read it", picture=1)
    tool = await client.wait_for("tool")

    await client.say("text", text="Never mind")

    assert (await client.wait_for("tool_cancelled"))["call"] == tool["call"]
    end = await client.wait_for("turn_end")
    assert client.words("assistant", end["turn"]).strip() == "You said: Never mind"
    await client.say("end")
    await client.wait_closed()


async def test_an_answer_is_stopped_and_what_was_heard_of_it_remains(system: System) -> None:
    """`stop` silences the model itself; history and transcript hold the words that were played."""
    client = await connected(system, "is-stopped")
    await client.say("text", text="say 40")
    start = await client.wait_for("turn_start")
    await until(lambda: client.heard_ms(start["turn"]) >= 1_200, "some of it is there to be heard")

    await client.say("stop", turn=start["turn"])
    await client.wait_for("interrupted", turn=start["turn"])
    await client.say("played", turn=start["turn"], played_ms=900.0)

    heard = await client.wait_for("heard", turn=start["turn"])
    assert heard["text"] == "word1 word2 word3"
    kinds = [item["kind"] for item in await items_at_the_model(system, "is-stopped")]
    assert kinds[-1] == "clientContent"
    await client.say("text", text="Still there?")
    await client.wait_for("turn_end", turn=start["turn"] + 1)
    looking: Any = system.look()
    async with looking as redis:
        key = f"session:{{{client.ready['session']}}}:history"
        entries = [orjson.loads(fields[b"m"]) for _, fields in await redis.xrange(key)]
    cut = [
        one["text"] for one in entries if (one["turn"], one["role"]) == (start["turn"], "assistant")
    ]
    assert cut[-1] == "word1 word2 word3"
    await client.close()
    await client.connect(system.url(), resume=True, forget=True)
    told = [one["text"] for one in client.ready["history"] if one["turn"] == start["turn"]]
    assert told == ["say 40", "word1 word2 word3"]
    await client.say("end")
    await client.wait_closed()


def holder(system: System) -> Process:
    """Return the worker that holds the one session of the test."""
    return next(one for one in system.workers if one.is_running and "session claimed" in one.text)


async def test_worker_killed_during_a_tool_call(own_system: System) -> None:
    """The next worker's model makes the call anew; the result for the first one is ignored."""
    await own_system.start_worker()
    client = await connected(own_system)
    await own_system.fault(kind="tool_call", name="look_closer", args=REGION, times=2)
    await client.say("text", text="What is the small print?", picture=1)
    first = await client.wait_for("tool")

    await holder(own_system).kill()

    await client.wait_for("state", state="resuming")
    await client.show(jpeg(320, 224), overview=1, urgent=True)
    await client.say("tool_result", call=first["call"], ok=True, picture=2)
    seen = len(client.messages)
    second = await client.wait_for("tool", after=client.messages.index(first) + 1)
    assert second["call"] != first["call"]
    await client.show(jpeg(400, 224), overview=1, urgent=True)
    await client.say("tool_result", call=second["call"], ok=True, picture=3)

    end = await client.wait_for("turn_end", after=seen)
    assert "number 3, is the close-up of frame 1" in client.words("assistant", end["turn"])
    items = await items_at_the_model(own_system, "")
    assert [one["text"] for one in items if one["kind"] == "text"] == ["What is the small print?"]
    assert [one["kind"] for one in items].count("toolResponse") == 1
    assert client.closed is None
    await client.close()


async def test_a_worker_that_stops_waits_for_a_call_under_way(own_system: System) -> None:
    """On SIGTERM the session is handed over only after the call's result was made use of."""
    await own_system.start_worker()
    client = await connected(own_system)
    await own_system.fault(kind="tool_call", name="look_closer", args=REGION)
    await client.say("text", text="What is the small print?", picture=1)
    tool = await client.wait_for("tool")
    first = holder(own_system)

    first.signal(signal.SIGTERM)
    await first.says("draining")
    await client.show(jpeg(320, 224), overview=1, urgent=True)
    await client.say("tool_result", call=tool["call"], ok=True, picture=2)

    end = await client.wait_for("turn_end")
    assert "close-up of frame 1" in client.words("assistant", end["turn"])
    assert await first.ended(15) == 0
    await client.say("text", text="Still there?")
    await client.wait_for("turn_end", turn=end["turn"] + 1)
    assert not [m for m in client.messages if m["type"] in {"interrupted", "tool_cancelled"}]
    await client.close()
