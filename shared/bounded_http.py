"""HTTP connections of uvicorn with the limits that it lacks against clients that mean ill.

uvicorn waits for ever for the rest of a request (slowloris), and keeps headers of any size.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANDSHAKE_S = 10.0
"""How long a client may take for its request, the handshake of a WebSocket included."""

MAX_REQUEST_BYTES = 65_536
"""Of a whole request: no path takes a large body, and a browser's headers have a few KB."""


class BoundedHttp(HttpToolsProtocol):
    """An HTTP connection that must send its request in time and in bounds."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._request_bytes = 0
        self._deadline = self.loop.call_later(HANDSHAKE_S, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to the request, before anything is kept of it."""
        self._request_bytes += len(data)
        if self._request_bytes > MAX_REQUEST_BYTES:
            self.refused("large_request")
            self.transport.abort()
            return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start the clock anew: a kept connection may send its next request as slowly as none."""
        self._deadline.cancel()
        self._deadline = self.loop.call_later(HANDSHAKE_S, self._too_slow)
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Stop the clock: uvicorn's own keep-alive limit holds from here."""
        self._deadline.cancel()
        self._request_bytes = 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Stop the clock: the WebSocket protocol takes over."""
        self._deadline.cancel()
        super().handle_websocket_upgrade()

    def refused(self, reason: str) -> None:
        """Be told of a request that is refused, by a reason in one word."""

    def _too_slow(self) -> None:
        self.refused("slow_handshake")
        self.transport.close()
