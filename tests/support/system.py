"""A whole system of real processes: Redis, local-live (scripted), workers, gateways, web."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from shared import keys
from shared.bus import Bus, open_bus
from shared.tickets import sign
from tests.support.client import ORIGIN, Client
from tests.support.processes import START_S, Process, start_service, until
from tests.support.redis_server import RedisServer, start_redis
from web.monitor_end import CannotEnd, end_session

_PORT = re.compile(r"port=(\d+)|localhost:(\d+)")


@dataclass
class System:
    """Processes of one test; more can be started, and each can be stopped or killed."""

    folder: Path
    redis: RedisServer
    env: dict[str, str]
    processes: list[Process] = field(default_factory=list)
    gateways: list[tuple[Process, int]] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    live_port: int = 0

    async def start_live(self, **env: str) -> Process:
        """Start local-live in scripted mode."""
        settings = {
            "LOCAL_LIVE_MODE": "scripted",
            "LOCAL_LIVE_PORT": "0",
            "LOCAL_LIVE_TLS_DIR": str(self.folder / "tls"),
        }
        process = await self._start("local_live", {**settings, **env}, "localhost:")
        self.live_port = _port_in(process.text)
        self.env |= {
            "GOOGLE_GEMINI_BASE_URL": f"https://localhost:{self.live_port}",
            "GEMINI_API_KEY": "any",
            "SSL_CERT_FILE": str(self.folder / "tls" / "bundle.pem"),
        }
        return process

    async def start_worker(self, **env: str) -> Process:
        process = await self._start("gemini_worker", env, "working")
        self.workers.append(process)
        return process

    async def start_gateway(self, **env: str) -> tuple[Process, int]:
        process = await self._start("gateway", {"GATEWAY_PORT": "0", **env}, "port=")
        port = _port_in(process.text)
        self.gateways.append((process, port))
        return process, port

    async def start_web(self, **env: str) -> tuple[Process, int]:
        process = await self._start("web", {"WEB_PORT": "0", **env}, "port=")
        return process, _port_in(process.text)

    async def _start(self, module: str, env: dict[str, str], ready: str) -> Process:
        process = await start_service(module, {**self.env, **env})
        self.processes.append(process)
        await process.says(ready)
        return process

    def url(self, gateway: int = 0) -> str:
        """Return where a client connects."""
        return f"ws://127.0.0.1:{self.gateways[gateway][1]}/v1/live"

    async def client(self, user: str = "somebody") -> Client:
        """Return a client with a fresh ticket, not connected yet."""
        async with self.look() as redis:
            await redis.set("tickets:key", "ab" * 32, nx=True)
            key = await redis.get("tickets:key")
        assert isinstance(key, bytes)
        return Client(sign(key, user, "gateway", 60))

    def look(self) -> Redis:
        """Return a client for looking into Redis; use as a context manager."""
        return self.redis.client()

    async def end_sessions(self) -> None:
        """End every conversation as an operator does; nothing may be left of any.

        A conversation waits three minutes for its client: those of earlier tests fill a worker.
        """
        async with open_bus(self.redis.url, name="test", patience_s=5.0) as bus:
            ids = await bus.send("ZRANGE", keys.SESSIONS, 0, -1)
            await asyncio.gather(*(_end(bus, session_id.decode()) for session_id in ids))

            async def is_nobody_left() -> bool:
                return not await bus.send("XLEN", keys.DISPATCH) and not await self.live_sessions()

            await until(is_nobody_left, "no session and no Live connection is left")

    async def get(self, path: str, gateway: int = 0) -> httpx.Response:
        """GET from a gateway over HTTP."""
        async with httpx.AsyncClient(trust_env=False) as http:
            port = self.gateways[gateway][1]
            return await http.get(f"http://127.0.0.1:{port}{path}", headers={"Origin": ORIGIN})

    async def control(self, **request: Any) -> dict[str, Any]:
        """Ask local-live's control door."""
        context = ssl.create_default_context(cafile=str(self.folder / "tls" / "bundle.pem"))
        url = f"wss://localhost:{self.live_port}/control"
        async with connect(
            url, ssl=context, proxy=None, max_size=None, open_timeout=START_S
        ) as socket:
            await socket.send(orjson.dumps(request).decode())
            reply: dict[str, Any] = orjson.loads(await socket.recv())
        assert "error" not in reply, reply
        return reply

    async def fault(self, **fault: Any) -> dict[str, Any]:
        """Set a fault, or make it strike."""
        return await self.control(op="fault", fault=fault)

    async def live_sessions(self) -> set[str]:
        """Return the Live sessions that are connected now."""
        return {live["session"] for live in (await self.control(op="sessions"))["sessions"]}

    async def audio_in_history(self) -> list[tuple[int, ...]]:
        """Return, for each conversation that the model has, the first samples of its audio."""
        ledger = (await self.control(op="ledger"))["ledger"]
        return [
            tuple(item["first"] for item in entry["items"] if item["kind"] == "audio")
            for entry in ledger
        ]

    async def stop(self) -> None:
        """Stop everything, the newest first; every process must end in time.

        One that does not is an error, and the others are stopped all the same.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self._show)
            stack.push_async_callback(self.redis.stop)
            for process in self.processes:
                stack.push_async_callback(process.stop)

    def _show(self) -> None:
        for process in self.processes:
            print(f"--- {process.name}\n{process.text}")  # noqa: T201 - shown when a test fails


async def _end(bus: Bus, session_id: str) -> None:
    with contextlib.suppress(CannotEnd):  # it is over already
        await end_session(bus, session_id)


def _port_in(text: str) -> int:
    match = _PORT.search(text)
    assert match is not None, text
    return int(match[1] or match[2])


@asynccontextmanager
async def bare_system(folder: Path) -> AsyncIterator[System]:
    """Start a Redis, and stop everything at the end."""
    (folder / "redis").mkdir()
    redis = await start_redis(folder / "redis")
    system = System(folder, redis, {"REDIS_URL": redis.url, "PWD": str(folder)})
    try:
        yield system
    finally:
        await asyncio.shield(system.stop())
