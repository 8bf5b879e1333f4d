"""Fixtures that every test may use: a Redis, a bus on it, a whole system."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.bus import Bus, open_bus
from tests.support.redis_server import RedisServer, start_redis
from tests.support.system import System, bare_system


@pytest_asyncio.fixture
async def redis_server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis of the test's own."""
    server = await start_redis(tmp_path)
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def bus(redis_server: RedisServer) -> AsyncIterator[Bus]:
    """A bus on a Redis of the test's own."""
    async with open_bus(redis_server.url, name="test", patience_s=5.0) as opened:
        yield opened


@pytest_asyncio.fixture
async def empty_system(tmp_path: Path) -> AsyncIterator[System]:
    """Redis alone; the test starts what it needs, and may break it."""
    async with bare_system(tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def own_system(empty_system: System) -> System:
    """Redis, local-live, one worker, one gateway; the test may break it."""
    await empty_system.start_live()
    await empty_system.start_worker()
    await empty_system.start_gateway()
    return empty_system


@pytest_asyncio.fixture(scope="session")
async def _common_system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with bare_system(tmp_path_factory.mktemp("system")) as running:
        await running.start_live()
        await running.start_worker()
        await running.start_gateway()
        await running.start_gateway()
        yield running


@pytest_asyncio.fixture
async def system(_common_system: System) -> AsyncIterator[System]:
    """Redis, local-live, one worker, two gateways, shared by all tests that break nothing."""
    yield _common_system
    await _common_system.control(op="clear")
    await _common_system.end_sessions()
