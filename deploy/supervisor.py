"""Starts services in order, starts again what dies, and stops everything in reverse order.

Why not honcho, which would be the obvious choice: it stops everything as soon as one process ends,
it stops Redis at the same moment as those who still have to write to it, it kills after five
seconds what is still draining, and a closed terminal (SIGHUP) ends its helper processes, after
which its loop waits for them for ever. What is left of it then is the coloured output.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.errors import CannotGoOn
from deploy.output import LAUNCHER, Output

POLL_S = 0.15
"""Between two questions whether a starting service is healthy."""
READ_BYTES = 65_536
CRASHES_AT_MOST = 5
CRASH_WINDOW_S = 60.0
"""A service that dies more often than that within this time is given up, with everything else."""
LONGEST_PAUSE_S = 5.0
"""Before a service is started again."""


@dataclass(frozen=True)
class Service:
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_healthy: Callable[[int], Awaitable[bool]]
    """Told the process id; asked again and again until it says yes for the first time."""
    after: frozenset[str] = frozenset()
    """Services that must be healthy before this one starts, and that stop only after it."""
    start_limit_s: float = 60.0
    stop_limit_s: float = 10.0
    """Between SIGTERM and SIGKILL."""
    is_quiet: bool = False
    """Its lines are not shown; the last one is told when it dies."""


class Supervisor:
    """Keeps a set of services running until it is told to stop."""

    def __init__(
        self, services: list[Service], output: Output, directory: Path, on_ready: Callable[[], None]
    ) -> None:
        """Prepare to run ``services``.

        Args:
            services: What to run; no name twice.
            output: Where their lines go.
            directory: Working directory of the processes.
            on_ready: Called once, when all have become healthy.
        """
        self._services = services
        self._output = output
        self._directory = directory
        self._on_ready = on_ready
        self._healthy = {service.name: asyncio.Event() for service in services}
        self._stopping = asyncio.Event()
        self._prefix = _die_with_parent()

    async def run(self) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP; everything is stopped when this returns or raises.

        Raises:
            CannotGoOn: If a service does not start, or dies too often.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        keepers = {s.name: asyncio.create_task(self._keep(s), name=s.name) for s in self._services}
        others = [
            asyncio.create_task(self._announce()),
            stop := asyncio.create_task(self._stopping.wait()),
        ]
        try:
            # A keeper never returns: it is done only when it failed.
            await asyncio.wait({stop, *keepers.values()}, return_when=asyncio.FIRST_COMPLETED)
            failures = [task.exception() for task in keepers.values() if task.done()]
            self._output.announce("Stopping")
        finally:
            await self._stop_all(keepers)
            await _cancel(others)
        for failure in failures:
            if failure is not None:
                raise failure

    def stop(self) -> None:
        """Ask `run` to stop everything and return; asking again changes nothing."""
        self._stopping.set()

    async def _announce(self) -> None:
        for event in self._healthy.values():
            await event.wait()
        self._on_ready()

    async def _stop_all(self, keepers: dict[str, asyncio.Task[None]]) -> None:
        """Stop round by round: first those that nobody needs any more, Redis last."""
        remaining = {service.name: service for service in self._services}
        while remaining:
            needed = frozenset[str]().union(*(service.after for service in remaining.values()))
            # A circle of needs would be a mistake in the plan; it must not keep us from stopping.
            idle = remaining.keys() - needed or set(remaining)
            await _cancel([keepers[name] for name in idle])
            remaining = {name: s for name, s in remaining.items() if name not in idle}

    async def _keep(self, service: Service) -> None:
        for name in service.after:
            await self._healthy[name].wait()
        crashes: deque[float] = deque(maxlen=CRASHES_AT_MOST)
        while True:
            returncode, last_line = await self._run_once(service)
            how = f"{service.name} stopped ({_describe_exit(returncode)})"
            hint = f": {last_line}" if last_line else "."
            if not self._healthy[service.name].is_set():
                raise CannotGoOn(f"{how} while it was starting{hint}")
            now = time.monotonic()
            if len(crashes) == CRASHES_AT_MOST and now - crashes[0] < CRASH_WINDOW_S:
                raise CannotGoOn(
                    f"{how} for the {CRASHES_AT_MOST + 1}th time within a minute{hint}"
                )
            crashes.append(now)
            self._output.write(LAUNCHER, f"{how} and is started again{hint}")
            await asyncio.sleep(min(0.25 * 2 ** (len(crashes) - 1), LONGEST_PAUSE_S))

    async def _run_once(self, service: Service) -> tuple[int, str]:
        """Run a service until it ends; return its exit code and the last line that it wrote."""
        process = await asyncio.create_subprocess_exec(
            *self._prefix,
            *service.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(service.environment),
            cwd=self._directory,
            # Ctrl-C reaches the launcher alone, which then stops the services in order.
            start_new_session=True,
        )
        reader = asyncio.create_task(self._copy_lines(service, process.stdout))
        watch = asyncio.create_task(self._wait_until_healthy(service, process))
        try:
            ended = asyncio.create_task(process.wait())
            await asyncio.wait({watch, ended}, return_when=asyncio.FIRST_EXCEPTION)
            if not ended.done():
                watch.result()  # raises: it did not become healthy in time
            return await ended, await self._finish_reading(reader)
        finally:
            await _cancel([watch])
            if not await _end(process, service.stop_limit_s):
                limit = f"{service.stop_limit_s:.0f} s"
                self._output.write(
                    LAUNCHER, f"{service.name} did not stop within {limit} and was killed"
                )
            await _cancel([reader])

    async def _finish_reading(self, reader: asyncio.Task[str]) -> str:
        # A process that the service left behind may hold the pipe open for ever.
        done, _ = await asyncio.wait({reader}, timeout=1.0)
        return reader.result() if done else ""

    async def _copy_lines(self, service: Service, stream: asyncio.StreamReader | None) -> str:
        last, rest = "", b""
        while stream and (chunk := await stream.read(READ_BYTES)):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                if not service.is_quiet:
                    self._output.write(service.name, text)
                last = text or last
        return last

    async def _wait_until_healthy(
        self, service: Service, process: asyncio.subprocess.Process
    ) -> None:
        healthy = self._healthy[service.name]
        deadline = time.monotonic() + service.start_limit_s
        while not healthy.is_set() and process.returncode is None:
            if await service.is_healthy(process.pid):
                healthy.set()
            elif time.monotonic() > deadline:
                raise CannotGoOn(
                    f"{service.name} did not become healthy within {service.start_limit_s:.0f} s."
                )
            else:
                await asyncio.sleep(POLL_S)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _end(process: asyncio.subprocess.Process, limit_s: float) -> bool:
    """Stop a process and what it started; return whether it heeded SIGTERM within ``limit_s``."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), limit_s)
    stopped = process.returncode is not None
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()
    return stopped


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM when only zombies are left
        os.killpg(pid, number)


def _describe_exit(returncode: int) -> str:
    if returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"


def _die_with_parent() -> tuple[str, ...]:
    """Return the words before a command that make Linux stop it when the launcher is killed.

    Nothing like it exists on macOS: after a `kill -9` of the launcher, services go on there until
    somebody stops them, and the next start says which process has the port.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", "TERM")
    probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if probe.returncode == 0 else ()
