"""A real Redis for tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.redis_server import find_server
from tests.support.processes import Process, free_port, until


@dataclass
class RedisServer:
    """One Redis process with a folder of its own; may be killed and started again."""

    folder: Path
    port: int
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        self.process = await Process.start(
            "redis",
            find_server(),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
            *("--rdbcompression", "no", "--auto-aof-rewrite-min-size", "1gb", *options),
            env={},
        )
        async with self.client() as client:

            async def answers() -> bool:
                assert self.process is not None
                assert self.process.is_running, self.process.text
                try:
                    return bool(await client.ping())
                except (RedisError, OSError):
                    return False

            await until(answers, "Redis answers")

    def client(self) -> Redis:
        """Return a client for looking into it."""
        return Redis.from_url(self.url, protocol=2)

    async def stop(self) -> None:
        if self.process is not None:
            await self.process.stop()

    async def kill(self) -> None:
        """End it without warning."""
        assert self.process is not None
        await self.process.kill()


async def start_redis(folder: Path) -> RedisServer:
    """Start a Redis on a free port; another try if somebody took the port in between."""
    for _ in range(3):
        server = RedisServer(folder, free_port())
        try:
            await server.start()
        except AssertionError:
            await asyncio.sleep(0.1)
        else:
            return server
    raise AssertionError("Redis does not start")
