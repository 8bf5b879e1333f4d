"""The TLS port: which path is what, who may come in, and how it stops."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from local_live import control
from local_live.brain import Brain
from local_live.errors import EXHAUSTED, INTERNAL, LocalLiveError, Refused
from local_live.faults import Place
from local_live.hub import Hub
from local_live.opening import parse_setup
from local_live.session import Caller, Session, SessionSettings, close_refused

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_QUEUED_MESSAGES = 8
SETUP_TIMEOUT_S = 10.0
SPARE_CONNECTIONS = 64
"""Connections beyond the sessions allowed that may wait for their setup or their refusal."""
REFUSED_KEY_START = "refuse"
"""In scripted mode a key that begins so is answered as Google answers a wrong one."""

_DEVELOPER_PATH = re.compile(
    r".*/ws/google\.ai\.generativelanguage\.(?P<version>v1|v1beta|v1alpha)"
    r"\.GenerativeService\.BidiGenerateContent(Constrained)?"
)
_VERTEX_PATH = re.compile(
    r".*/ws/google\.cloud\.aiplatform\.(?P<version>v1|v1beta1)\.LlmBidiService/BidiGenerateContent"
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how to listen."""

    host: str
    port: int
    tls: ssl.SSLContext
    max_sessions: int
    has_control_door: bool


class LocalLive:
    """Accepts connections, and gives each a brain of its own."""

    def __init__(
        self, listening: Listening, settings: SessionSettings, new_brain: Callable[[], Brain]
    ) -> None:
        self._listening, self._settings, self._new_brain = listening, settings, new_brain
        self._hub = Hub()
        self._numbers: WeakKeyDictionary[ServerConnection, int] = WeakKeyDictionary()

    async def start(self) -> Server:
        """Begin to listen."""
        return await serve(
            self._handle,
            self._listening.host,
            self._listening.port,
            ssl=self._listening.tls,
            process_request=self._process_request,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUED_MESSAGES,
            close_timeout=1.0,
            ping_interval=20.0,
            ping_timeout=60.0,
        )

    def _process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer what is no Live connection; None lets the handshake go on."""
        parts = urlsplit(request.path)
        if parts.path == "/healthz":
            return _plain(HTTPStatus.OK, "ok\n")
        if parts.path == control.PATH and self._listening.has_control_door:
            return None
        return self._admit(socket, request)

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        # A prefix and doubled slashes are what SDKs make of a base URL.
        if not _live_path(request.path):
            return _plain(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        if not _key_of(request):
            return _plain(
                HTTPStatus.FORBIDDEN,
                "Method doesn't allow unregistered callers. Send any API key.\n",
            )
        if len(self._numbers) >= self._listening.max_sessions + SPARE_CONNECTIONS:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections.\n")
        self._hub.connections += 1
        refusal = self._hub.faults.take(Place(self._hub.connections), "http")
        if refusal is not None:
            return _plain(HTTPStatus(refusal.status), "The service is unavailable.\n")
        self._numbers[socket] = self._hub.connections
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        request = socket.request
        if request is None:
            return
        try:
            if urlsplit(request.path).path == control.PATH:
                await control.serve(socket, self._hub)
            else:
                await self._serve_client(socket, request)
        except ConnectionClosed:
            pass
        except LocalLiveError as exc:
            log.info("connection refused", reason=str(exc))
            await close_refused(socket, exc)
        finally:
            self._numbers.pop(socket, None)

    async def _serve_client(self, socket: ServerConnection, request: Request) -> None:
        caller = _caller(request, self._numbers[socket])
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                setup = parse_setup(await socket.recv())
        except TimeoutError:
            raise Refused(INTERNAL, "No setup came.") from None
        hub = self._hub
        if len(hub.sessions) >= self._listening.max_sessions:
            raise Refused(INTERNAL, EXHAUSTED)
        shelf = (hub.faults, hub.handles)
        session = Session(socket, caller, setup, self._new_brain(), self._settings, shelf)
        hub.enter(session)
        started_s = asyncio.get_running_loop().time()
        log.info("session opened", session=session.session_id, model=setup.model)
        try:
            await session.run()
        finally:
            hub.leave(session)
            lasted_s = round(asyncio.get_running_loop().time() - started_s, 1)
            log.info("session ended", session=session.session_id, lasted_s=lasted_s)


def _live_path(path: str) -> re.Match[str] | None:
    bare = path.split("?", 1)[0]
    return _DEVELOPER_PATH.fullmatch(bare) or _VERTEX_PATH.fullmatch(bare)


def _caller(request: Request, number: int) -> Caller:
    found = _live_path(request.path)
    version = found["version"] if found else ""
    vertex = found is not None and found.re is _VERTEX_PATH
    return Caller(number, version, vertex, _key_of(request).startswith(REFUSED_KEY_START))


def _key_of(request: Request) -> str:
    """Return the key or token, from wherever a client may put it; empty when there is none."""
    query = parse_qs(urlsplit(request.path).query)
    given = (
        request.headers.get("x-goog-api-key")
        or "".join(query.get("key", query.get("access_token", []))[:1])
        or request.headers.get("Authorization", "").partition(" ")[2]
    )
    return given.strip()


def _plain(status: HTTPStatus, text: str) -> Response:
    body = text.encode()
    headers = Headers(
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
    )
    return Response(status.value, status.phrase, headers, body)
