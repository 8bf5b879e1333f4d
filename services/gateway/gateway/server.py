"""uvicorn, with the limits that it lacks against clients that mean ill.

uvicorn waits for ever for the rest of a request (slowloris), and answers half a million pings a
second from one client before the application sees a single one of them. Both are bounded here,
where the bytes arrive.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from gateway import metrics
from gateway.admission import TokenBucket

HANDSHAKE_S = 10.0
"""How long a client may take for its request line and headers."""

MAX_MESSAGE_BYTES = 1_048_576
"""A picture of 512 KiB as base64 in JSON at the tutorial's door, and some speech."""

FRAMES_PER_S, FRAMES_BURST = 200.0, 2_000.0
"""WebSocket frames of any kind, pings and fragments included; 20 s of speech resent at once are
500, and a lump of the tutorial's page is one."""

PING_S = 10.0


class BoundedHttp(HttpToolsProtocol):
    """An HTTP connection that must send its request in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HANDSHAKE_S, self._too_slow)

    def on_headers_complete(self) -> None:
        """Stop the clock: uvicorn's own keep-alive limit holds from here."""
        self._deadline.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Stop the clock: the WebSocket protocol takes over."""
        self._deadline.cancel()
        super().handle_websocket_upgrade()

    def _too_slow(self) -> None:
        metrics.REFUSED.labels("slow_handshake").inc()
        self.transport.close()


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
            self._flooded()
            return
        super().handle_events()

    def _flooded(self) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        metrics.CLOSED.labels("1008").inc()
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": 1008, "reason": "too many frames"}
        )
        self.conn.fail(1008, "too many frames")
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
            http=BoundedHttp,
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
