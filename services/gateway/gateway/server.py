"""uvicorn, with the limits that it lacks against clients that mean ill.

It answers half a million pings a second from one client before the application sees a single one
of them, and waits a quarter of an hour for a client that has stopped reading. Both are bounded
here, where the bytes arrive.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from gateway import metrics
from gateway.framing import PING_FRAME, Framing, frame_of
from gateway.keepalive import KeepAlive, Step
from gateway.socket import Along, ClientLeft, TakeNow
from shared.bounded_http import BoundedHttp
from shared.token_bucket import TokenBucket

MAX_MESSAGE_BYTES = 1_048_576
"""A picture of 512 KiB as base64 in JSON at the tutorial's door, and some speech."""

FRAMES_PER_S, FRAMES_BURST = 200.0, 2_000.0
"""WebSocket frames of any kind, pings and fragments included; 20 s of speech resent at once are
500, and a lump of the tutorial's page is one."""

FLUSH_S = 2.0
"""How long the last bytes may take to a client that is closed for not reading; then it is cut off
and its place is free, instead of waiting a quarter of an hour for TCP to give up."""


UNREAD_MESSAGES, UNREAD_BYTES = 32, 262_144
"""What may wait for the application; beyond either the socket is not read. uvicorn stops reading
after each message and starts again when it was taken, at the price of two system calls."""


class _Http(BoundedHttp):
    """The shared bounds, counted in this gateway's metrics."""

    def refused(self, reason: str) -> None:
        """Count a request that was refused."""
        metrics.REFUSED.labels(reason).inc()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket with a budget of frames, which the application may use directly.

    Between a client's bytes and the application lie ASGI's messages, each through three functions
    of Starlette: a third of what a message costs. The application finds a `DirectSocket` in the
    scope's state.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames_left = TokenBucket(FRAMES_PER_S, FRAMES_BURST)
        self._unread_bytes = 0
        self._framing: Framing | None = None
        self._keep_alive = KeepAlive()
        self.take_now: TakeNow | None = None
        """Is offered each message as it arrives; what it declines waits for `receive`."""
        self.is_awaited = False
        """The application waits for the next message, and is done with all that came before."""

    def handle_connect(self, event: Request) -> None:
        """Offer the direct way to the application, which starts in the loop's next turn."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["state"][DIRECT_SOCKET] = DirectSocket(self)
            if not self.conn.reader.buffer:  # else a frame has begun before the handshake was over
                self._framing = Framing(MAX_MESSAGE_BYTES)

    def data_received(self, data: bytes) -> None:
        """Take whole messages past websockets' parser, and give it the rest."""
        self._keep_alive.is_heard = True
        if self._framing is None:
            super().data_received(data)
            return
        messages = 0
        for found in self._framing.feed(data):
            if isinstance(found, bytes):
                super().data_received(found)
            elif not self.close_sent:  # what comes after the goodbye is for nobody
                messages += 1
                self._take(found.data, is_text=found.is_text)
        if messages:
            self._spend(messages)

    def handle_events(self) -> None:
        """Count what arrived before it is handled, and close a flood with 1008."""
        events = self.conn.events
        frames = sum(isinstance(event, Frame) for event in events)
        closing = any(isinstance(e, Frame) and e.opcode is Opcode.CLOSE for e in events)
        if frames and not closing and not self._spend(frames):
            events.clear()
            return
        super().handle_events()

    def send_receive_event_to_app(self) -> None:
        """Hand over a message that websockets has parsed."""
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self._take(data, is_text=self.curr_msg_data_type == "text")

    def _spend(self, frames: int) -> bool:
        """Take frames off the budget; close with 1008 if it is used up."""
        if self._frames_left.take(frames, self.loop.time()):
            return True
        self._fail(1008, "too many frames")
        return False

    def _take(self, data: bytes, *, is_text: bool) -> None:
        """Hand a message over; close a text that is no UTF-8 with 1007 instead of a traceback."""
        try:
            text = data.decode() if is_text else None
        except UnicodeDecodeError:
            self._fail(1007, "not UTF-8")
            return
        is_next = self.is_awaited and self.queue.empty()
        if is_next and self.take_now is not None and self.take_now(data if text is None else text):
            return
        if text is None:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        self._unread_bytes += len(data)
        is_full = self._unread_bytes > UNREAD_BYTES or self.queue.qsize() > UNREAD_MESSAGES
        if is_full and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    async def receive(self) -> Any:
        """Return the next ASGI event; uvicorn reads on when the last one was taken."""
        event: Any = await super().receive()
        if self._unread_bytes and self.queue.empty():
            self._unread_bytes = 0
        return event

    async def send(self, message: Any) -> None:
        """Send; a goodbye does not wait until a client reads that has stopped reading."""
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self.loop.call_later(FLUSH_S, self.transport.abort)
        await super().send(message)

    def look_after(self, now_s: float, *, is_at_rest: bool, along: Along) -> float:
        """Ping a client that has been silent; close one that stays so, also if it reads nothing.

        uvicorn's own pings take two timers for each client, and one that speaks needs none.
        """
        if self.close_sent or self.transport.is_closing():
            return float("inf")
        match self._keep_alive.look(now_s, is_at_rest=is_at_rest):
            case Step.ASK:
                told = along()
                message = frame_of(told.encode(), is_text=True) if told else b""
                self.transport.write(PING_FRAME + message)
            case Step.GIVE_UP:
                self.keepalive_timeout()
                self.loop.call_later(FLUSH_S, self.transport.abort)
        return self._keep_alive.due_s(is_at_rest=is_at_rest)

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        metrics.CLOSED.labels(str(code)).inc()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.fail(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


DIRECT_SOCKET = "direct_socket"


class DirectSocket:
    """A `ClientSocket` on the server's own protocol."""

    def __init__(self, protocol: BoundedWebSocket) -> None:
        self._protocol = protocol

    def offer(self, take_now: TakeNow) -> None:
        """Offer each further message to ``take_now`` first, as it arrives."""
        self._protocol.take_now = take_now

    async def receive(self) -> str | bytes:
        """Return the next message; raise `ClientLeft` when there will be none."""
        self._protocol.is_awaited = True
        try:
            event = await self._protocol.receive()
        finally:
            self._protocol.is_awaited = False
        if event["type"] == "websocket.disconnect":
            raise ClientLeft(event.get("code") or 1006)
        message: str | bytes = event["text"] if "text" in event else event["bytes"]
        return message

    @property
    def is_congested(self) -> bool:
        """Tell whether more than the transport's high-water mark waits to leave."""
        return not self._protocol.writable.is_set()

    async def relieved(self) -> None:
        """Wait until it has left, or the client is gone."""
        await self._protocol.writable.wait()

    def look_after(self, now_s: float, *, is_at_rest: bool, along: Along) -> float:
        """Ask a client that has been silent whether it lives; cut off one that is not."""
        return self._protocol.look_after(now_s, is_at_rest=is_at_rest, along=along)

    def send(self, data: str | bytes) -> None:
        """Send one text or binary message; raise `ClientLeft` if the client is gone."""
        protocol = self._protocol
        if protocol.disconnected or protocol.close_sent or protocol.conn.state is not State.OPEN:
            raise ClientLeft(1006)
        is_text = isinstance(data, str)
        protocol.transport.write(
            frame_of(data.encode() if isinstance(data, str) else data, is_text=is_text)
        )

    async def close(self, code: int, reason: str) -> None:
        """Close; harmless if it is closed already."""
        protocol = self._protocol
        if not protocol.close_sent:
            with contextlib.suppress(ClientDisconnected):
                await protocol.send({"type": "websocket.close", "code": code, "reason": reason})


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the gateway drains first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to ``__main__``."""
        yield


def make_server(app: Any) -> uvicorn.Server:
    """Return a server for ``app``; deflate is off, since inflating costs more than all else."""
    return _Server(
        uvicorn.Config(
            app,
            http=_Http,
            ws=BoundedWebSocket,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
