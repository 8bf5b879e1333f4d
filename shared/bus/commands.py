"""Commands to Redis: those of one turn of the event loop share one round trip, in their order.

One write per turn costs the client a twentieth of awaiting each command, and it keeps what a
gateway appends in the order in which the client sent it. Every command that goes through
here may be repeated without harm (explicit ids, fenced scripts, plain HSET), so when Redis is away
the whole batch waits and is sent again, in order, for as long as `patience_s`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from time import monotonic
from typing import Any

import structlog

from shared.backoff import full_jitter_s
from shared.bus.connect import (
    COMMAND_TIMEOUT_S,
    TRANSIENT,
    RedisError,
    ResponseError,
    heed_cancellation,
    open_client,
)
from shared.bus.connection import Arg, Exchange, pack
from shared.bus.pubsub import Subscriptions
from shared.errors import BusError, BusOverloaded, BusUnavailable
from shared.token_bucket import TokenBucket

__all__ = ["BLOCK_MS", "MAX_BATCH", "MAX_WAITING", "Arg", "Bus", "Script", "open_bus"]

MAX_BATCH = 256
"""Commands per round trip; with 60 KB pictures among them about 1 MB."""

BATCHES_PER_S, BATCHES_BURST = 600.0, 60.0
"""Round trips: each costs the process and Redis a wake-up, two system calls and a timer, whatever
is in it. Beyond this pace a command waits up to 2 ms for company; twenty sessions do not get there.
"""

MAX_WAITING = 20_000
"""Commands that may wait while Redis is away; 300 sessions fill it in 2.5 s, then each is told."""

BLOCK_MS = 1_000
"""Longest blocking read; short enough that shutting down never waits long."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Script:
    """A Lua script from shared/lua; its header documents keys, arguments and reply."""

    name: str

    @cached_property
    def source(self) -> str:
        """The script's text."""
        return resources.files("shared").joinpath("lua", f"{self.name}.lua").read_text("utf-8")

    @cached_property
    def sha(self) -> str:
        """SHA-1 of the text, by which Redis caches it."""
        return hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()


_Shape = Callable[[Any], Any]


@dataclass(slots=True)
class _Waiting:
    packed: bytes
    reply: asyncio.Future[Any] | None
    """None where nobody asks."""
    shape: _Shape | None = None
    """Makes of a reply what redis-py would have returned."""
    script: Script | None = None


class Bus:
    """One process's way to Redis: batched commands, blocking reads and subscriptions."""

    def __init__(self, url: str, *, name: str, readers: int, patience_s: float) -> None:
        self._client = open_client(url, name=name, max_connections=4, timeout_s=COMMAND_TIMEOUT_S)
        self._shapes: dict[Any, _Shape] = dict(self._client.response_callbacks)
        self._exchange: Exchange | None = None
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
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._pace = TokenBucket(BATCHES_PER_S, BATCHES_BURST)
        self._tasks: list[asyncio.Task[None]] = []
        self.away_since: float | None = None
        """Monotonic time at which Redis stopped answering; None while it answers."""

    async def __aenter__(self) -> Bus:
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._send_forever(), name="bus-send"),
            asyncio.create_task(self.subscriptions.run(), name="bus-subscriptions"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _cancel(self._waiting)
        self._hang_up()
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
        return self._queue(pack(args), self._shapes.get(args[0]))

    def post(self, *args: Arg) -> None:
        """Queue a command whose reply nobody needs, such as PUBLISH; otherwise as `send`."""
        # One more than `send` may queue: what is published beside an append goes with it or not.
        if len(self._waiting) <= MAX_WAITING:
            self._waiting.append(_Waiting(pack(args), None))
            self._wake.set()

    def run(self, script: Script, keys: Sequence[str], *args: Arg) -> asyncio.Future[Any]:
        """Queue a script, as `send` does; all ``keys`` must lie in one slot."""
        packed = pack(("EVALSHA", script.sha, len(keys), *keys, *args))
        return self._queue(packed, None, script)

    async def read(self, *args: Arg) -> Any:
        """Carry out one blocking read (XREAD, XREADGROUP with ``BLOCK BLOCK_MS``) by itself.

        Raises:
            BusUnavailable: At once, if Redis does not answer; the caller decides when to try again.
        """
        try:
            reply = await self._blocking.execute_command(*args)  # type: ignore[no-untyped-call]
        except TRANSIENT as exc:
            raise BusUnavailable(0.0, type(exc).__name__) from exc
        except RedisError as exc:
            raise BusError(str(exc)) from exc
        heed_cancellation()
        return reply

    def _queue(
        self, packed: bytes, shape: _Shape | None, script: Script | None = None
    ) -> asyncio.Future[Any]:
        reply: asyncio.Future[Any] = self._loop.create_future()
        if len(self._waiting) >= MAX_WAITING:
            reply.set_exception(BusOverloaded())
        else:
            self._waiting.append(_Waiting(packed, reply, shape, script))
            self._wake.set()
        return reply

    async def _send_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
                try:
                    await self._deliver(batch)
                except asyncio.CancelledError:
                    _cancel(batch)
                    raise
                except Exception as exc:
                    # A fault of ours in this batch must not silence all that come after.
                    log.exception("commands failed in an unforeseen way")
                    _fail(batch, BusError(f"{type(exc).__name__}: {exc}"))
                self._pace.spend(1, monotonic())
                if len(self._waiting) < MAX_BATCH and (wait_s := self._pace.wait_s(1, monotonic())):
                    await asyncio.sleep(wait_s)

    async def _deliver(self, batch: list[_Waiting]) -> None:
        """Send a batch until it is answered or patience ends; answer every future in it."""
        started, attempt = monotonic(), 0
        while batch:
            try:
                batch = await self._attempt(batch)
            except TRANSIENT as exc:
                self.away_since = self.away_since or started
                waited_s = monotonic() - started
                if waited_s >= self._patience_s:
                    # With all that wait behind: were they carried out once Redis is back, what
                    # fails here would be a hole in the middle of somebody's stream.
                    batch += self._waiting
                    self._waiting.clear()
                    _fail(batch, BusUnavailable(waited_s, type(exc).__name__))
                    return
                if attempt == 0:
                    log.warning("redis does not answer", cause=type(exc).__name__)
                await asyncio.sleep(full_jitter_s(attempt, base_s=0.05, cap_s=0.5))
                attempt += 1
            else:
                if self.away_since is not None:
                    log.info("redis answers again", away_s=round(monotonic() - self.away_since, 1))
                    self.away_since = None

    async def _attempt(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Send a batch once; return what must be sent again, in order.

        A script that Redis does not know (it was restarted) is loaded and sent again. All of a
        script's calls in the batch fail alike, so their order among themselves is kept.
        """
        if self._exchange is None or not self._exchange.is_open:
            self._exchange = await Exchange.open(self._client)
        replies = await self._exchange.carry_out([w.packed for w in batch], COMMAND_TIMEOUT_S)
        for reply in replies:
            if isinstance(reply, TRANSIENT):
                # Whoever answers this is no master, or not yet: ask again where to connect.
                self._hang_up()
                raise reply
        again: list[_Waiting] = []
        for waiting, reply in zip(batch, replies, strict=True):
            if waiting.script is not None and _is_unknown_script(reply):
                again.append(waiting)
            else:
                _answer(waiting, reply)
        for script in {w.script for w in again if w.script is not None}:
            await self._client.script_load(script.source)
        return again

    def _hang_up(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None


def _is_unknown_script(reply: object) -> bool:
    return isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT")


def _answer(waiting: _Waiting, reply: Any) -> None:
    if waiting.reply is None or waiting.reply.done():
        return
    if isinstance(reply, Exception):
        waiting.reply.set_exception(BusError(str(reply)))
    else:
        waiting.reply.set_result(waiting.shape(reply) if waiting.shape else reply)


def _fail(batch: list[_Waiting], error: BusError) -> None:
    for waiting in batch:
        if waiting.reply is not None and not waiting.reply.done():
            waiting.reply.set_exception(error)


def _cancel(batch: Iterable[_Waiting]) -> None:
    for waiting in batch:
        if waiting.reply is not None:
            waiting.reply.cancel()


def open_bus(url: str, *, name: str, readers: int = 8, patience_s: float = 15.0) -> Bus:
    """Return a bus to enter with ``async with``; it connects on first use.

    Args:
        url: As in `shared.bus.connect.open_client`.
        name: Shown by ``CLIENT LIST``, for whoever watches Redis.
        readers: Blocking reads at the same time, at most.
        patience_s: How long a command waits for a Redis that is away.
    """
    return Bus(url, name=name, readers=readers, patience_s=patience_s)
