"""Who gets in, and to whose conversation: attacks on the doors of a real gateway."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from shared.tickets import sign
from tests.gateway.raw_socket import RawSocket
from tests.support.client import ORIGIN, SUBPROTOCOL, Client
from tests.support.processes import until
from tests.support.system import System


async def _open(url: str, **options: Any) -> ClientConnection:
    arguments = {"origin": ORIGIN, "subprotocols": [SUBPROTOCOL], **options}
    return await connect(url, compression=None, proxy=None, **arguments)


async def _closed(socket: ClientConnection) -> tuple[int | None, list[dict[str, Any]]]:
    """Read until the gateway closes; return the code and what it said before."""
    said: list[dict[str, Any]] = []
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                said.append(json.loads(await socket.recv()))
    return socket.close_code, said


async def _answer_to_hello(system: System, hello: dict[str, Any]) -> tuple[int | None, list[Any]]:
    async with await _open(system.url()) as socket:
        await socket.send(json.dumps({"type": "hello", **hello}))
        return await _closed(socket)


_STRANGERS = [
    pytest.param(None, id="absent"),
    pytest.param("null", id="null"),
    pytest.param("https://evil.example", id="another site"),
    pytest.param("http://localhost:8000.evil.example", id="ours as a prefix"),
    pytest.param("http://evil-localhost:8000", id="ours as a suffix"),
    pytest.param("http://localhost:8001", id="another port"),
    pytest.param("https://localhost:8000", id="another scheme"),
    pytest.param("http://LOCALHOST:8000", id="upper case"),
    pytest.param("http://localhost:8000/", id="slash"),
    pytest.param("*", id="wildcard"),
]


@pytest.mark.parametrize("path", ["/v1/live", "/"])
@pytest.mark.parametrize("origin", _STRANGERS)
async def test_a_foreign_page_is_refused_before_the_upgrade(
    system: System, path: str, origin: str | None
) -> None:
    """At both doors the answer is 403 and no socket, whatever the origin resembles."""
    url = system.url().replace("/v1/live", path)

    with pytest.raises(InvalidStatus) as refused:
        await _open(url, origin=Origin(origin) if origin is not None else None)

    assert refused.value.response.status_code == 403


async def test_two_origins_are_none(system: System) -> None:
    """A request that names an allowed origin and another is refused like any broken one."""
    socket = await RawSocket.upgrade(
        system.gateways[0][1], Origin=f"{ORIGIN}\r\nOrigin: https://evil.example"
    )

    assert socket.status == 400
    await socket.close()


@pytest.mark.parametrize("subprotocols", [None, ["overshoulder.v2"], ["OVERSHOULDER.V1"]])
async def test_another_protocol_is_refused(system: System, subprotocols: list[str] | None) -> None:
    """Without our subprotocol, exactly, there is no socket on our path."""
    with pytest.raises(InvalidStatus) as refused:
        await _open(system.url(), subprotocols=subprotocols)

    assert refused.value.response.status_code == 400


async def test_our_protocol_is_chosen_among_others(system: System) -> None:
    """A client that offers several gets ours, and no extension."""
    socket = await RawSocket.upgrade(
        system.gateways[0][1],
        Sec_WebSocket_Protocol=f"other, {SUBPROTOCOL}",
        Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
    )

    assert socket.status == 101
    assert f"sec-websocket-protocol: {SUBPROTOCOL}" in socket.response.lower()
    assert "sec-websocket-extensions" not in socket.response.lower()
    await socket.close()


@pytest.mark.parametrize("path", ["/v1/live/", "/v1//live", "/v1", "/metrics", "/v1/live/../x"])
async def test_there_is_no_other_door(system: System, path: str) -> None:
    """A socket on any other path is refused."""
    socket = await RawSocket.upgrade(system.gateways[0][1], path)

    assert 300 <= socket.status < 500
    await socket.close()


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


_KEY = b"ab" * 32
_CLAIMS = {"sub": "ann", "aud": "gateway", "exp": 9_999_999_999}


@pytest.mark.parametrize(
    "ticket",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param(f"{_part({'alg': 'none'})}.{_part(_CLAIMS)}.", id="alg none"),
        pytest.param(sign(b"cd" * 32, "ann", "gateway", 60), id="forged"),
        pytest.param(sign(_KEY, "ann", "gateway", -1), id="expired"),
        pytest.param(sign(_KEY, "ann", "web", 60), id="a cookie"),
        pytest.param("[" * 2_000, id="brackets"),
        pytest.param(base64.urlsafe_b64encode(b"[" * 1_400).decode() + ".e30.x", id="nested"),
    ],
)
async def test_a_wrong_ticket_is_refused(system: System, ticket: str) -> None:
    """The client is told to get another, closed with 4401, and no session is made."""
    await system.client()
    async with system.look() as redis:
        before = await redis.zcard("sessions")

        code, said = await _answer_to_hello(system, {"ticket": ticket})

        assert await redis.zcard("sessions") <= before
    assert (code, [one["code"] for one in said]) == (4401, ["bad_ticket"])
    assert "POST /api/ticket" in said[0]["action"]


async def _conversation(system: System, user: str = "ann") -> Client:
    client = await system.client(user)
    await client.connect(system.url())
    return client


async def test_nobody_else_resumes_a_conversation(system: System) -> None:
    """With the session's id, even with its token, another user gets a new session of their own.

    What they see is the same for a session that exists and for one that does not.
    """
    ann = await _conversation(system)
    bob_ticket = (await system.client("bob")).ticket
    guesses = [
        {"session": ann.ready["session"], "token": ann.ready["token"]},
        {"session": ann.ready["session"], "token": "1." + "0" * 32},
        {"session": "A" * 22, "token": ann.ready["token"]},
        {"session": "}:{*\n", "token": ann.ready["token"]},
    ]
    answers = []

    for resume in guesses:
        async with await _open(system.url()) as socket:
            hello = {"type": "hello", "ticket": bob_ticket, "resume": {**resume, "last": "0-0"}}
            await socket.send(json.dumps(hello))
            answers.append([json.loads(await socket.recv()) for _ in range(2)])

    for error, ready in answers:
        assert error == answers[0][0]
        assert error["code"] == "no_session"
        assert (ready["resumed"], ready["last_seq"], ready["history"]) == (False, 0, [])
        assert ready["session"] != ann.ready["session"]
    await ann.say("text", text="Still mine?")
    await ann.wait_for("turn_end")
    await ann.close()


async def test_a_resume_needs_a_ticket_too(system: System) -> None:
    """A token alone opens nothing: whoever comes back is checked like everybody."""
    ann = await _conversation(system)
    resume = {"session": ann.ready["session"], "token": ann.ready["token"]}

    code, _ = await _answer_to_hello(system, {"ticket": "a.b.c", "resume": resume})

    assert code == 4401
    await ann.close()


@pytest.mark.parametrize("speaks", [True, False], ids=["that speaks", "that is silent"])
async def test_the_second_client_of_a_session_takes_it_over(system: System, speaks: bool) -> None:
    """The newest connection holds the session; the one before is closed with 4509 at once."""
    first = await _conversation(system)
    second = await system.client("ann")
    second.ready = dict(first.ready)

    await second.connect(system.url(1), resume=True)
    if speaks:
        await first.say("text", text="Am I still there?")

    assert (await first.wait_closed())[0] == 4509
    await second.say("text", text="Hello")
    end = await second.wait_for("turn_end")
    assert second.words("assistant", end["turn"]).strip() == "You said: Hello"
    await second.close()


async def test_a_token_that_was_followed_by_another_is_worthless(system: System) -> None:
    """Once a newer token was used, an older one resumes nothing."""
    client = await _conversation(system)
    stolen = dict(client.ready)
    for _ in range(2):
        client.drop()
        await client.wait_closed()
        await client.connect(system.url(), resume=True)
    thief = await system.client("ann")
    thief.ready = stolen

    ready = await thief.connect(system.url(), resume=True)

    assert not ready["resumed"]
    await thief.close()
    await client.close()


async def test_no_secret_is_written_anywhere(system: System) -> None:
    """Tickets, tokens, the signing key and what was said are in no process's output or metrics."""
    client = await _conversation(system)
    await client.say("text", text="my-secret-question")
    await client.wait_for("turn_end")
    client.drop()
    await client.wait_closed()
    tokens = [client.ready["token"]]
    await client.connect(system.url(), resume=True)
    tokens.append(client.ready["token"])
    await _answer_to_hello(system, {"ticket": client.ticket + "x"})
    await client.say("text", text="")
    await client.wait_for("error", code="bad_message")
    await client.close()

    written = "".join(process.text for process in system.processes)
    written += (await system.get("/metrics")).text

    assert "client checked in" in written
    for secret in (client.ticket, *tokens, _KEY.decode(), "my-secret-question"):
        assert secret not in written


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/nothing"])
async def test_answers_tell_nothing_of_the_server(system: System, path: str) -> None:
    """No banner and no version, also where there is nothing."""
    response = await system.get(path)

    assert "server" not in response.headers
    assert response.status_code == (404 if path == "/nothing" else 200)
    for word in ("uvicorn", "starlette", "Traceback"):
        assert word not in response.text


async def test_the_room_is_bounded(empty_system: System) -> None:
    """Beyond the number of connections a client gets 503; when one leaves, the next is let in."""
    await empty_system.start_gateway(GATEWAY_MAX_CONNECTIONS="2")
    sockets = [await _open(empty_system.url()) for _ in range(2)]

    with pytest.raises(InvalidStatus) as refused:
        await _open(empty_system.url())

    assert refused.value.response.status_code == 503
    await sockets.pop().close()

    async def is_let_in() -> bool:
        try:
            sockets.append(await _open(empty_system.url()))
        except InvalidStatus:
            return False
        return True

    await until(is_let_in, "the next is let in")
    for socket in sockets:
        await socket.close()


async def test_an_access_code_closes_the_tutorials_door(empty_system: System) -> None:
    """That door cannot ask for a code, so with one set it stays shut; ours wants a ticket."""
    await empty_system.start_gateway(ACCESS_CODE="sesame")
    url = empty_system.url()

    with pytest.raises(InvalidStatus) as refused:
        await _open(url.replace("/v1/live", "/"), subprotocols=None)

    assert refused.value.response.status_code == 403
    client = await empty_system.client()
    assert (await client.connect(url))["type"] == "ready"
    await client.close()


async def test_the_door_of_another_host_needs_a_code(empty_system: System) -> None:
    """A gateway that others' pages may use does not start without an access code."""
    with pytest.raises(AssertionError, match="Set ACCESS_CODE"):
        await empty_system.start_gateway(GATEWAY_ORIGINS="https://help.example")


async def test_http_requests_cannot_do_anything(system: System) -> None:
    """Other methods are refused, and reading is all that HTTP can do here."""
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"http://127.0.0.1:{system.gateways[0][1]}"
        for path in ("/", "/healthz", "/metrics"):
            assert (await http.post(url + path)).status_code == 405
            assert (await http.delete(url + path)).status_code == 405
