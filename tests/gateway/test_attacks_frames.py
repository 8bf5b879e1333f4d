"""Frames and requests that no honest client sends, against a real gateway."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.gateway.raw_socket import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    RawSocket,
    frame,
    head_claiming,
)
from tests.support.processes import until
from tests.support.system import System


async def _attacker(system: System, *, says_hello: bool = True) -> RawSocket:
    socket = await RawSocket.upgrade(system.gateways[0][1])
    assert socket.status == 101
    if says_hello:
        ticket = (await system.client("mallory")).ticket
        await socket.send(frame(TEXT, json.dumps({"type": "hello", "ticket": ticket}).encode()))
    return socket


async def _still_serves(system: System) -> None:
    """Another client gets in and is answered."""
    client = await system.client("honest")
    await client.connect(system.url())
    await client.send(json.dumps({"type": "ping", "time_ms": 1}))
    await client.wait_for("pong")
    await client.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([head_claiming(BINARY, 1 << 30)], 1009, id="claims 1 GiB"),
        pytest.param([head_claiming(BINARY, (1 << 63) - 1)], 1009, id="claims 8 EiB"),
        pytest.param([head_claiming(TEXT, 1_048_577)], 1009, id="one byte too large"),
        pytest.param([frame(BINARY, b"x", rsv=4)], 1002, id="compressed without agreement"),
        pytest.param([frame(BINARY, b"x", masked=False)], 1002, id="unmasked"),
        pytest.param([frame(3, b"x")], 1002, id="reserved opcode"),
        pytest.param([frame(PING, b"x" * 126)], 1002, id="ping too long"),
        pytest.param([frame(PING, b"x", fin=False)], 1002, id="fragmented ping"),
        pytest.param([frame(CONTINUATION, b"x")], 1002, id="continues nothing"),
        pytest.param(
            [frame(TEXT, b"a", fin=False), frame(TEXT, b"b")], 1002, id="text within text"
        ),
        pytest.param([frame(TEXT, b"\xff\xfe")], 1007, id="no UTF-8"),
        pytest.param([frame(TEXT, b"\xed\xa0\x80")], 1007, id="surrogate in UTF-8"),
    ],
)
@pytest.mark.parametrize("says_hello", [True, False])
async def test_a_broken_frame_ends_its_connection_alone(
    system: System, frames: list[bytes], code: int, says_hello: bool
) -> None:
    """The sender is closed with the protocol's code, before or after `hello`; others go on."""
    socket = await _attacker(system, says_hello=says_hello)

    await socket.send(*frames)

    assert await socket.close_code() == code
    await socket.close()
    await _still_serves(system)


async def test_fragments_without_an_end_are_bounded(system: System) -> None:
    """A message that never ends is closed when it grows beyond the largest one allowed."""
    socket = await _attacker(system)

    await socket.send(frame(BINARY, bytes(65_536), fin=False))
    for _ in range(17):
        await socket.send(frame(CONTINUATION, bytes(65_536), fin=False))

    assert await socket.close_code() == 1009
    await socket.close()


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(frame(PING, b"p"), id="pings"),
        pytest.param(frame(0xA, b"p"), id="pongs"),
        pytest.param(frame(CONTINUATION, b"", fin=False), id="empty fragments"),
    ],
)
async def test_a_flood_of_frames_is_closed_and_others_go_on(system: System, one: bytes) -> None:
    """A client that sends frames by the thousand is closed with 1008 while another is served."""
    honest = await system.client("honest")
    await honest.connect(system.url())
    socket = await _attacker(system)
    start = frame(TEXT, b"", fin=False) if one[0] & 0x0F == CONTINUATION else b""

    async def flood() -> None:
        await socket.send(start)
        for _ in range(60):
            await socket.send(one * 100)

    flooding = asyncio.create_task(flood())
    for number in range(10):
        await honest.send(json.dumps({"type": "ping", "time_ms": number}))
        await honest.wait_for("pong", time_ms=number, limit_s=2)

    assert await socket.close_code() == 1008
    await flooding
    await socket.close()
    await honest.close()


async def test_a_flood_of_small_messages_is_closed(system: System) -> None:
    """Whole messages count too, understood or not."""
    socket = await _attacker(system)

    await socket.send(*[frame(TEXT, b'{"type":"ping","time_ms":1}')] * 200)

    assert await socket.close_code() == 4429
    await socket.close()


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(
            b"GET /v1/live HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"a" * 200_000, id="header"
        ),
        pytest.param(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", id="path"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"\x00" * 1_000, id="zeros"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="HTTP/9.9"),
    ],
)
async def test_what_is_no_request_is_refused(system: System, request_head: bytes) -> None:
    """Nonsense instead of HTTP, and endless headers, end their connection and nothing else."""
    socket = await RawSocket.dial(system.gateways[0][1])

    await socket.send(request_head)

    assert b" 200 " not in (await socket.ended(15.0))[:20]
    await socket.close()
    await _still_serves(system)


async def test_nothing_of_this_was_unforeseen(system: System) -> None:
    """After all that, no gateway has logged a traceback, and all clients are counted out."""
    socket = await _attacker(system)
    await socket.send(frame(TEXT, b"{"), frame(BINARY, b""), frame(BINARY, b"\1" * 30))
    await socket.close()

    async def is_empty() -> bool:
        return all(
            [
                (await system.get("/healthz", gateway)).json()["connections"] == 0
                for gateway in (0, 1)
            ]
        )

    await until(is_empty, "every connection is counted out", 15.0)
    for process, _ in system.gateways:
        assert "Traceback" not in process.text
        assert "unforeseen" not in process.text
