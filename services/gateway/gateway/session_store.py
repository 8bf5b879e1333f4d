"""A client's session in Redis, as the gateway sees it: create, come back, append, keep alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

from shared import keys, limits
from shared.bus import Bus, Script, Then
from shared.bus.commands import Arg
from shared.bus_messages import HistoryTurn
from shared.codec import BELL, HEADER_BYTES, START, Header, Kind, StreamId, encode
from shared.errors import BusError, SessionGone, Superseded
from shared.history import fold
from shared.keys import SessionKeys
from shared.options import SessionOptions

_CREATE, _ATTACH, _TOUCH = Script("create"), Script("attach"), Script("touch")
_CANCEL, _FORGET = Script("cancel"), Script("forget")

FORGET_ENTRIES = 200
"""Entries of `down` that are looked at each time, most of them speech of 5 KB."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A connection's hold on a session: everything that it appends carries ``epoch``."""

    session_id: str
    user: str
    epoch: int
    last_seq: int = 0
    last_picture: int = 0
    state: str = "queued"
    away_ms: float = 0.0
    keys: SessionKeys = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", SessionKeys.of(self.session_id))


@dataclass(frozen=True, slots=True)
class Pulse:
    """What `SessionStore.touch` learned."""

    status: str
    newest_down: StreamId


class SessionStore:
    """The gateway's half of the Redis schema (docs/redis.md)."""

    def __init__(self, bus: Bus, gateway_id: str) -> None:
        self._bus, self._gateway_id = bus, gateway_id

    async def create(self, user: str, options: SessionOptions, door: str) -> Attachment:
        """Make a new session and put it in line for a worker.

        Raises:
            BusUnavailable: If Redis does not answer.
        """
        held = Attachment(keys.new_session_id(), user, epoch=1)
        fields = {
            "user": user,
            "options": options.model_dump_json(),
            "door": door,
            "gateway": self._gateway_id,
        }
        await self._bus.run(
            _CREATE,
            [held.keys.session, held.keys.up, held.keys.frames],
            limits.SESSION_TTL_S,
            _marker(held.epoch),
            *[item for pair in fields.items() for item in pair],
        )
        now_ms = int(time() * 1000)
        long_ago_ms = now_ms - limits.SESSION_TTL_S * 1000
        await asyncio.gather(
            self._bus.send("ZREMRANGEBYSCORE", keys.SESSIONS, "-inf", long_ago_ms),
            self._bus.send("ZADD", keys.SESSIONS, now_ms, held.session_id),
            self._bus.send(*_place_in_line(held)),
        )
        return held

    def wake(self, held: Attachment) -> None:
        """Put a parked session in line for a worker again."""
        self._bus.post(*_place_in_line(held))

    async def cancel(self, held: Attachment) -> bool:
        """End a session that no worker has; tell whether it could be done."""
        names = held.keys
        done = await self._bus.run(
            _CANCEL,
            [names.session, names.up, names.frames, names.down, names.history],
            limits.TOMBSTONE_S,
        )
        if done:
            await self._bus.send("ZREM", keys.SESSIONS, held.session_id)
        return bool(done)

    async def attach(self, session_id: str, user: str, token_epoch: int) -> Attachment | None:
        """Take a session over for a client that comes back; None if it may not.

        From the moment of the reply the client's old connection can append nothing.

        Raises:
            BusUnavailable: If Redis does not answer.
        """
        names = SessionKeys.of(session_id)
        reply = await self._bus.run(
            _ATTACH,
            [names.session, names.up, names.frames, names.said, names.live],
            *(user, token_epoch, self._gateway_id, _marker(0), BELL),
        )
        if not reply:
            return None
        epoch, last_seq, last_picture, state, away_ms = reply
        return Attachment(
            session_id, user, epoch, last_seq, last_picture, state.decode(), float(away_ms)
        )

    def append(self, held: Attachment, seq: int, entry: bytes, then: Then) -> None:
        """Append control; ``then`` is told None if the session is over, and errors of the bus."""
        self._append_up(held, seq, entry, then)
        self._ring(held, entry)

    def append_speech(self, held: Attachment, seq: int, entry: bytes, then: Then) -> None:
        """Append speech, as `append` does; the worker need not read it, it is told all of it."""
        self._append_up(held, seq, entry, then)
        self._bus.post("PUBLISH", held.keys.said, entry)

    def append_picture(self, held: Attachment, seq: int, entry: bytes, then: Then) -> None:
        """Append a picture, pushing out all but the newest; ``then`` is as in `append`."""
        self._bus.post(
            *("XADD", held.keys.frames, "NOMKSTREAM", "MAXLEN", limits.FRAMES_MAX_ENTRIES),
            *(f"{held.epoch}-{seq}", "m", entry),
            then=then,
        )
        self._ring(held, entry)

    def _append_up(self, held: Attachment, seq: int, entry: bytes, then: Then) -> None:
        # A client's chunks are alike, so the size of this one tells how many are two minutes.
        room = min(limits.UP_MAX_ENTRIES, limits.UP_MAX_BYTES // len(entry))
        self._bus.post(
            *("XADD", held.keys.up, "NOMKSTREAM", "MAXLEN", "~", room),
            *(f"{held.epoch}-{seq}", "m", entry),
            then=then,
        )

    def _ring(self, held: Attachment, entry: bytes) -> None:
        """Ring for the worker that holds the session; in the same write, behind the append."""
        self._bus.post("PUBLISH", held.keys.said, entry[:HEADER_BYTES])

    async def why_refused(self, held: Attachment, stream: str, refusal: BusError) -> None:
        """Find out why an append was refused; return if the entry was simply there already.

        Redis says "equal or smaller" both to a repeated command whose first reply was lost and to
        a connection that was taken over; the newest id tells them apart.

        Raises:
            Superseded: If a newer connection holds the session.
            SessionGone: If the session is over.
            BusError: The refusal itself, if it was about something else.
        """
        if "equal or smaller" not in str(refusal):
            raise refusal
        newest = await self._bus.send("XREVRANGE", stream, "+", "-", "COUNT", 1)
        if not newest:
            raise SessionGone(held.session_id)
        if StreamId.parse(newest[0][0]).epoch > held.epoch:
            raise Superseded(held.session_id)

    def touch(self, held: Attachment, then: Callable[[Pulse | BusError], None]) -> None:
        """Keep the session alive; tell its status and the newest id that the worker has written."""
        names = held.keys

        def take(reply: Any) -> None:
            if not isinstance(reply, BusError):
                status, newest = reply
                reply = Pulse(status.decode(), StreamId.parse(newest) if newest else START)
            then(reply)

        self._bus.post_run(
            _TOUCH,
            [names.session, names.up, names.frames, names.down, names.history],
            held.epoch,
            limits.SESSION_TTL_S,
            then=take,
        )
        self._bus.post("ZADD", keys.SESSIONS, "XX", int(time() * 1000), held.session_id)

    async def state(self, held: Attachment) -> tuple[str, str | None]:
        """Return the session's state and model as its hash has them."""
        state, model = await self._bus.send("HMGET", held.keys.session, "state", "model")
        return (state or b"ended").decode(), model.decode() if model else None

    async def down_after(
        self, held: Attachment, after: StreamId, count: int
    ) -> list[tuple[StreamId, bytes]]:
        """Return up to ``count`` entries of what the worker said after ``after``."""
        entries = await self._bus.send("XRANGE", held.keys.down, f"({after}", "+", "COUNT", count)
        return [(StreamId.parse(entry_id), fields[b"m"]) for entry_id, fields in entries]

    def forget(
        self,
        held: Attachment,
        after: StreamId,
        until: StreamId,
        then: Callable[[StreamId], None],
    ) -> None:
        """Delete what the client has of what the worker said, up to ``until``.

        Speech alone of the turn that is on, everything of those that are finished. What was said
        up to ``after`` was looked at before. ``then`` is told up to where it was done; it is told
        nothing if Redis is away, or another connection has the session.
        """

        def take(reply: Any) -> None:
            if reply and not isinstance(reply, BusError):
                then(StreamId.parse(reply))

        self._bus.post_run(
            _FORGET,
            [held.keys.session, held.keys.down, held.keys.history],
            *(held.epoch, str(after), str(until), int(Kind.ASSISTANT_AUDIO), FORGET_ENTRIES),
            then=take,
        )

    async def newest_down(self, held: Attachment) -> StreamId:
        """Return the id of the newest thing the worker said, or `START`."""
        newest = await self._bus.send("XREVRANGE", held.keys.down, "+", "-", "COUNT", 1)
        return StreamId.parse(newest[0][0]) if newest else START

    async def history(self, held: Attachment) -> tuple[list[HistoryTurn], StreamId]:
        """Return the finished turns, and the id of the entry on `down` that finished the last."""
        entries = await self._bus.send("XRANGE", held.keys.history, "-", "+")
        return fold((entry_id, fields[b"m"]) for entry_id, fields in entries)


def _place_in_line(held: Attachment) -> tuple[Arg, ...]:
    """Return the command; an entry too many is dropped by the worker that comes to it."""
    return (
        *("XADD", keys.DISPATCH, "MAXLEN", "~", limits.DISPATCH_MAX_ENTRIES, "*"),
        *("session", held.session_id),
    )


def _marker(epoch: int) -> bytes:
    """Return the entry that opens a connection epoch; readers pass over it."""
    return encode(Header(Kind.CONTROL, epoch, 0, time() * 1000), b"{}")
