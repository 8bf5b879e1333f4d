"""The page's modules as one file: in the page, in its worker and in its audio worklets."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.web.browser.conftest import Visit, open_page
from tests.web.browser.page_server import STATIC, PageServer, serving
from web.bundle import declared
from web.page_files import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GLOBALS = "names => names.filter((name) => name in globalThis)"
WORKER_ONLY = {"screen"}
"""Names that modules of the worker alone declare, and that no worker has of itself."""


async def test_no_module_hides_a_name_of_the_browser(visit: Visit) -> None:
    """All modules of a part share one scope: what one declares, the others would be given."""
    sources = [path.read_text(encoding="utf-8") for path in STATIC.rglob("*.js")]
    names = [name for source in sources for name in declared(source)]

    assert set(await visit.page.evaluate(GLOBALS, names)) == WORKER_ONLY
    assert await visit.page.workers[0].evaluate(GLOBALS, names) == []


@dataclass
class WatchedServer(PageServer):
    """Notes how each request for the joined file was answered."""

    answers: list[int] = field(default_factory=list)

    def app(self) -> ASGIApp:
        inner = super().app()

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start" and scope["path"] == f"/{SCRIPT}":
                    self.answers.append(message["status"])
                await send(message)

            await inner(scope, receive, noting)

        return watched


async def test_the_joined_file_is_sent_once(browser: Browser) -> None:
    """The worker and the worklets ask at most whether it is still the same, and it is."""
    server = WatchedServer()
    async with serving(server):
        context = await browser.new_context(permissions=["microphone"])
        visit = await open_page(context, server)
        await visit.start("start-talk")
        await visit.reaches("listening")
        await context.close()

    assert server.answers[0] == 200
    assert set(server.answers[1:]) <= {304}
