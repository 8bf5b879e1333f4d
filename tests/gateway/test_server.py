"""The gateway's server in this process, with short deadlines: slow and silent clients."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from gateway import door, keepalive, native, server, tutorial, upkeep
from gateway.admission import Doorkeeper
from gateway.app import Gateway
from gateway.house import House
from gateway.queue_watch import QueueWatch
from gateway.server import make_server
from gateway.session_store import SessionStore
from shared import bounded_http
from shared.bus import Bus
from shared.codec import Header, Kind, encode
from shared.listen import listen
from shared.rounds import Rounds
from shared.tickets import sign, signing_key
from tests.gateway.raw_socket import PING, PONG, TEXT, RawSocket, frame
from tests.support.client import ORIGIN, Client
from tests.support.processes import until


@dataclass
class Running:
    """A gateway in this process."""

    bus: Bus
    house: House
    gateway: Gateway
    port: int

    async def client(self) -> Client:
        client = Client(sign(await signing_key(self.bus), "ann", "gateway", 60))
        await client.connect(f"ws://127.0.0.1:{self.port}/v1/live")
        return client

    async def greeted(self) -> RawSocket:
        """Return a socket on which `hello` was said, and nothing is read or answered."""
        ticket = sign(await signing_key(self.bus), "ann", "gateway", 60)
        socket = await RawSocket.upgrade(self.port)
        await socket.send(frame(TEXT, b'{"type":"hello","ticket":"%b"}' % ticket.encode()))
        return socket


@asynccontextmanager
async def _serving(bus: Bus) -> AsyncIterator[Running]:
    house = House(
        store=SessionStore(bus, "gateway-1"),
        subscriptions=bus.subscriptions,
        doorkeeper=Doorkeeper(bus),
        queue=QueueWatch(bus),
        rounds=Rounds(),
        draining=asyncio.Event(),
        drain_s=0.2,
    )
    gateway = Gateway(
        house, bus, origins=frozenset({str(ORIGIN)}), max_connections=10, tutorial_open=True
    )
    listening = listen("127.0.0.1", 0, "GATEWAY_PORT")
    running = make_server(gateway.asgi())
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    watching = asyncio.create_task(house.queue.run())
    await until(lambda: running.started, "the server listens")
    try:
        yield Running(bus, house, gateway, listening.getsockname()[1])
    finally:
        house.drain()
        await gateway.wait_empty(5.0)
        running.should_exit = True
        await serving
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest_asyncio.fixture
async def running(bus: Bus) -> AsyncIterator[Running]:
    async with _serving(bus) as one:
        yield one


async def _trickle(socket: RawSocket, data: bytes) -> None:
    """Send one byte at a time for as long as somebody takes them."""
    with contextlib.suppress(ConnectionError):
        for byte in data * 100:
            socket.writer.write(bytes([byte]))
            await socket.writer.drain()
            await asyncio.sleep(0.02)


_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(_HEAD, id="half a head"),
        pytest.param(_HEAD + b"\r\n" + _HEAD, id="half of the second head"),
        pytest.param(
            b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", id="half a body"
        ),
    ],
)
async def test_a_request_that_never_ends_is_cut(
    running: Running, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    """However slowly a request trickles in, the connection is over when its time is."""
    monkeypatch.setattr(bounded_http, "HANDSHAKE_S", 0.3)
    socket = await RawSocket.dial(running.port)
    await socket.send(beginning)
    trickling = asyncio.create_task(_trickle(socket, b"X-Slow: a\r\n" if beginning else b" "))

    began_s = asyncio.get_running_loop().time()
    await socket.ended(3.0)

    assert asyncio.get_running_loop().time() - began_s < 2.0
    trickling.cancel()
    await asyncio.gather(trickling, return_exceptions=True)
    await socket.close()


async def test_a_request_that_is_too_large_is_cut(running: Running) -> None:
    """Headers without end are cut by size before they are by time."""
    socket = await RawSocket.dial(running.port)

    await socket.send(_HEAD + b"A: " + b"a" * bounded_http.MAX_REQUEST_BYTES)

    assert await socket.ended(3.0) == b""
    await socket.close()


async def test_requests_in_a_row_on_one_connection_are_served(running: Running) -> None:
    """A kept connection is counted by request, not by what it asked for in all."""
    socket = await RawSocket.dial(running.port)
    padding = b"X: " + b"x" * 8_000 + b"\r\n\r\n"

    for _ in range(20):
        await socket.send(_HEAD + padding)
        assert b" 200 OK" in await socket.reader.readuntil(b"\r\n\r\n")
        await socket.reader.readuntil(b"}")

    await socket.close()


@pytest.mark.parametrize(
    ("path", "module"), [("/v1/live", native), ("/", tutorial)], ids=["ours", "the tutorial's"]
)
async def test_who_says_nothing_is_closed(
    running: Running, monkeypatch: pytest.MonkeyPatch, path: str, module: object
) -> None:
    """Without a first message in time the socket is closed, and no session is made for it."""
    monkeypatch.setattr(module, "HELLO_S", 0.2)
    socket = await RawSocket.upgrade(running.port, path)

    assert await socket.close_code() == 4408

    assert await running.bus.send("EXISTS", "dispatch", "sessions") == 0
    await socket.close()


async def test_a_fragment_is_no_first_message(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of a `hello` that never ends do not keep the door open."""
    monkeypatch.setattr(native, "HELLO_S", 0.3)
    socket = await RawSocket.upgrade(running.port)
    await socket.send(frame(TEXT, b'{"type":', fin=False))

    assert await socket.close_code() == 4408
    await socket.close()


async def test_a_client_that_stops_reading_is_closed(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that cannot leave in time closes its client, and its place is free again."""
    monkeypatch.setattr(door, "SEND_S", 0.2)
    monkeypatch.setattr(server, "FLUSH_S", 0.2)
    socket = await running.greeted()
    socket.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: running.gateway.connections, "it is checked in")
    ((_, fields),) = await _dispatched(running.bus)
    channel = f"session:{{{fields[b'session'].decode()}}}:live"
    note = b'{"type":"notice","code":"n","message":"' + b"x" * 60_000 + b'"}'
    numbers = itertools.count(1)

    async def is_gone() -> bool:
        header = Header(Kind.CONTROL, 1, next(numbers), 0.0)
        await running.bus.send("PUBLISH", channel, encode(header, note))
        return running.gateway.connections == 0

    await until(is_gone, "the client is closed", 15.0)
    await socket.close()


async def _dispatched(bus: Bus) -> list[tuple[bytes, dict[bytes, bytes]]]:
    entries: list[tuple[bytes, dict[bytes, bytes]]] = []

    async def there() -> bool:
        entries[:] = await bus.send("XRANGE", "dispatch", "-", "+")
        return bool(entries)

    await until(there, "a session waits")
    return entries


async def test_a_silent_client_that_answers_stays(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again and again, and one that is there is never closed for it.

    A page sees nothing of a ping, so it is told along with each what is stored.
    """
    asked, told = 0, []

    async def answer(socket: RawSocket) -> None:
        nonlocal asked
        while True:
            opcode, data = await socket.receive()
            if opcode == PING:
                asked += 1
                await socket.send(frame(PONG, b""))
            elif opcode == TEXT and b'"ack"' in data:
                told.append(data)

    monkeypatch.setattr(keepalive, "PING_S", 0.01)
    monkeypatch.setattr(keepalive, "PONG_S", 0.5)
    monkeypatch.setattr(upkeep, "TOUCH_S", 0.0)
    socket = await running.greeted()
    answering = asyncio.create_task(answer(socket))

    await until(lambda: asked >= 10, "it was asked ten times")

    assert not answering.done()
    assert len(told) >= 9
    assert set(told) == {b'{"type":"ack","seq":0,"picture":0}'}
    assert running.gateway.connections == 1
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    await socket.close()


async def test_a_silent_client_that_does_not_answer_is_cut_off(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is free again, though its connection is whole."""
    monkeypatch.setattr(keepalive, "PING_S", 0.1)
    monkeypatch.setattr(keepalive, "PONG_S", 0.1)
    monkeypatch.setattr(upkeep, "TOUCH_S", 0.0)
    socket = await running.greeted()
    await until(lambda: running.gateway.connections == 1, "it is there")

    await until(lambda: running.gateway.connections == 0, "it is cut off")

    assert await socket.close_code() == 1011
    await socket.close()


async def test_a_client_without_a_worker_is_told_its_place(running: Running) -> None:
    """Clients in line know how many are before them, and when one leaves they move up."""
    first, second = await running.client(), await running.client()

    await first.wait_for("state", state="queued", position=1)
    await second.wait_for("state", state="queued", position=2)
    await first.say("end")

    assert (await first.wait_closed())[0] == 4501
    await second.close()


async def test_a_gateway_that_is_replaced_sends_its_clients_away(running: Running) -> None:
    """Draining refuses newcomers, says so to whoever asks, and closes each client with 1012."""
    clients = [await running.client() for _ in range(3)]
    await clients[0].say("text", text="Keep this")

    running.house.drain()
    refused = await RawSocket.upgrade(running.port)
    ready = await RawSocket.dial(running.port)
    await ready.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert refused.status == 503
    assert b" 503 " in await ready.reader.readuntil(b"\r\n\r\n")
    for client in clients:
        assert (await client.wait_closed())[0] == 1012
    await running.gateway.wait_empty(5.0)
    assert running.gateway.connections == 0
    names = f"session:{{{clients[0].ready['session']}}}:up"
    assert await running.bus.send("XLEN", names) == 2
    for socket in (refused, ready):
        await socket.close()
