"""Whatever a client, an operator or the world gets wrong: who is told, and what goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from shared.codec import Header, Kind
from tests.support.client import ORIGIN, SUBPROTOCOL, Client
from tests.support.media import jpeg, silence, speech
from tests.support.processes import until
from tests.support.system import System


def _audio(seq: int, pcm16: bytes = bytes(1_280)) -> bytes:
    return Header(Kind.MICROPHONE, 0, seq, 0.0).pack() + pcm16


def _picture(seq: int, data: bytes) -> bytes:
    return Header(Kind.PICTURE, 0, seq, 0.0).pack() + data


async def _talking(system: System, **options: Any) -> Client:
    client = await system.client()
    await client.connect(system.url(), **options)
    return client


async def _is_answered(client: Client, text: str = "Hello") -> None:
    seen = len(client.messages)
    await client.say("text", text=text)
    end = await client.wait_for("turn_end", after=seen)
    assert client.words("assistant", end["turn"]).strip().startswith(f"You said: {text}")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param("", "bad_json", id="empty"),
        pytest.param("hello", "bad_json", id="no JSON"),
        pytest.param("[1, 2]", "bad_json", id="no object"),
        pytest.param("[" * 50_000, "bad_json", id="deep nesting"),
        pytest.param('{"type": "text", "seq": 1, "text": "\\ud800"}', "bad_json", id="surrogate"),
        pytest.param('{"type": "dance"}', "bad_message", id="unknown type"),
        pytest.param('{"type": "ping", "time_ms": NaN}', "bad_message", id="NaN"),
        pytest.param('{"type": "ping", "time_ms": "1"}', "bad_message", id="wrong type of value"),
        pytest.param('{"type": "text", "seq": -1, "text": "x"}', "bad_message", id="negative"),
        pytest.param('{"type": "hello", "ticket": "x"}', "bad_message", id="hello again"),
        pytest.param(b"", "bad_frame", id="empty frame"),
        pytest.param(b"\1" * 19, "bad_frame", id="half a header"),
        pytest.param(b"\x63" + bytes(30), "bad_frame", id="unknown kind"),
        pytest.param(Header(3, 0, 1, 0.0).pack() + b"\0\0", "bad_frame", id="assistant's audio"),
        pytest.param(Header(16, 0, 1, 0.0).pack() + b"{}", "bad_frame", id="control as bytes"),
        pytest.param(_picture(1, b""), "bad_picture", id="empty picture"),
        pytest.param(_picture(1, b"\x89PNG\r\n"), "bad_picture", id="PNG"),
        pytest.param(_picture(1, jpeg(640, 360)[:-9]), "bad_picture", id="half a JPEG"),
        pytest.param(_picture(1, bytes(524_289)), "bad_picture", id="picture too large"),
    ],
)
async def test_a_bad_message_is_told_and_skipped(
    system: System, message: str | bytes, code: str
) -> None:
    """The sender learns what is wrong and what to do, and the conversation goes on."""
    client = await _talking(system)

    await client.send(message)

    error = await client.wait_for("error")
    assert error["code"] == code
    assert error["action"].endswith(".")
    await _is_answered(client)
    await client.close()


@pytest.mark.parametrize(
    "pcm16", [b"", b"\0", bytes(1_281), bytes(6_402)], ids=["empty", "one byte", "odd", "too long"]
)
async def test_bad_audio_is_told_by_its_number_and_leaves_a_gap(
    system: System, pcm16: bytes
) -> None:
    """The chunk's number is used: what follows is stored, and the hole is told, not hidden."""
    client = await _talking(system)
    await client.speak(bytes(1_280))

    await client.send(_audio(2, pcm16))
    client.seq = 2
    await _is_answered(client)

    error = await client.wait_for("error", code="bad_audio")
    assert error["seq"] == 2
    await client.wait_for("gap", first=2, last=2)
    await client.close()


async def test_a_bad_question_uses_its_number(system: System) -> None:
    """A question that is refused does not stop the next one."""
    client = await _talking(system)

    await client.say("text", text="x" * 8_001)

    assert (await client.wait_for("error", code="bad_message"))["seq"] == 1
    await _is_answered(client)
    await client.close()


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(_audio(5), id="a jump"),
        pytest.param(_audio(1), id="a number again"),
        pytest.param(_audio(4_294_967_295), id="the largest number"),
        pytest.param('{"type": "end", "seq": 4294967295}', id="the largest number in JSON"),
        pytest.param(_picture(1, jpeg(64, 64)), id="a picture's number again"),
    ],
)
async def test_a_sequence_out_of_step_is_closed_and_can_go_on(
    system: System, message: str | bytes
) -> None:
    """4400 says: come back and go on from what is stored. Nothing of it was stored wrongly."""
    client = await _talking(system)
    await client.speak(bytes(1_280))
    await client.show(jpeg(64, 64))

    await client.send(message)

    assert (await client.wait_closed())[0] == 4400
    ready = await client.connect(system.url(), resume=True)
    assert (ready["resumed"], ready["last_seq"], ready["last_picture"]) == (True, 1, 1)
    await _is_answered(client)
    await client.close()


@pytest.mark.parametrize(
    "first", ["{", '{"type": "ping", "time_ms": 1}', '{"type": "end", "seq": 1}', _audio(1)]
)
async def test_who_does_not_say_hello_first_is_closed(system: System, first: str | bytes) -> None:
    """The wrong order ends the connection for good, with the reason said before."""
    async with connect(
        system.url(), origin=ORIGIN, subprotocols=[SUBPROTOCOL], proxy=None
    ) as socket:
        await socket.send(first)
        error = json.loads(await socket.recv())
        with pytest.raises(ConnectionClosed):
            await socket.recv()

    assert error["code"] in {"bad_json", "bad_message"}
    assert socket.close_code == 4500


async def test_too_many_bad_messages_are_closed(system: System) -> None:
    """Twenty are told one by one; after that the client does not speak this protocol."""
    client = await _talking(system)

    for _ in range(21):
        await client.send("{")

    assert await client.wait_closed() == (4500, "too many bad messages")
    assert len([m for m in client.messages if m["type"] == "error"]) == 21


async def test_too_many_pictures_are_skipped(system: System) -> None:
    """Pictures over the rate are told and skipped; the connection stays."""
    client = await _talking(system)

    for _ in range(12):
        await client.show(jpeg(64, 64))

    assert (await client.wait_for("error"))["code"] == "rate_limited"
    await _is_answered(client)
    await client.close()


@pytest.mark.parametrize("what", ["audio", "messages"])
async def test_too_much_is_closed_and_may_come_back(system: System, what: str) -> None:
    """Audio or messages far above what a person makes close with 4429; resuming works."""
    client = await _talking(system)

    for seq in range(1, 200):
        if what == "audio":
            await client.send(_audio(seq, bytes(6_400)))
        else:
            await client.send(json.dumps({"type": "talk", "seq": seq, "active": True}))

    assert (await client.wait_closed())[0] == 4429
    assert (await client.connect(system.url(), resume=True))["resumed"]
    await client.close()


@pytest.mark.parametrize("last", ["nonsense", "1", "-1-1", "9" * 32])
async def test_a_wrong_id_to_go_on_from_is_refused_and_harms_nothing(
    system: System, last: str
) -> None:
    """The one who sent it is closed; the conversation can still be resumed rightly."""
    client = await _talking(system)
    await client.wait_for("state", state="live")
    client.drop()
    await client.wait_closed()
    resume = {"session": client.ready["session"], "token": client.ready["token"], "last": last}

    async with connect(
        system.url(), origin=ORIGIN, subprotocols=[SUBPROTOCOL], proxy=None
    ) as socket:
        await socket.send(json.dumps({"type": "hello", "ticket": client.ticket, "resume": resume}))
        assert json.loads(await socket.recv())["code"] == "bad_message"
        await socket.wait_closed()

    assert (await client.connect(system.url(), resume=True))["resumed"]
    await _is_answered(client)
    await client.close()


async def test_a_session_that_is_over_is_replaced_by_a_new_one(system: System) -> None:
    """Coming back too late gives a new session, and says so."""
    client = await _talking(system)
    await client.wait_for("state", state="live")
    await client.say("end")
    assert (await client.wait_closed())[0] == 4501

    ready = await client.connect(system.url(), resume=True)

    assert not ready["resumed"]
    await client.wait_for("error", code="no_session")
    await _is_answered(client)
    await client.close()


@pytest.mark.parametrize(
    ("env", "words"),
    [
        pytest.param({"GEMINI_API_KEY": "refuse-me"}, "GEMINI_API_KEY", id="a refused key"),
        pytest.param({"GEMINI_MODEL": "gemini-0-live"}, "gemini-0-live", id="an unknown model"),
    ],
)
async def test_what_the_model_refuses_ends_with_a_sentence(
    empty_system: System, env: dict[str, str], words: str
) -> None:
    """The user reads what the operator must do, also while speech is on its way."""
    await empty_system.start_live()
    worker = await empty_system.start_worker(**env)
    await empty_system.start_gateway()
    client = await empty_system.client()
    await client.connect(empty_system.url())

    for chunk in speech(first=1, chunks=10):
        await client.speak(chunk)

    code, reason = await client.wait_closed()
    assert (code, reason) == (4501, "ended: refused")
    state = await client.wait_for("state", state="ended")
    assert state["reason"] == "refused"
    assert words in state["message"]
    assert "refuse-me" not in state["message"] + worker.text
    assert worker.is_running


async def test_the_model_away_is_told_and_waited_for(empty_system: System) -> None:
    """With the Live endpoint away the user is told, and answered once it is there."""
    live = await empty_system.start_live()
    await empty_system.start_worker()
    await empty_system.start_gateway()
    await live.stop()
    client = await empty_system.client()
    await client.connect(empty_system.url())
    await client.wait_for("notice", code="model_unreachable")

    await client.say("text", text="Hello")
    await empty_system.start_live(LOCAL_LIVE_PORT=str(empty_system.live_port))

    end = await client.wait_for("turn_end", limit_s=20)
    assert client.words("assistant", end["turn"]).strip() == "You said: Hello"
    await client.close()


async def test_redis_away_at_the_start_and_later(empty_system: System) -> None:
    """Processes start without Redis and tell clients to come back; later they wait for it."""
    await empty_system.start_live()
    await empty_system.redis.kill()
    await empty_system.start_worker()
    gateway, _ = await empty_system.start_gateway(GATEWAY_REDIS_PATIENCE_S="0.5")
    client = Client("a.b.c")
    async with connect(
        empty_system.url(), origin=ORIGIN, subprotocols=[SUBPROTOCOL], proxy=None
    ) as socket:
        await socket.send(json.dumps({"type": "hello", "ticket": client.ticket}))
        assert json.loads(await socket.recv())["code"] == "unavailable"
        await socket.wait_closed()
        assert socket.close_code == 1013
    assert (await empty_system.get("/readyz")).status_code == 503
    assert (await empty_system.get("/healthz")).status_code == 200

    await empty_system.redis.start()

    async def is_ready() -> bool:
        return (await empty_system.get("/readyz")).status_code == 200

    await until(is_ready, "the gateway is ready")
    client = await _talking(empty_system)
    await _is_answered(client)
    await client.close()
    assert gateway.is_running


async def test_one_bad_client_does_not_disturb_another(system: System) -> None:
    """While one client breaks every rule, another's speech arrives whole."""
    good = await _talking(system)
    for first in range(1, 26, 5):
        bad = await _talking(system)
        for message in ("{", b"\1", _audio(1, b"\0"), _picture(1, b"x"), _audio(99)):
            await bad.send(message)
        for chunk in speech(first=first, chunks=5):
            await good.speak(chunk)
        await bad.wait_closed()
    for chunk in silence(first=26, chunks=15):
        await good.speak(chunk)

    async def is_heard() -> bool:
        return tuple(range(1, 41)) in await system.audio_in_history()

    await until(is_heard, "every chunk is heard once and in order", 15.0)
    await good.close()
