"""Real processes for tests: Redis and the services, each on a port that the system chooses."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT,
    *(ROOT / "services" / name for name in ("gateway", "gemini-worker", "web", "local-live")),
]
START_S = 60.0


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    condition: Callable[[], Awaitable[object] | object], what: str, limit_s: float = START_S
) -> object:
    """Wait until ``condition`` holds and return what it returned; fail naming ``what``."""
    deadline = time.monotonic() + limit_s
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:.0f} s in vain: {what}")
        await asyncio.sleep(0.02)


@dataclass
class Process:
    """One running process, with what it wrote."""

    name: str
    process: asyncio.subprocess.Process
    output: bytearray = field(default_factory=bytearray)
    reader: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, name: str, *command: str | Path, env: dict[str, str]) -> Process:
        """Start ``command`` with ``env`` and nothing else of this project's settings."""
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(
                ("GATEWAY_", "WORKER", "WEB_", "LOCAL_LIVE_", "GEMINI_", "GOOGLE_")
            )
            and key not in {"REDIS_URL", "ACCESS_CODE"}
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**inherited, "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), **env},
            cwd=env.get("PWD"),
        )
        running = cls(name, process)
        running.reader = asyncio.create_task(running._read())
        return running

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while chunk := await stream.read(65_536):
            self.output += chunk

    @property
    def text(self) -> str:
        """Everything that it wrote so far."""
        return self.output.decode(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def says(self, words: str) -> None:
        """Wait until ``words`` are in its output; fail with the output if it ends before."""

        def said() -> bool:
            assert self.is_running or words in self.text, f"{self.name} ended:\n{self.text}"
            return words in self.text

        await until(said, f"{self.name} says {words!r}, but only:\n{self.text}")

    async def stop(self, limit_s: float = 15.0) -> int:
        """Ask it to stop, wait, and return its exit code."""
        if self.is_running:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return await self.ended(limit_s)

    async def kill(self) -> None:
        """End it without warning."""
        if self.is_running:
            self.process.kill()
        await self.ended(5.0)

    async def ended(self, limit_s: float) -> int:
        """Wait until it has ended."""
        try:
            code = await asyncio.wait_for(self.process.wait(), limit_s)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"{self.name} did not stop:\n{self.text}") from None
        if self.reader is not None:
            await self.reader
        return code


async def start_service(module: str, env: dict[str, str], name: str | None = None) -> Process:
    """Start ``python -m module``."""
    return await Process.start(name or module, sys.executable, "-m", module, env=env)
