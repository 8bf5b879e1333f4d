"""Starts a real local-live process for tests, and talks to its control door."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from google import genai
from google.genai import types
from websockets.asyncio.client import connect

ROOT = Path(__file__).parents[2]
LIVE_PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
MODEL = "gemini-3.8-live"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
_LISTENING = re.compile(r"https://localhost:(\d+)")


@dataclass
class LiveServer:
    """One running process."""

    process: subprocess.Popen[str]
    folder: Path
    port: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def context(self) -> ssl.SSLContext:
        """A TLS context that trusts what the server's bundle names, as `SSL_CERT_FILE` would."""
        return ssl.create_default_context(cafile=str(self.folder / "bundle.pem"))

    def client(self, api_key: str = "anything") -> genai.Client:
        """Return the official SDK's client, pointed here."""
        return genai.Client(
            api_key=api_key,
            http_options=types.HttpOptions(
                base_url=f"https://localhost:{self.port}",
                api_version="v1beta",
                async_client_args={"ssl": self.context, "proxy": None},
            ),
        )

    def raw(self, path: str = LIVE_PATH, key: str = "k", **options: Any) -> connect:
        """Return a bare WebSocket connection, to send what the SDK never would."""
        query = f"?key={key}" if key else ""
        url = f"wss://localhost:{self.port}{path}{query}"
        return connect(url, ssl=self.context, proxy=None, **options)

    async def control(self, **request: Any) -> dict[str, Any]:
        """Ask the control door."""
        async with self.raw("/control", key="") as door:
            await door.send(orjson.dumps(request).decode())
            reply: dict[str, Any] = orjson.loads(await door.recv())
            return reply

    async def fault(self, kind: str, **fault: Any) -> dict[str, Any]:
        """Set a fault; a refused one fails the test."""
        reply = await self.control(op="fault", fault={"kind": kind, **fault})
        assert "error" not in reply, reply
        return reply

    def stop(self) -> int:
        """End the process as an operator would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[LiveServer]:
    """Run ``python -m local_live`` on a port of the system's choice until the block ends."""
    kept = {name: value for name, value in os.environ.items() if "LOCAL_LIVE" not in name}
    paths = [str(ROOT), str(ROOT / "services/local-live")]
    process = subprocess.Popen(
        [sys.executable, "-m", "local_live"],
        env={
            **kept,
            "PYTHONPATH": os.pathsep.join(paths),
            "LOCAL_LIVE_PORT": "0",
            "LOCAL_LIVE_TLS_DIR": str(folder),
            **{f"LOCAL_LIVE_{name.upper()}": value for name, value in settings.items()},
        },
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = LiveServer(process, folder)
    listening = threading.Event()
    reader = threading.Thread(target=_read_log, args=(server, listening))
    reader.start()
    try:
        assert listening.wait(START_TIMEOUT_S), "".join(server.log)
        assert server.port, "".join(server.log)
        yield server
    finally:
        server.stop()
        reader.join()
        assert process.stderr is not None
        process.stderr.close()


def _read_log(server: LiveServer, listening: threading.Event) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.log.append(line)
        if found := _LISTENING.search(line):
            server.port = int(found[1])
            listening.set()
    listening.set()
