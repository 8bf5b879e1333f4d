"""Processes die in mid-conversation, and the conversation goes on."""

from __future__ import annotations

import asyncio
import signal

from tests.support.client import Client
from tests.support.media import silence, speech
from tests.support.processes import Process, until
from tests.support.system import System

SPOKEN_CHUNKS = 50


async def speak_all(client: Client, *, first: int, chunks: int, pace_s: float = 0.01) -> None:
    for chunk in speech(first=first, chunks=chunks):
        await client.speak(chunk)
        await asyncio.sleep(pace_s)


async def finish_utterance(client: Client, first: int) -> None:
    for chunk in silence(first=first, chunks=15):
        await client.speak(chunk)


async def after_a_first_turn(system: System) -> Client:
    """Connect a client and have a first question answered."""
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    return client


async def questions(system: System) -> list[str]:
    """Return what the user said, as the one model session that is live remembers it."""
    (live,) = (await system.control(op="sessions"))["sessions"]
    history = await system.control(op="history", session=live["session"])
    return [turn["text"] for turn in history["turns"] if turn["role"] == "user"]


async def model_has_heard(system: System, numbers: tuple[int, ...]) -> None:
    """Wait until the conversation that is live now holds exactly these chunks, in order."""

    async def heard() -> bool:
        ledger = (await system.control(op="ledger"))["ledger"]
        live = [entry for entry in ledger if entry["session"]]
        return any(
            tuple(i["first"] for i in entry["items"] if i["kind"] == "audio") == numbers
            for entry in live
        )

    try:
        await until(heard, "the model has heard every chunk once and in order", 15)
    except AssertionError:
        raise AssertionError(await system.audio_in_history()) from None


async def test_worker_killed_while_the_user_speaks(own_system: System) -> None:
    """Every chunk reaches the model's history once and in order; the client's socket stays open."""
    await own_system.start_worker()
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="Hello")
    await client.wait_for("turn_end")
    speaking = asyncio.create_task(speak_all(client, first=1, chunks=SPOKEN_CHUNKS))
    await until(lambda: client.seq > 20, "some of it is said")

    await holder(own_system).kill()

    await client.wait_for("state", state="resuming")
    await speaking
    await finish_utterance(client, SPOKEN_CHUNKS + 1)
    await client.wait_for("turn_end", turn=2)
    assert client.words("user").endswith(f"heard {SPOKEN_CHUNKS * 40} ms")
    await model_has_heard(own_system, tuple(range(1, SPOKEN_CHUNKS + 16)))
    assert client.closed is None
    await client.close()


def holder(system: System) -> Process:
    """Return the worker that holds the one session of the test."""
    for process in system.workers:
        if process.is_running and "session claimed" in process.text:
            return process
    raise AssertionError("no worker holds the session")


async def test_worker_killed_while_the_model_speaks(own_system: System) -> None:
    """The half reply is dropped by an `interrupted`, and the answer is given anew and whole."""
    await own_system.start_worker()
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="say 40")
    start = await client.wait_for("turn_start")
    await until(lambda: client.audio, "speech has begun")

    await holder(own_system).kill()

    await client.wait_for("interrupted", turn=start["turn"])
    end = await client.wait_for("turn_end", limit_s=30)
    assert end["turn"] > start["turn"]
    assert client.words("assistant", end["turn"]).split() == [f"word{n}" for n in range(1, 41)]
    ids = [tuple(map(int, text.split("-"))) for text in client.ids]
    assert ids == sorted(set(ids))
    assert client.closed is None
    await client.close()


async def test_a_paused_worker_is_fenced(own_system: System) -> None:
    """A worker that slept past its lease writes nothing more, closes up, and may claim again."""
    first = own_system.workers[0]
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.wait_for("state", state="live")
    first.signal(signal.SIGSTOP)
    second = await own_system.start_worker()
    await second.says("session claimed")
    await client.wait_for("state", state="resuming")
    await client.say("text", text="Who answers?")
    await client.wait_for("turn_end")
    seen = len(client.ids)

    first.signal(signal.SIGCONT)

    await until(lambda: "another worker holds" in first.text, "the first worker gives up")
    assert {text.split("-")[0] for text in client.ids[seen:]} <= {"2"}

    async def one_live() -> bool:
        return len((await own_system.control(op="sessions"))["sessions"]) == 1

    await until(one_live, "only one Live connection is open")
    await second.kill()
    await client.say("text", text="And now?")
    await client.wait_for("turn_end", turn=2)
    assert client.words("assistant", 2).strip() == "You said: And now?"
    assert client.ids[-1].startswith("3-")
    await client.close()


async def test_a_worker_asked_to_stop_hands_its_sessions_over(own_system: System) -> None:
    """On SIGTERM the session goes to another worker between two turns; the worker exits with 0."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="say 20")
    await client.wait_for("turn_start")
    await own_system.start_worker()

    first = own_system.workers[0]
    first.signal(signal.SIGTERM)

    end = await client.wait_for("turn_end")
    assert client.words("assistant", end["turn"]).split() == [f"word{n}" for n in range(1, 21)]
    assert await first.ended(15) == 0
    await client.say("text", text="Still there?")
    await client.wait_for("turn_end", turn=end["turn"] + 1)
    assert not [m for m in client.messages if m["type"] == "interrupted"]
    await client.close()


async def test_go_away_changes_the_connection_between_two_turns(own_system: System) -> None:
    """After goAway the answer is finished; then another connection goes on with the handle."""
    client = await after_a_first_turn(own_system)
    await client.say("text", text="say 20")
    await client.wait_for("turn_start", turn=2)

    await own_system.fault(kind="go_away", seconds=20.0)

    await client.wait_for("turn_end", turn=2)
    await own_system.workers[0].says("rotating")
    await client.say("text", text="Third")
    await client.wait_for("turn_end", turn=3)
    assert await questions(own_system) == ["First", "say 20", "Third"]
    assert not [m for m in client.messages if m["type"] == "interrupted"]
    await client.close()


async def test_gateway_killed_in_mid_answer(own_system: System) -> None:
    """The client goes on at another gateway and gets every word exactly once."""
    await own_system.start_gateway()
    client = await own_system.client()
    await client.connect(own_system.url(0))
    await client.say("text", text="say 30")
    await client.wait_for("turn_start")

    await own_system.gateways[0][0].kill()
    await client.wait_closed()
    await client.connect(own_system.url(1), resume=True)
    await client.resend()

    end = await client.wait_for("turn_end", limit_s=30)
    assert client.words("assistant", end["turn"]).split() == [f"word{n}" for n in range(1, 31)]
    assert client.heard_ms(end["turn"]) == 30 * 300
    assert len(client.ids) == len(set(client.ids))
    await client.close()


async def test_gateway_drains(own_system: System) -> None:
    """On SIGTERM clients are sent away with 1012, and the gateway exits with 0."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.wait_for("state", state="live")

    own_system.gateways[0][0].signal(signal.SIGTERM)

    assert (await client.wait_closed())[0] == 1012
    assert await own_system.gateways[0][0].ended(15) == 0


async def test_redis_restarts(own_system: System) -> None:
    """Redis is killed and started again: the same conversation goes on, nothing acked is lost."""
    client = await after_a_first_turn(own_system)
    await client.wait_acked()
    await asyncio.sleep(1.1)  # appendfsync everysec: what Redis may lose is not ours to promise

    await own_system.redis.kill()
    await client.say("text", text="Second")
    await own_system.redis.start()

    await client.wait_for("turn_end", turn=2, limit_s=30)
    assert client.words("assistant", 2).strip() == "You said: Second"
    assert client.closed is None
    await client.wait_acked()
    await client.close()


async def test_a_model_that_stays_silent_is_asked_anew(empty_system: System) -> None:
    """Speech that is heard and never answered is replayed to a fresh session, once."""
    await empty_system.start_live()
    await empty_system.start_worker(WORKER_STALL_S="1.5")
    await empty_system.start_gateway()
    client = await after_a_first_turn(empty_system)
    await empty_system.fault(kind="stall")

    await speak_all(client, first=1, chunks=10)
    await finish_utterance(client, 11)

    await client.wait_for("notice", code="model_stalled")
    await client.wait_for("turn_end", turn=2)
    assert client.words("assistant", 2).strip() == "I heard 400 ms."
    assert await questions(empty_system) == ["First", "heard 400 ms"]
    await client.close()


async def test_an_answer_cut_by_nobody_is_given_anew(empty_system: System) -> None:
    """After an `interrupted` that nobody spoke for, the question goes to a fresh session."""
    await empty_system.start_live()
    await empty_system.start_worker(WORKER_STALL_S="1.5")
    await empty_system.start_gateway()
    client = await after_a_first_turn(empty_system)
    await empty_system.fault(kind="phantom_interrupted", when="turn", after_chunks=3)

    await client.say("text", text="say 10")

    await client.wait_for("interrupted", turn=2)
    end = await client.wait_for("turn_end", limit_s=20, turn=3)
    assert client.words("assistant", end["turn"]).split() == [f"word{n}" for n in range(1, 11)]
    assert await questions(empty_system) == ["First", "say 10"]
    await client.close()


async def test_a_handle_that_the_model_chokes_on_is_dropped(own_system: System) -> None:
    """1011 after each resume is no loop: the second time a fresh session is opened."""
    client = await after_a_first_turn(own_system)
    await own_system.fault(kind="fail_resumed", times=None)
    await own_system.fault(kind="close", code=1011, reason="Internal error occurred.")

    await client.say("text", text="Second")

    await client.wait_for("turn_end", turn=2, limit_s=20)
    assert client.words("assistant", 2).strip() == "You said: Second"
    assert own_system.workers[0].text.count("live connection over") <= 3
    await client.close()


async def test_a_function_that_nobody_declared_is_refused(system: System) -> None:
    """A call of an unknown function is answered with an error, so the model goes on speaking."""
    client = await system.client()
    await client.connect(system.url(), instructions="calls-a-function")
    await client.wait_for("state", state="live")
    await system.fault(kind="tool_call", name="launch", args={}, tag="calls-a-function")

    await client.say("text", text="Hello")

    end = await client.wait_for("turn_end")
    assert "There is no function launch." in client.words("assistant", end["turn"])
    await client.say("end")
    await client.wait_closed()


async def test_a_question_asked_before_the_first_handle_is_not_lost(own_system: System) -> None:
    """Typed into the first answer and not answered yet when the worker dies: answered after all."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="say 4")
    await client.wait_for("turn_start")
    await client.say("text", text="say 30")
    await client.wait_for("turn_start", turn=2)
    await own_system.start_worker()

    await own_system.workers[0].kill()

    await client.wait_for("state", state="resuming")
    end = await client.wait_for("turn_end", limit_s=40, after=len(client.messages))
    assert client.words("assistant", end["turn"]).split()[-1] == "word30"
    await client.close()
