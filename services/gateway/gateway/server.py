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
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from gateway import metrics
from shared.bounded_http import BoundedHttp
from shared.token_bucket import TokenBucket

MAX_MESSAGE_BYTES = 1_048_576
"""A picture of 512 KiB as base64 in JSON at the tutorial's door, and some speech."""

FRAMES_PER_S, FRAMES_BURST = 200.0, 2_000.0
"""WebSocket frames of any kind, pings and fragments included; 20 s of speech resent at once are
500, and a lump of the tutorial's page is one."""

PING_S = 10.0

FLUSH_S = 2.0
"""How long the last bytes may take to a client that is closed for not reading; then it is cut off
and its place is free, instead of waiting a quarter of an hour for TCP to give up."""


class _Http(BoundedHttp):
    """The shared bounds, counted in this gateway's metrics."""

    def refused(self, reason: str) -> None:
        """Count a request that was refused."""
        metrics.REFUSED.labels(reason).inc()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket with a budget of frames."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frames_left = TokenBucket(FRAMES_PER_S, FRAMES_BURST)

    def handle_events(self) -> None:
        """Count what arrived before it is handled, and close a flood with 1008."""
        events = self.conn.events
        frames = sum(isinstance(event, Frame) for event in events)
        closing = any(isinstance(e, Frame) and e.opcode is Opcode.CLOSE for e in events)
        if frames and not closing and not self._frames_left.take(frames, self.loop.time()):
            events.clear()
            self._fail(1008, "too many frames")
            return
        super().handle_events()

    def send_receive_event_to_app(self) -> None:
        """Close a text that is no UTF-8 with 1007; uvicorn would log it with a traceback."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(1007, "not UTF-8")
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send; a goodbye does not wait until a client reads that has stopped reading."""
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self.loop.call_later(FLUSH_S, self.transport.abort)
        await super().send(message)

    def keepalive_timeout(self) -> None:
        """Close a client that answers no pings, also if it takes nothing more."""
        super().keepalive_timeout()
        self.loop.call_later(FLUSH_S, self.transport.abort)

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        metrics.CLOSED.labels(str(code)).inc()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.fail(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


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
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
