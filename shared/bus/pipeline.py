"""Commands under way on one connection: written as they come, answered in their order.

A reply costs its process a wake-up, as much as the command itself. Where nobody waits for it, it
stays in the socket for up to `LOOK_S` and is read together with those that came meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

import structlog

from shared.bus.connect import COMMAND_TIMEOUT_S, TRANSIENT, Client
from shared.bus.connection import Connection, open_connection, pack
from shared.errors import BusError

LOOK_S = 0.02
"""Longest time for which a reply that nobody waits for stays unread."""

_READY = (pack(("PING",)), pack(("ROLE",)))

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


def _nobody() -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Command:
    """A packed command, and who is told of its reply."""

    packed: bytes
    then: Callable[[Any], None] | None = None
    """Called with the reply; with a `BusError` if there is none, or Redis refuses the command."""
    is_patient: bool = False
    """Nobody waits for the reply."""
    script: Script | None = None
    cancel: Callable[[], object] = _nobody
    """Called if the process leaves before there is a reply."""

    def answer(self, reply: Any) -> None:
        """Tell whoever wants to know; a fault of theirs is not for the connection to bear."""
        if self.then is None:
            return
        try:
            self.then(reply)
        except Exception:
            log.exception("a reply was not taken")


class Pipeline:
    """The commands of one connection, from writing to reply."""

    _connection: Connection

    def __init__(self, lost: Callable[[Pipeline], None], relieved: Callable[[], None]) -> None:
        """Prepare a pipeline; `open` opens it.

        Args:
            lost: Called once, when the connection is over.
            relieved: Called when replies have come: more commands may be written.
        """
        self._tell_lost, self._tell_relieved = lost, relieved
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[Command] = deque()
        self._awaited = 0
        """Of those, the ones whose reply somebody waits for."""
        self._known: set[Script] = set()
        self._progress_s = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._watching: asyncio.TimerHandle | None = None
        self.proven = asyncio.Event()
        """Set with the first reply to a command, or with the end."""
        self.has_answered = False
        self.error: Exception | None = None
        """Why it is over."""

    @classmethod
    async def open(
        cls, client: Client, lost: Callable[[Pipeline], None], relieved: Callable[[], None]
    ) -> Pipeline:
        """Open a connection as ``client`` would, to a Redis that is ready.

        Raises:
            TRANSIENT (shared.bus.connect): If Redis cannot be reached, does not let us in, is still
                loading its file, or is a replica.
        """
        pipeline = cls(lost, relieved)
        ready = _Readiness()
        connection = await open_connection(client, ready.take, ready.fail)
        await ready.of(connection)
        pipeline._connection = connection
        connection.hand_to(pipeline._take_all, pipeline._lost)
        return pipeline

    @property
    def is_open(self) -> bool:
        """Tell whether commands may be written."""
        return self.error is None

    def __len__(self) -> int:
        return len(self._under_way)

    def write(self, commands: Sequence[Command]) -> None:
        """Send commands, at once and in this order; scripts are loaded before their first call."""
        if not self._under_way:
            self._progress_s = self._loop.time()
            if self._watching is None:
                self._watch()
        packed: list[bytes] = []
        for command in commands:
            if command.script is not None and command.script not in self._known:
                packed.append(pack(("SCRIPT", "LOAD", command.script.source)))
                self._under_way.append(_LOAD)
                self._known.add(command.script)
            packed.append(command.packed)
            self._under_way.append(command)
            self._awaited += not command.is_patient
        self._connection.write(packed)
        if self._awaited:
            self._look()
        elif self._looking is None:
            self._connection.pause_reading()
            self._looking = self._loop.call_later(LOOK_S, self._look)

    def take_back(self) -> list[Command]:
        """Return what has no reply, once the pipeline is over."""
        commands = [command for command in self._under_way if command is not _LOAD]
        self._under_way.clear()
        return commands

    def close(self, cause: Exception | None = None) -> None:
        """End the connection."""
        self._connection.close(cause)

    def _look(self) -> None:
        """Read replies from now on, until the next command that nobody waits for."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
            if self.is_open:
                self._connection.resume_reading()

    def _watch(self) -> None:
        """Give up a connection on which nothing has been answered for too long."""
        self._watching = None
        if not self._under_way:
            return
        left_s = self._progress_s + COMMAND_TIMEOUT_S - self._loop.time()
        if left_s <= 0:
            self.close(TimeoutError("no reply in time"))
        else:
            self._watching = self._loop.call_later(left_s, self._watch)

    def _take_all(self, replies: list[Any]) -> None:
        self._progress_s = self._loop.time()
        for reply in replies:
            if isinstance(reply, Exception) and _is_about_server(reply):
                # Whoever answers this is no master, or not yet, or has forgotten our scripts. This
                # command and all behind it are sent again, on a connection that is made sure of.
                self.close(reply)
                return
            command = self._under_way.popleft()
            self._awaited -= not command.is_patient
            if not self.has_answered and command is not _LOAD:
                self.has_answered = True
                self.proven.set()
            command.answer(BusError(str(reply)) if isinstance(reply, Exception) else reply)
        self._tell_relieved()

    def _lost(self, error: Exception) -> None:
        self.error = error
        for timer in (self._looking, self._watching):
            if timer is not None:
                timer.cancel()
        self.proven.set()
        self._tell_lost(self)


class _Readiness:
    """Asks a new connection whether Redis is ready.

    Redis may get ready in the middle of what it is sent. Then it refuses the first commands and
    carries the later ones out; and what is appended again after them counts as there already, and
    is lost.
    """

    def __init__(self) -> None:
        self._replies: list[Any] = []
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, replies: list[Any]) -> None:
        """Take replies."""
        self._replies += replies
        if len(self._replies) >= len(_READY) and not self._complete.done():
            self._complete.set_result(None)

    def fail(self, error: Exception) -> None:
        """The connection is over."""
        if not self._complete.done():
            self._complete.set_exception(error)

    async def of(self, connection: Connection) -> None:
        """Raise if Redis is still loading its file, or is a replica."""
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                connection.write(_READY)
                await self._complete
            self._judge(*self._replies)
        except BaseException:
            self._complete.cancel()
            connection.close()
            raise

    @staticmethod
    def _judge(pong: Any, role: Any) -> None:
        if isinstance(role, list) and role[0] != b"master":
            raise ConnectionError("not the master, or not yet")
        # Where the operator's rules forbid the question it is answered by the first commands.
        for reply in (pong, role):
            if isinstance(reply, TRANSIENT):
                raise reply


_LOAD = Command(b"", is_patient=True)
"""Stands for loading a script; nobody asks for its reply."""


def _is_about_server(reply: Exception) -> bool:
    return isinstance(reply, TRANSIENT) or str(reply).startswith("NOSCRIPT")
