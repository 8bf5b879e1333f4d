"""Starts a real local-live process for a test, and talks to its control door."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from google import genai
from google.genai import types
from websockets.asyncio.client import ClientConnection, connect

START_TIMEOUT_S = 30.0
LIVE_PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
MODEL = "gemini-3.8-live"
_LISTENING = re.compile(rb"https://localhost:(\d+)")


@dataclass
class LiveServer:
    """One running process."""

    process: asyncio.subprocess.Process
    port: int
    folder: Path
    log: bytearray
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def context(self) -> ssl.SSLContext:
        """A TLS context that trusts the server by its bundle alone, as `SSL_CERT_FILE` would."""
        return ssl.create_default_context(cafile=str(self.folder / "bundle.pem"))

    def client(self, api_key: str = "anything") -> genai.Client:
        """Return the official SDK's client, pointed here."""
        return genai.Client(
            api_key=api_key,
            http_options=types.HttpOptions(
                base_url=f"https://localhost:{self.port}",
                api_version="v1beta",
                async_client_args={"ssl": self.context, "compression": None, "proxy": None},
            ),
        )

    def raw(self, path: str = LIVE_PATH, key: str = "k") -> Any:
        """Return a bare WebSocket connection, to send what the SDK never would."""
        query = f"?key={key}" if key else ""
        return connect(
            f"wss://localhost:{self.port}{path}{query}", ssl=self.context, compression=None
        )

    async def control(self, **request: Any) -> dict[str, Any]:
        """Ask the control door."""
        async with connect(f"wss://localhost:{self.port}/control", ssl=self.context) as door:
            return await ask(door, **request)

    async def fault(self, **fault: Any) -> dict[str, Any]:
        """Set a fault; a refused one fails the test."""
        reply = await self.control(op="fault", fault=fault)
        assert "error" not in reply, reply
        return reply


async def ask(door: ClientConnection, **request: Any) -> dict[str, Any]:
    """Send one request through an open control door."""
    await door.send(orjson.dumps(request).decode())
    reply: dict[str, Any] = orjson.loads(await door.recv())
    return reply


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[LiveServer]:
    """Run ``python -m local_live`` on a port of the system's choice until the block ends."""
    environment = {
        **{name: value for name, value in os.environ.items() if "LOCAL_LIVE" not in name},
        "LOCAL_LIVE_PORT": "0",
        "LOCAL_LIVE_TLS_DIR": str(folder),
        **{f"LOCAL_LIVE_{name.upper()}": value for name, value in settings.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "local_live",
        env=environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    log = bytearray()
    server = LiveServer(process, 0, folder, log)
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            server.port = await _read_port(process, log)
        server.readers.append(asyncio.create_task(_drain(process, log)))
        yield server
    finally:
        await stop(server)


async def stop(server: LiveServer) -> int:
    """End the process as an operator would; return its exit code."""
    if server.process.returncode is None:
        server.process.send_signal(signal.SIGTERM)
    code = await server.process.wait()
    for reader in server.readers:
        await reader
    return code


async def _read_port(process: asyncio.subprocess.Process, log: bytearray) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        log += line
        if found := _LISTENING.search(line):
            return int(found[1])
    raise AssertionError(f"local-live did not start:\n{log.decode()}")


async def _drain(process: asyncio.subprocess.Process, log: bytearray) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        log += line
