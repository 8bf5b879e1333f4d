"""The processes of a run: which are fit to take over, and what replaces those that are not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.support.processes import Process, until
from tests.support.system import System

SPARE_S = 90.0
"""How long a fault waits until another process of its kind is there to take over."""


@dataclass
class Fleet:
    """Workers and gateways that come and go."""

    system: System
    _unfit: list[Process] = field(default_factory=list)
    """Paused, or asked to stop: nothing to fall back on."""
    _repairs: set[asyncio.Task[None]] = field(default_factory=set)

    def addresses(self) -> list[str]:
        """Return the gateways that a load balancer would offer."""
        return [
            f"ws://127.0.0.1:{port}/v1/live"
            for process, port in self.system.gateways
            if self._is_fit(process)
        ]

    async def worker(self, pick: Callable[[int], int]) -> Process:
        """Return a worker to break, once there is another."""
        return await self._victim(pick, lambda: self.system.workers)

    async def gateway(self, pick: Callable[[int], int]) -> Process:
        """Return a gateway to break, once there is another."""
        return await self._victim(pick, lambda: [process for process, _ in self.system.gateways])

    def end(
        self,
        victim: Process,
        number: signal.Signals,
        after_s: float,
        start: Callable[[], Awaitable[object]],
    ) -> None:
        """End a process by a signal, and start another after a while."""
        self._unfit.append(victim)
        victim.signal(number)
        self._later(after_s, start)

    def pause(self, victim: Process, for_s: float) -> None:
        """Stop a process, and let it go on after a while."""

        async def go_on() -> None:
            if victim.is_running:
                victim.signal(signal.SIGCONT)
            self._unfit.remove(victim)

        self._unfit.append(victim)
        victim.signal(signal.SIGSTOP)
        self._later(for_s, go_on)

    async def repaired(self) -> None:
        """Wait until everything that is to be replaced has been."""
        while self._repairs:
            await asyncio.gather(*self._repairs)

    async def _victim(
        self, pick: Callable[[int], int], processes: Callable[[], list[Process]]
    ) -> Process:
        def fit() -> list[Process]:
            return [process for process in processes() if self._is_fit(process)]

        await until(lambda: len(fit()) > 1, "another process is there to take over", SPARE_S)
        found = fit()
        return found[pick(len(found))]

    def _is_fit(self, process: Process) -> bool:
        return process.is_running and not any(process is one for one in self._unfit)

    def _later(self, after_s: float, repair: Callable[[], Awaitable[object]]) -> None:
        async def run() -> None:
            await asyncio.sleep(after_s)
            await repair()

        task = asyncio.create_task(run())
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)
