"""The web service in this process: page, headers, tickets and the access code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from shared import keys
from shared.bus import Bus, open_bus
from shared.bus.commands import Arg
from shared.options import PRESETS, VOICES
from shared.presence import Presence
from shared.tickets import check, signing_key
from tests.support.redis_server import RedisServer
from web.app import WRONG_CODES_PER_MINUTE, Web
from web.membership import COOKIE
from web.page_files import read_page
from web.settings import WebSettings

ORIGIN = "http://localhost:8000"
GATEWAY = "ws://localhost:9083/v1/live"
PAGE = read_page(WebSettings.model_fields["static_dir"].default)


@asynccontextmanager
async def _site(
    bus: Bus, *, code: str = "", gateway_url: str = GATEWAY, base_url: str = ORIGIN
) -> AsyncIterator[httpx.AsyncClient]:
    web = Web(
        bus,
        origins=frozenset({ORIGIN, "https://help.example"}),
        access_code=code,
        gateway_url=gateway_url,
    )
    transport = httpx.ASGITransport(web.asgi(PAGE))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as browser:
        yield browser


async def _ask(browser: httpx.AsyncClient, origin: str | None = ORIGIN, **body: Any) -> Any:
    headers = {} if origin is None else {"Origin": origin}
    return await browser.post("/api/ticket", json=body, headers=headers)


async def test_the_page_gets_a_ticket_and_what_it_offers(bus: Bus) -> None:
    """A ticket that the gateway takes comes with its address, voices and presets."""
    async with _site(bus) as browser:
        response = await _ask(browser)

    body = response.json()
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert check(await signing_key(bus), body["ticket"], "gateway").user
    assert body["gateway"] == GATEWAY
    assert body["voices"] == list(VOICES)
    assert [preset["id"] for preset in body["presets"]] == list(PRESETS)


@pytest.mark.parametrize(
    ("standins", "assistant"),
    [
        ([], {"name": "Gemini", "standin": False}),
        (["", ""], {"name": "Gemini", "standin": False}),
        (["", "Local stand-in"], {"name": "Local stand-in", "standin": True}),
    ],
)
async def test_the_page_is_told_who_answers(
    bus: Bus, standins: list[str], assistant: dict[str, object]
) -> None:
    """Where a worker talks to a stand-in the page says so, and never passes it off as Gemini."""
    for number, standin in enumerate(standins):
        fields: dict[str, Arg] = {"standin": standin}
        await Presence(bus, keys.WORKERS, f"worker-{number}", fields.copy).beat()

    async with _site(bus) as browser:
        body = (await _ask(browser)).json()

    assert body["assistant"] == assistant


@pytest.mark.parametrize(
    ("workers", "models"),
    [
        ([], []),
        (["a,b"], ["a", "b"]),
        (["b,a", "b,a"], ["b", "a"]),
        (["a,b,c", "c,a"], ["a", "c"]),
        (["a,b", ""], []),
    ],
)
async def test_the_page_offers_the_models_that_any_worker_takes(
    bus: Bus, workers: list[str], models: list[str]
) -> None:
    """Whichever worker gets the session, it can do with the model that was chosen."""
    for number, offered in enumerate(workers):
        fields: dict[str, Arg] = {"models": offered}
        await Presence(bus, keys.WORKERS, f"worker-{number}", fields.copy).beat()

    async with _site(bus) as browser:
        body = (await _ask(browser)).json()

    assert body["models"] == models


async def test_a_browser_stays_the_same_user(bus: Bus) -> None:
    """The cookie keeps the user; another browser is another user."""
    key = await signing_key(bus)

    async def user(browser: httpx.AsyncClient) -> str:
        return check(key, (await _ask(browser)).json()["ticket"], "gateway").user

    async with _site(bus) as one, _site(bus) as two:
        assert await user(one) == await user(one)
        assert await user(one) != await user(two)


@pytest.mark.parametrize(("origin", "is_secure"), [(ORIGIN, False), ("https://help.example", True)])
async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    bus: Bus, origin: str, is_secure: bool
) -> None:
    """No script reads it, no other site sends it, and over TLS it never leaves TLS."""
    async with _site(bus) as browser:
        cookie = (await _ask(browser, origin)).headers["set-cookie"]

    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ("Secure" in cookie) is is_secure


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"{ORIGIN}.evil.example", f"{ORIGIN}/"]
)
async def test_another_site_gets_no_ticket(bus: Bus, origin: str | None) -> None:
    """Only the page itself may ask; there is no header that lets others read the answer."""
    async with _site(bus) as browser:
        response = await _ask(browser, origin)

    assert (response.status_code, response.json()["error"]["code"]) == (403, "bad_origin")
    assert "set-cookie" not in response.headers
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "content",
    [
        *(b"{", b"[]", b"null", b'{"code": "x"}', b'{"access_code": 5}', b"\xff", b"[" * 4_000),
        *(b'{"access_code": "' + b"x" * 201 + b'"}', b'{"access_code": "\\ud800"}', b" " * 5_000),
    ],
    ids=lambda content: repr(content[:20]),
)
async def test_a_request_that_is_not_understood_is_told(bus: Bus, content: bytes) -> None:
    """Broken, wrong and large bodies are refused with a sentence."""
    async with _site(bus) as browser:
        response = await browser.post("/api/ticket", content=content, headers={"Origin": ORIGIN})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_request")


async def test_without_a_body_there_is_no_code(bus: Bus) -> None:
    """A page that has no code to say may leave the body out."""
    async with _site(bus) as browser:
        response = await browser.post("/api/ticket", headers={"Origin": ORIGIN})

    assert response.status_code == 200


async def test_a_code_is_asked_once(bus: Bus) -> None:
    """A stranger must say it; after that the browser is known."""
    async with _site(bus, code="sesame") as browser:
        nothing = await _ask(browser)
        wrong = await _ask(browser, access_code="simsala")
        right = await _ask(browser, access_code="sesame")
        again = await _ask(browser)

    codes = [one.json().get("error", {}).get("code") for one in (nothing, wrong, right, again)]
    assert codes == ["access_code_needed", "access_code_wrong", None, None]
    assert [one.status_code for one in (nothing, wrong, right, again)] == [401, 401, 200, 200]
    assert "set-cookie" not in wrong.headers


async def test_a_changed_code_asks_everybody_again(bus: Bus) -> None:
    """A cookie from before is worth nothing under another code."""
    async with _site(bus, code="old") as browser:
        await _ask(browser, access_code="old")
        cookies = dict(browser.cookies)

    async with _site(bus, code="new") as browser:
        browser.cookies.update(cookies)

        assert (await _ask(browser)).status_code == 401


async def test_guessing_is_slow(bus: Bus) -> None:
    """After some wrong codes strangers must wait; whoever is known goes on."""
    async with _site(bus, code="sesame") as browser:
        await _ask(browser, access_code="sesame")
        known = dict(browser.cookies)
        browser.cookies.clear()
        statuses = [
            (await _ask(browser, access_code=f"guess-{number}")).status_code
            for number in range(WRONG_CODES_PER_MINUTE + 5)
        ]
        refused = await _ask(browser, access_code="sesame")
        browser.cookies.update(known)
        welcome = await _ask(browser)

    assert set(statuses[:WRONG_CODES_PER_MINUTE]) == {401}
    assert statuses[-1] == 429
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] <= 60
    assert welcome.status_code == 200


async def test_redis_away_is_told(redis_server: RedisServer) -> None:
    """Without Redis there is no ticket, but the page, and a sentence."""
    async with (
        open_bus(redis_server.url, name="web", patience_s=0.1) as bus,
        _site(bus) as browser,
    ):
        await redis_server.kill()

        response = await _ask(browser)

        assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
        assert (await browser.get("/")).status_code == 200
        assert (await browser.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("gateway_url", "connect"),
    [
        (GATEWAY, "connect-src 'self' ws://localhost:9083;"),
        ("wss://help.example/v1/live", "connect-src 'self' wss://help.example;"),
        ("/v1/live", "connect-src 'self';"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/api/ticket"])
async def test_every_answer_keeps_the_page_to_itself(
    bus: Bus, path: str, gateway_url: str, connect: str
) -> None:
    """No inline script, no frame around the page, no other host than the gateway."""
    async with _site(bus, gateway_url=gateway_url) as browser:
        headers = (await browser.get(path)).headers

    policy = headers["content-security-policy"]
    assert connect in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]


async def test_the_page_fits_its_policy(bus: Bus) -> None:
    """The page brings no inline script or style, which its own policy would stop."""
    async with _site(bus) as browser:
        page = (await browser.get("/")).text

    assert "<script>" not in page
    assert " style=" not in page
    assert " onclick=" not in page


async def test_a_file_that_the_browser_has_is_not_sent_again(bus: Bus) -> None:
    """A browser that names what it has gets an empty 304; compression is for those that ask."""
    async with _site(bus) as browser:
        first = await browser.get("/js/main.js")
        again = await browser.get("/js/main.js", headers={"If-None-Match": first.headers["etag"]})
        plain = await browser.get("/js/main.js", headers={"Accept-Encoding": "identity"})

    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text


@pytest.mark.parametrize(
    "path",
    [
        *("/../settings.py", "/..%2fsettings.py", "/%2e%2e/%2e%2e/web/app.py", "//etc/passwd"),
        *("/js/../../web/app.py", "/.env", "/index.html%00.js", "/js/"),
    ],
)
async def test_nothing_but_the_pages_files_is_served(bus: Bus, path: str) -> None:
    """No path leads out of the folder of the page."""
    async with _site(bus) as browser:
        request = browser.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        response = await browser.send(request)

    assert response.status_code in {400, 404, 405}
    assert "import" not in response.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_tickets_are_asked_for_by_post_alone(bus: Bus, method: str) -> None:
    """A link or an image on another site cannot ask for a ticket."""
    async with _site(bus) as browser:
        response = await browser.request(method, "/api/ticket", headers={"Origin": ORIGIN})

    assert response.status_code in {404, 405}
    assert "ticket" not in response.text
