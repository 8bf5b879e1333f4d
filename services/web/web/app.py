"""Routes: the page and `POST /api/ticket`. The only module that imports starlette."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import keys
from shared.bus import Bus
from shared.errors import BusUnavailable
from shared.options import PRESETS, VOICES
from shared.presence import alive
from shared.tickets import MEMBERSHIP_S, TICKET_S, signing_key
from web.membership import COOKIE, Members
from web.page_files import INDEX, PageFile

MAX_BODY_BYTES = 4_096
GZIP_FROM_BYTES = 1_000
WRONG_CODES_PER_MINUTE = 20
"""Guesses that all strangers together may make: a code of 6 letters holds for a year on average."""


_CHOICES = {
    "voices": VOICES,
    "presets": [
        {"id": preset, "name": text.name, "description": text.description}
        for preset, text in PRESETS.items()
    ],
}
"""What the page may offer; the options of `hello` hold to the same."""


class TicketRequest(BaseModel):
    """Body of `POST /api/ticket`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    access_code: Annotated[str, Field(max_length=200)] = ""


class Web:
    """The application."""

    def __init__(
        self, bus: Bus, *, origins: frozenset[str], access_code: str, gateway_url: str
    ) -> None:
        self._bus, self._origins, self._code, self._gateway_url = (
            bus,
            origins,
            access_code,
            gateway_url,
        )
        self._guesses_left = float(WRONG_CODES_PER_MINUTE)
        self._guessed_at = 0.0

    def asgi(self, page: Mapping[str, PageFile]) -> ASGIApp:
        """Return the ASGI application that serves the page and the tickets."""
        app = Starlette(
            routes=[
                Route("/api/ticket", self._ticket, methods=["POST"]),
                Route("/healthz", self._healthz),
                page_route(page),
            ]
        )
        compressed = GZipMiddleware(app, minimum_size=GZIP_FROM_BYTES)
        return _SecurityHeaders(compressed, _content_policy(self._gateway_url))

    async def _healthz(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _ticket(self, request: Request) -> Response:
        if request.headers.get("origin") not in self._origins:
            return _refuse(
                403, "bad_origin", "This page may not ask for tickets.", "Add it to WEB_ORIGINS."
            )
        asked = await _read_body(request)
        if asked is None:
            return _refuse(
                400, "bad_request", "The request is not understood.", 'Send {"access_code": "…"}.'
            )
        try:
            # Asked for anew each time: a Redis that lost its data has a new key.
            members = Members(await signing_key(self._bus), self._code)
            workers = await alive(self._bus, keys.WORKERS)
        except BusUnavailable:
            return _refuse(
                503, "unavailable", "The storage behind this service is away.", "Try again soon."
            )
        user = members.recognise(request.cookies.get(COOKIE))
        if user is None and members.needs_code:
            refusal = self._check_code(members, asked.access_code)
            if refusal is not None:
                return refusal
        user = user or members.new_user()
        body = {
            "ticket": members.ticket(user),
            "expires_s": TICKET_S,
            "gateway": self._gateway_url,
            "assistant": _assistant(workers.values()),
            "models": _models(workers.values()),
            **_CHOICES,
        }
        response = JSONResponse(body, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            members.cookie(user),
            max_age=MEMBERSHIP_S,
            httponly=True,
            samesite="strict",
            secure=request.headers["origin"].startswith("https:"),
        )
        return response

    def _check_code(self, members: Members, code: str) -> Response | None:
        if not code:
            return _refuse(
                401, "access_code_needed", "An access code is needed.", "Enter the access code."
            )
        now_s = asyncio.get_running_loop().time()
        per_s = WRONG_CODES_PER_MINUTE / 60
        self._guesses_left = min(
            WRONG_CODES_PER_MINUTE, self._guesses_left + (now_s - self._guessed_at) * per_s
        )
        self._guessed_at = now_s
        if self._guesses_left < 1:
            wait_s = int((1 - self._guesses_left) / per_s) + 1
            response = _refuse(
                429,
                "too_many_guesses",
                "Too many wrong codes.",
                f"Try again in {wait_s} s.",
                wait_s,
            )
            response.headers["Retry-After"] = str(wait_s)
            return response
        if members.is_code(code):
            return None
        self._guesses_left -= 1
        return _refuse(401, "access_code_wrong", "That is not the access code.", "Check it.")


def page_route(page: Mapping[str, PageFile]) -> Route:
    """Return the route that serves the page's files, by path, and nothing else."""

    async def serve(request: Request) -> Response:
        file = page.get(request.path_params["path"] or INDEX)
        if file is None:
            return Response(status_code=404)
        headers = {"ETag": file.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.body, headers=headers, media_type=file.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(file.gzipped, headers=headers, media_type=file.media_type)

    return Route("/{path:path}", serve)


class _SecurityHeaders:
    """Adds the headers that keep the page to its own files."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self._policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Permissions-Policy"] = (
                    "display-capture=(self), microphone=(self), camera=(self), geolocation=()"
                )
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _content_policy(gateway_url: str) -> str:
    gateway = urlsplit(gateway_url)
    connect = f"'self' {gateway.scheme}://{gateway.netloc}" if gateway.netloc else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self';"
        " img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; manifest-src 'self';"
        f" connect-src {connect}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _assistant(workers: Iterable[dict[str, str]]) -> dict[str, object]:
    """Return who answers: a stand-in if any worker says that it talks to one."""
    name = next((worker["standin"] for worker in workers if worker.get("standin")), "")
    return {"name": name or "Gemini", "standin": bool(name)}


def _models(workers: Collection[Mapping[str, str]]) -> list[str]:
    """Return the models that every worker offers, the default first."""
    lists = [[name for name in one.get("models", "").split(",") if name] for one in workers]
    offered = lists[0] if lists else []
    return [name for name in offered if all(name in others for others in lists)]


async def _read_body(request: Request) -> TicketRequest | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    try:
        return TicketRequest.model_validate_json(body or b"{}")
    except ValidationError:
        return None


def _refuse(
    status: int, code: str, message: str, action: str, retry_after_s: int | None = None
) -> Response:
    body: dict[str, object] = {"error": {"code": code, "message": message, "action": action}}
    if retry_after_s is not None:
        body["retry_after_s"] = retry_after_s
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
