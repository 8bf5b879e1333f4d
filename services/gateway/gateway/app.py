"""Routes: the two doors, liveness, readiness, metrics. The only module that imports starlette."""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway import metrics
from gateway.admission import is_allowed_origin
from gateway.client_messages import SUBPROTOCOL
from gateway.door import Door
from gateway.house import House
from gateway.native import NativeDoor
from gateway.server import DIRECT_SOCKET
from gateway.tutorial import TutorialDoor
from shared.bus import Bus

log = structlog.get_logger()


class Gateway:
    """The application: who may open which door, and how many at once."""

    def __init__(
        self,
        house: House,
        bus: Bus,
        *,
        origins: frozenset[str],
        max_connections: int,
        tutorial_open: bool,
    ) -> None:
        self._house, self._bus = house, bus
        self._origins = origins
        self._max_connections = max_connections
        self._tutorial_open = tutorial_open
        self._open: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._open)

    async def wait_empty(self, limit_s: float) -> None:
        """Wait until no client is connected, at most ``limit_s``."""
        self._empty.clear()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), limit_s)

    def asgi(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                WebSocketRoute("/v1/live", self._native),
                WebSocketRoute("/", self._tutorial),
                Route("/", self._hint),
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
            ]
        )

    async def _native(self, websocket: WebSocket) -> None:
        if SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
            await self._refuse(websocket, 400, "subprotocol", f"Ask for {SUBPROTOCOL}.")
            return
        await self._admit(websocket, NativeDoor, SUBPROTOCOL)

    async def _tutorial(self, websocket: WebSocket) -> None:
        if not self._tutorial_open:
            await self._refuse(
                websocket, 403, "tutorial_closed", "An access code is set; use /v1/live."
            )
            return
        await self._admit(websocket, TutorialDoor, None)

    async def _admit(self, websocket: WebSocket, door: type[Door], subprotocol: str | None) -> None:
        if not is_allowed_origin(websocket.headers.get("origin"), self._origins):
            await self._refuse(
                websocket, 403, "origin", "This page may not connect; see GATEWAY_ORIGINS."
            )
            return
        if self._house.draining.is_set() or self.connections >= self._max_connections:
            await self._refuse(websocket, 503, "busy", "No room here; try again in a second.")
            return
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._open.add(task)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service="gateway")
        try:
            await websocket.accept(subprotocol)
            await door(self._house, websocket.scope["state"][DIRECT_SOCKET]).serve()
        except Exception:
            log.exception("connection ended by an unforeseen error")
            raise
        finally:
            self._open.discard(task)
            if not self._open:
                self._empty.set()

    async def _refuse(self, websocket: WebSocket, status: int, reason: str, text: str) -> None:
        metrics.REFUSED.labels(reason).inc()
        await websocket.send_denial_response(PlainTextResponse(text + "\n", status))

    async def _hint(self, _request: Request) -> Response:
        return PlainTextResponse("This is Overshoulder's gateway; the page is served elsewhere.\n")

    async def _healthz(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "connections": self.connections})

    async def _readyz(self, _request: Request) -> Response:
        if self._house.draining.is_set():
            return JSONResponse({"status": "draining"}, 503)
        if not await self._bus.ping():
            return JSONResponse({"status": "redis does not answer"}, 503)
        return JSONResponse({"status": "ready"})

    async def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
