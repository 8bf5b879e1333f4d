"""One scripted local-live process for the tests by the official SDK, without faults left over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.local_live.live_server import LiveServer, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("live")
    with running(folder, mode="scripted", script_pace="20", strict="true") as server:
        yield server


@pytest.fixture(autouse=True)
async def no_faults(server: LiveServer) -> AsyncIterator[None]:
    yield
    await server.control(op="clear")
