"""Commands to Redis: those of one moment share one write, in their order.

One write for many commands costs the client a twentieth of awaiting each, and it keeps what a
gateway appends in the order in which the client sent it. Every command that goes through
here may be repeated without harm (explicit ids, fenced scripts, plain HSET), so when Redis is away
all that has no reply waits and is sent again, in order, for as long as `patience_s`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import structlog

from shared.backoff import full_jitter_s
from shared.bus.connect import (
    COMMAND_TIMEOUT_S,
    TRANSIENT,
    RedisError,
    heed_cancellation,
    open_client,
)
from shared.bus.connection import Arg, pack
from shared.bus.pipeline import Command, Pipeline, Script
from shared.bus.pubsub import Subscriptions
from shared.errors import BusError, BusOverloaded, BusUnavailable

__all__ = ["BLOCK_MS", "MAX_UNDER_WAY", "MAX_WAITING", "Arg", "Bus", "Script", "open_bus"]

GAP_S, MAX_GAP_S = 0.0015, 0.010
"""Shortest time between two writes of commands that nobody waits for, with few of them and with
many: each write wakes Redis, and whoever it sends something on to."""

GAP_PER_RATE_S = 1.4e-6
"""What each command a second adds to it: 1.5 ms up to 1 000 a second, which are 20 sessions at
their gateway; 10 ms from 7 000 on."""

MEMORY = 0.1
"""What one write adds to the rate that is remembered."""

MAX_UNDER_WAY = 1_024
"""Commands without a reply, on one connection."""

MAX_WAITING = 20_000
"""Commands that may wait while Redis is away; 300 sessions fill it in 1.3 s, then each is told."""

BLOCK_MS = 1_000
"""Longest blocking read; short enough that shutting down never waits long."""

log = structlog.get_logger()

_READ_FAILED: tuple[type[Exception], ...] = (*TRANSIENT, RuntimeError)
"""The last is uvloop's word for a socket that closed meanwhile."""

_Shape = Callable[[Any], Any]
Then = Callable[[Any], None]
"""Takes a reply, or a `BusError`."""


class Bus:
    """One process's way to Redis: commands, blocking reads and subscriptions."""

    def __init__(self, url: str, *, name: str, readers: int, patience_s: float) -> None:
        self._client = open_client(url, name=name, max_connections=4, timeout_s=COMMAND_TIMEOUT_S)
        self._shapes: dict[Any, _Shape] = dict(self._client.response_callbacks)
        self._blocking = open_client(
            url,
            name=f"{name}-read",
            max_connections=readers,
            timeout_s=BLOCK_MS / 1000 + COMMAND_TIMEOUT_S,
        )
        self.subscriptions = Subscriptions(
            open_client(url, name=f"{name}-sub", max_connections=2, timeout_s=COMMAND_TIMEOUT_S)
        )
        self._patience_s = patience_s
        self._waiting: deque[Command] = deque()
        self._pipeline: Pipeline | None = None
        self._needed = asyncio.Event()
        """There is something to send, and no connection."""
        self._writing: asyncio.Handle | None = None
        self._is_urgent = False
        """What is to be written next is awaited by somebody."""
        self._wrote_s = 0.0
        self._per_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self.away_since: float | None = None
        """Monotonic time at which Redis stopped answering; None while it answers."""

    async def __aenter__(self) -> Bus:
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._connect_forever(), name="bus-connect"),
            asyncio.create_task(self.subscriptions.run(), name="bus-subscriptions"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pipeline is not None:
            self._pipeline.close()
        if self._writing is not None:
            self._writing.cancel()
        for command in self._waiting:
            command.cancel()
        await self.subscriptions.close()
        await self._client.aclose()
        await self._blocking.aclose()

    async def ping(self) -> bool:
        """Tell whether Redis answers now, without waiting for it to come back."""
        try:
            await self._client.ping()
        except TRANSIENT:
            return False
        return True

    def send(self, *args: Arg) -> asyncio.Future[Any]:
        """Queue a command and return its reply as a future.

        Commands are carried out in the order of the calls. The command may be sent more than once,
        so it must be one that does no harm when repeated.

        Raises:
            TypeError: If an argument is of another type than `Arg`.

        Raises (from the future):
            BusUnavailable: If Redis stays away longer than ``patience_s``.
            BusOverloaded: If too many commands wait already.
            BusError: If Redis refuses the command; the text is Redis' own.
        """
        return self._await(pack(args), self._shapes.get(args[0]))

    def run(self, script: Script, keys: Sequence[str], *args: Arg) -> asyncio.Future[Any]:
        """Queue a script, as `send` does; all ``keys`` must lie in one slot."""
        return self._await(_call(script, keys, args), None, script)

    def post(self, *args: Arg, then: Then | None = None) -> None:
        """Queue a command whose reply nobody waits for; otherwise as `send`.

        It may wait for others for a moment, and so may its reply, which ``then`` is called with.
        """
        self._queue(Command(pack(args), then, is_patient=True))

    def post_run(
        self, script: Script, keys: Sequence[str], *args: Arg, then: Then | None = None
    ) -> None:
        """Queue a script, as `post` does."""
        self._queue(Command(_call(script, keys, args), then, is_patient=True, script=script))

    async def read(self, *args: Arg) -> Any:
        """Carry out one blocking read (XREAD, XREADGROUP with ``BLOCK BLOCK_MS``) by itself.

        Raises:
            BusUnavailable: At once, if Redis does not answer; the caller decides when to try again.
        """
        try:
            reply = await self._blocking.execute_command(*args)  # type: ignore[no-untyped-call]
        except _READ_FAILED as exc:
            raise BusUnavailable(0.0, type(exc).__name__) from exc
        except RedisError as exc:
            raise BusError(str(exc)) from exc
        heed_cancellation()
        return reply

    def _await(
        self, packed: bytes, shape: _Shape | None, script: Script | None = None
    ) -> asyncio.Future[Any]:
        reply: asyncio.Future[Any] = self._loop.create_future()

        def answer(answered: Any) -> None:
            if reply.done():
                return
            if isinstance(answered, Exception):
                reply.set_exception(answered)
                return
            try:
                reply.set_result(shape(answered) if shape else answered)
            except (LookupError, TypeError, ValueError) as exc:
                reply.set_exception(BusError(f"a reply of another shape than known: {exc!r}"))

        self._queue(Command(packed, answer, script=script, cancel=reply.cancel))
        return reply

    def _queue(self, command: Command) -> None:
        under_way = 0 if self._pipeline is None else len(self._pipeline)
        # What nobody asks for may be one more: what is published beside an append goes with it.
        if under_way + len(self._waiting) >= MAX_WAITING + (command.then is None):
            command.answer(BusOverloaded())
            return
        self._waiting.append(command)
        self._write_soon(is_urgent=not command.is_patient)

    def _write_soon(self, *, is_urgent: bool) -> None:
        if self._writing is not None:
            if self._is_urgent or not is_urgent:
                return
            self._writing.cancel()
            self._writing = None
        if self._pipeline is None:
            self._needed.set()
            return
        self._is_urgent = is_urgent
        gap_s = min(MAX_GAP_S, max(GAP_S, self._per_s * GAP_PER_RATE_S))
        wait_s = 0.0 if is_urgent else self._wrote_s + gap_s - self._loop.time()
        # In the loop's next turn at the earliest, so that all commands of this one come together.
        if wait_s <= 0:
            self._writing = self._loop.call_soon(self._write)
        else:
            self._writing = self._loop.call_later(wait_s, self._write)

    def _write(self) -> None:
        self._writing, self._is_urgent = None, False
        pipeline, waiting = self._pipeline, self._waiting
        if pipeline is None:
            if waiting:
                self._needed.set()
            return
        batch = [waiting.popleft() for _ in range(min(len(waiting), MAX_UNDER_WAY - len(pipeline)))]
        if not batch:
            return
        now_s = self._loop.time()
        rate = len(batch) / max(now_s - self._wrote_s, GAP_S)
        self._per_s += MEMORY * (rate - self._per_s)
        self._wrote_s = now_s
        pipeline.write(batch)

    def _relieved(self) -> None:
        """Replies have come, and with them room for more commands."""
        if self._waiting:
            self._write_soon(is_urgent=any(not one.is_patient for one in self._waiting))

    def _lost(self, pipeline: Pipeline) -> None:
        """What has no reply is sent again, before all that came later."""
        self._waiting.extendleft(reversed(pipeline.take_back()))
        if pipeline is self._pipeline:
            self._pipeline = None
        if self._waiting:
            self._needed.set()

    async def _connect_forever(self) -> None:
        while True:
            await self._needed.wait()
            self._needed.clear()
            if self._pipeline is not None:
                continue
            try:
                await self._connect()
            except asyncio.CancelledError:
                raise
            except Exception as exc:
                # A fault of ours in these commands must not silence all that come after.
                log.exception("commands failed in an unforeseen way")
                self._fail_all(BusError(f"{type(exc).__name__}: {exc}"))

    async def _connect(self) -> None:
        """Connect and send what waits, until something is answered or patience ends."""
        started, attempt = monotonic(), 0
        while self._waiting:
            cause = await self._try_once()
            if cause is None:
                if self.away_since is not None:
                    log.info("redis answers again", away_s=round(monotonic() - self.away_since, 1))
                    self.away_since = None
                return
            self.away_since = self.away_since or started
            waited_s = monotonic() - started
            if waited_s >= self._patience_s:
                # All that wait: were some carried out once Redis is back, what fails here would be
                # a hole in the middle of somebody's stream.
                self._fail_all(BusUnavailable(waited_s, type(cause).__name__))
                return
            if attempt == 0:
                log.warning("redis does not answer", cause=type(cause).__name__)
            await asyncio.sleep(full_jitter_s(attempt, base_s=0.05, cap_s=0.5))
            attempt += 1

    async def _try_once(self) -> Exception | None:
        """Open a connection and send what waits; return why if nothing of it was answered."""
        try:
            pipeline = await Pipeline.open(self._client, self._lost, self._relieved)
        except TRANSIENT as exc:
            return exc
        self._pipeline = pipeline
        self._write()
        await pipeline.proven.wait()
        return None if pipeline.has_answered else pipeline.error

    def _fail_all(self, error: BusError) -> None:
        failed, self._waiting = self._waiting, deque()
        for command in failed:
            command.answer(error)


def _call(script: Script, keys: Sequence[str], args: Sequence[Arg]) -> bytes:
    return pack(("EVALSHA", script.sha, len(keys), *keys, *args))


def open_bus(url: str, *, name: str, readers: int = 8, patience_s: float = 15.0) -> Bus:
    """Return a bus to enter with ``async with``; it connects on first use.

    Args:
        url: As in `shared.bus.connect.open_client`.
        name: Shown by ``CLIENT LIST``, for whoever watches Redis.
        readers: Blocking reads at the same time, at most.
        patience_s: How long a command waits for a Redis that is away.
    """
    return Bus(url, name=name, readers=readers, patience_s=patience_s)
