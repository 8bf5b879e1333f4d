"""The page with everything around it played by the test: tickets, and a gateway that obeys it.

The gateway keeps what it is sent, acknowledges as told, and says what the test has it say. It holds
the client to the protocol: a sequence number that leaves a hole fails the test.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from web.app import page_route
from web.page_files import PageFile, read_page

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "services/web/static"
HEADER = struct.Struct("<BBHIdI")
MICROPHONE, PICTURE, ASSISTANT = 1, 2, 3
CLOSE_UP, URGENT = 1, 2
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self'"
    " blob: data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'"
)
"""As strict as the web service's own, so that a style or a script that it forbids fails here."""

LIMITS = {
    "audio_frame_bytes": 6400,
    "picture_bytes": 524_288,
    "picture_side_px": 4096,
    "text_chars": 8000,
    "unacked_audio_s": 20.0,
    "resume_s": 180.0,
}
TARGET = (
    "<!doctype html><title>capture-target</title>"
    "<body style='margin:0;background:#fff;font:22px/1.6 sans-serif'>"
    "<div id=box style='position:absolute;left:80px;top:80px;width:300px;height:200px;"
    "background:#1f6feb'></div><div id=text style='position:absolute;left:80px;top:320px'></div>"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as it arrived."""

    number: int
    jpeg: bytes
    arrived_s: float
    flags: int = 0
    overview: int = 0
    """Of a close-up, the number of the overview that it belongs to."""

    @property
    def is_close_up(self) -> bool:
        return bool(self.flags & CLOSE_UP)

    @property
    def is_urgent(self) -> bool:
        return bool(self.flags & URGENT)


@dataclass
class Gateway:
    """What the page said, and what it is to be told."""

    hellos: list[dict[str, Any]] = field(default_factory=list)
    controls: list[dict[str, Any]] = field(default_factory=list)
    audio: dict[int, bytes] = field(default_factory=dict)
    """Microphone audio by sequence number."""
    captured_ms: list[float] = field(default_factory=list)
    """When each piece of it was captured, ms since 1970."""
    pictures: list[Picture] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """Types of what arrived, audio left out: what came before what."""
    resent: list[int] = field(default_factory=list)
    """Sequence numbers in the order in which they arrived on the newest connection."""
    stored_seq: int = 0
    acknowledges: bool = True
    accepts: bool = True
    history: list[dict[str, Any]] = field(default_factory=list)
    knows_session: bool = True
    violations: list[str] = field(default_factory=list)
    socket: WebSocket | None = None
    _said: int = 0
    _newest_picture: int = 0

    async def serve(self, socket: WebSocket) -> None:
        """Be the gateway for one connection."""
        if not self.accepts:
            await socket.close(1013)
            return
        await socket.accept("overshoulder.v1")
        hello = json.loads(await socket.receive_text())
        self.hellos.append(hello)
        await self._welcome(socket, hello)
        self.socket, self.resent, self._newest_picture = socket, [], 0
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._take(message)
        except WebSocketDisconnect:
            return

    async def _welcome(self, socket: WebSocket, hello: dict[str, Any]) -> None:
        resumed = "resume" in hello and self.knows_session
        if not resumed:
            self.stored_seq = 0
        history = self.history if resumed and "last" not in hello["resume"] else []
        ready = {
            "type": "ready",
            "session": "s1",
            "token": f"{len(self.hellos)}.token",
            "resumed": resumed,
            "last_seq": self.stored_seq,
            "last_picture": self.pictures[-1].number if resumed and self.pictures else 0,
            "history": history,
            "limits": LIMITS,
        }
        await socket.send_json(ready)

    async def _take(self, message: Message) -> None:
        if message.get("bytes") is not None:
            self._take_media(message["bytes"])
        else:
            control = json.loads(message["text"])
            self.order.append(control["type"])
            if control["type"] != "ping":
                self.controls.append(control)
                self._note(control["seq"])
            elif self.socket is not None:
                await self.socket.send_json({"type": "pong", "time_ms": control["time_ms"]})
        if self.acknowledges and self.socket is not None:
            await self.socket.send_json({"type": "ack", "seq": self.stored_seq, "picture": 0})

    def _take_media(self, frame: bytes) -> None:
        kind, flags, _, seq, time_ms, turn = HEADER.unpack_from(frame)
        payload = frame[HEADER.size :]
        if kind == PICTURE:
            self.order.append("picture")
            self._note_picture(seq)
            self.pictures.append(Picture(seq, payload, time.monotonic(), flags, turn))
            return
        self.audio[seq] = payload
        self.captured_ms.append(time_ms)
        self._note(seq)

    def _note_picture(self, number: int) -> None:
        """Hold the client to the row: within a connection, numbers of pictures only grow."""
        if number <= self._newest_picture:
            self.violations.append(f"picture {number} came after {self._newest_picture}")
        self._newest_picture = number

    def _note(self, seq: int) -> None:
        """Hold the client to the row: no hole within a connection."""
        expected = self.resent[-1] + 1 if self.resent else self.stored_seq + 1
        if seq != expected:
            self.violations.append(f"{seq} came where {expected} was due")
        self.resent.append(seq)
        if self.acknowledges:
            self.stored_seq = seq

    async def say(self, **message: Any) -> None:
        """Send one message of the worker, with the next id."""
        self._said += 1
        assert self.socket is not None, "nobody is connected"
        await self.socket.send_json({"id": f"1-{self._said}", **message})

    async def speak(self, turn: int, pcm16: bytes) -> None:
        """Send the assistant's voice in pieces of 100 ms."""
        assert self.socket is not None, "nobody is connected"
        for start in range(0, len(pcm16), 4_800):
            self._said += 1
            header = HEADER.pack(ASSISTANT, 0, 1, self._said, time.time() * 1_000, turn)
            await self.socket.send_bytes(header + pcm16[start : start + 4_800])

    async def call(self, name: str, **args: Any) -> dict[str, Any]:
        """Have the model call a tool of the page; return the result."""
        call = f"c{self._said + 1}"
        await self.say(type="tool", turn=1, call=call, name=name, args=args)
        await until(lambda: [r for r in self.of_type("tool_result") if r["call"] == call])
        return next(result for result in self.of_type("tool_result") if result["call"] == call)

    async def go_live(self) -> None:
        """Say that the model is there."""
        await self.say(type="state", state="connecting")
        await self.say(type="state", state="live", model="gemini-3.8-live")

    async def answer(self, turn: int, question: str, words: str) -> None:
        """Carry one whole exchange in writing."""
        if question:
            await self.say(type="transcript", turn=turn, role="user", text=question, final=True)
        await self.say(type="turn_start", turn=turn)
        await self.say(type="transcript", turn=turn, role="assistant", text=words, final=True)
        await self.say(type="turn_end", turn=turn)

    async def cut(self, code: int = 1011) -> None:
        """Close the connection from this side."""
        socket, self.socket = self.socket, None
        assert socket is not None, "nobody is connected"
        await socket.close(code)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the control messages of one type."""
        return [control for control in self.controls if control["type"] == kind]


@dataclass
class PageServer:
    """The page's origin."""

    gateway: Gateway = field(default_factory=Gateway)
    access_code: str = ""
    standin: bool = True
    models: list[str] = field(default_factory=list)
    url: str = ""
    _members: set[str] = field(default_factory=set)

    def app(self) -> ASGIApp:
        """Return the application that serves page, tickets, gateway and a page to be shared."""
        return _Policy(
            Starlette(
                routes=[
                    Route("/api/ticket", self._ticket, methods=["POST"]),
                    Route("/target", lambda _: HTMLResponse(TARGET)),
                    WebSocketRoute("/v1/live", self._live),
                    page_route(_page()),
                ]
            )
        )

    async def _live(self, socket: WebSocket) -> None:
        await self.gateway.serve(socket)

    async def _ticket(self, request: Request) -> Response:
        body = await request.json()
        code = body.get("access_code", "")
        if "member" not in request.cookies and code != self.access_code:
            error = {
                "code": f"access_code_{'wrong' if code else 'needed'}",
                "message": "That is not the access code.",
                "action": "Check it.",
            }
            return JSONResponse({"error": error}, 401)
        name = "Local stand-in" if self.standin else "Gemini"
        preset = {
            "id": "screen_helper",
            "name": "Screen helper",
            "description": "Says what it sees.",
        }
        reply = JSONResponse(
            {
                "ticket": "ticket",
                "expires_s": 60,
                "gateway": "/v1/live",
                "assistant": {"name": name, "standin": self.standin},
                "voices": ["Kore", "Puck"],
                "presets": [preset],
                "models": self.models,
            }
        )
        reply.set_cookie("member", "yes")
        return reply


@cache
def _page() -> Mapping[str, PageFile]:
    return read_page(STATIC)


class _Policy:
    """Adds the content security policy to what belongs to the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] != "/target":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self._app(scope, receive, send_with_policy)


@asynccontextmanager
async def serving(server: PageServer) -> AsyncIterator[PageServer]:
    """Serve on a port that the system chooses, for as long as the context lasts."""
    config = uvicorn.Config(
        server.app(),
        host="127.0.0.1",
        port=0,
        ws="websockets-sansio",
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    uvicorn_server = uvicorn.Server(config)
    task = asyncio.create_task(uvicorn_server.serve())
    await until(lambda: uvicorn_server.started)
    port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
    server.url = f"http://localhost:{port}"
    try:
        yield server
    finally:
        uvicorn_server.should_exit = True
        await task


async def until(condition: Callable[[], object], limit_s: float = 8.0) -> None:
    """Wait for a condition; the test fails if it does not come true in time."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0.02)
