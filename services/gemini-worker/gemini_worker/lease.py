"""A session that this worker owns, and the only way in which it writes to it.

Which worker may write is settled by the lease epoch, not by the clock: every claim raises it, and
Redis refuses what carries an older one (docs/decisions/0001-lease.md).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.turn import Output, Said, Speech
from shared import keys, limits
from shared.bus import Bus, Script
from shared.bus.commands import Arg
from shared.bus_messages import DownlinkMessage, EndReason, HistoryTurn, State
from shared.codec import Header, Kind, StreamId, decode, encode
from shared.errors import BusError, Fenced, OvershoulderError, SessionGone
from shared.history import fold
from shared.keys import SessionKeys

log = structlog.get_logger()

_CLAIM, _PUBLISH, _CHECKPOINT = Script("claim"), Script("publish"), Script("checkpoint")
_FINISH, _HANDOVER, _FORGIVE = Script("finish"), Script("handover"), Script("forgive")
_PARK = Script("park")

MAX_ON_WAY = 100
"""Messages on their way to Redis; 10 s of speech. Then the model is not listened to."""

TAIL_ENTRIES = 50
"""How far back a new owner looks for the turn that its predecessor was in."""

_ENDS = (b'{"type":"turn_end"', b'{"type":"interrupted"')


@dataclass(slots=True)
class Lease:
    """A session that this worker owns, and the only way in which it writes to it."""

    bus: Bus
    entry: Entry
    epoch: int
    is_takeover: bool
    fields: dict[str, str]
    """The session's hash as it stood at the claim."""
    keys: SessionKeys = field(init=False)
    lost: OvershoulderError | None = None
    """Why something that was said is not stored; the lease is of no use any more."""
    _seq: int = 0
    _on_way: int = 0
    """What was said and is not answered yet."""
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.keys = SessionKeys.of(self.entry.session_id)

    @property
    def is_crowded(self) -> bool:
        """Tell whether so much is on its way to Redis that the next should wait: `settled`."""
        return self._on_way >= MAX_ON_WAY

    def say(self, output: Output) -> None:
        """Say something to the client: store it and publish it, in the order of the calls.

        What becomes of it shows in `lost`; a lease that is lost publishes nothing more.
        """
        self._on_way += 1
        keys, args = self._publication(output)
        self.bus.post_run(_PUBLISH, keys, *args, then=self._said)

    async def settled(self) -> None:
        """Wait until what was said is stored, or refused."""
        while self._on_way and self.lost is None:
            self._settled.clear()
            await self._settled.wait()

    async def publish(self, output: Output) -> None:
        """Say something, and wait until it is stored.

        Raises:
            Fenced: If another worker owns the session by now; nothing was written.
            SessionGone: If the session's keys are gone.
            BusUnavailable: If Redis stays away.
        """
        keys, args = self._publication(output)
        error = self._verdict(await self.bus.run(_PUBLISH, keys, *args))
        if error is not None:
            raise error

    def _publication(self, output: Output) -> tuple[list[str], list[Arg]]:
        self._seq += 1
        frame, remember = self._encode(output)
        return [self.keys.down, self.keys.live, self.keys.history], [
            f"{self.epoch}-{self._seq}",
            frame,
            min(limits.DOWN_MAX_ENTRIES, limits.DOWN_MAX_BYTES // len(frame)),
            remember.model_dump_json() if remember else "",
            limits.HISTORY_MAX_ENTRIES,
        ]

    def _said(self, reply: Any) -> None:
        self._on_way -= 1
        self._settled.set()
        if self.lost is None:
            self.lost = reply if isinstance(reply, BusError) else self._verdict(reply)

    def _verdict(self, status: Any) -> OvershoulderError | None:
        if status == b"fenced":
            return Fenced(self.entry.session_id)
        if status == b"gone":
            return SessionGone(self.entry.session_id)
        return None

    async def tell(self, message: DownlinkMessage, turn: int = 0) -> None:
        """Publish a message that belongs to no answer."""
        await self.publish(Said(message, turn))

    async def checkpoint(
        self, fields: dict[str, Arg], *, handle_position: StreamId | None = None
    ) -> tuple[float, str]:
        """Write down where the session stands.

        Args:
            fields: Fields of the session's hash.
            handle_position: Uplink id that the resumption handle among ``fields`` stands for:
                everything before it is never needed again.

        Returns:
            Seconds since a gateway last saw the client, and the wish to end the session, if any.

        Raises:
            Fenced, SessionGone, BusUnavailable: As in `publish`.
        """
        keys, args = self._note(fields, str(handle_position) if handle_position else "")
        reply = await self.bus.run(_CHECKPOINT, keys, *args)
        error = self._verdict(reply[0])
        if error is not None:
            raise error
        return reply[1] / 1000, reply[2].decode()

    def note(self, fields: dict[str, Arg], then: Callable[[float, str], None]) -> None:
        """Write down where the session stands, and tell ``then`` what `checkpoint` would return.

        What speaks against it shows in `lost`.
        """

        def take(reply: Any) -> None:
            error = reply if isinstance(reply, BusError) else self._verdict(reply[0])
            if error is None:
                then(reply[1] / 1000, reply[2].decode())
            elif self.lost is None:
                self.lost = error

        keys, args = self._note(fields, "")
        self.bus.post_run(_CHECKPOINT, keys, *args, then=take)

    def _note(self, fields: dict[str, Arg], handle_position: str) -> tuple[list[str], list[Arg]]:
        names = self.keys
        return [names.session, names.up, names.down, names.history], [
            *(self.epoch, limits.SESSION_TTL_S, handle_position),
            *_flat(fields),
        ]

    async def finish(self, reason: EndReason, message: str | None) -> None:
        """End the session: its content is deleted, and the client is told.

        Raises:
            Fenced: If another worker owns the session by now.
        """
        self._seq += 1
        frame, _ = self._encode(Said(State(state="ended", reason=reason, message=message), 0))
        names = self.keys
        status = await self.bus.run(
            _FINISH,
            [names.session, names.up, names.frames, names.down, names.history, names.live],
            *(self.epoch, f"{self.epoch}-{self._seq}", frame, reason, limits.TOMBSTONE_S),
        )
        if status == b"fenced":
            raise Fenced(self.entry.session_id)
        await self.bus.send("ZREM", keys.SESSIONS, self.entry.session_id)

    async def hand_over(self, fields: dict[str, Arg]) -> None:
        """Note that this worker lets the session go on purpose.

        Raises:
            Fenced: If another worker owns the session by now.
        """
        status = await self.bus.run(_HANDOVER, [self.keys.session], self.epoch, *_flat(fields))
        if status == b"fenced":
            raise Fenced(self.entry.session_id)

    async def park(self, heard_seq: int, seen_picture: int) -> bool:
        """Let the session go until its client says something; tell whether that could be done.

        Args:
            heard_seq: Newest of the client's numbers that was heard; if there is a newer one by
                now, the session stays.
            seen_picture: The same of its pictures.

        Raises:
            Fenced, SessionGone, BusUnavailable: As in `publish`.
        """
        names = self.keys
        status = await self.bus.run(
            _PARK, [names.session, names.up, names.frames], self.epoch, heard_seq, seen_picture
        )
        error = self._verdict(status)
        if error is not None:
            raise error
        return bool(status == b"ok")

    async def forgive(self) -> None:
        """Tell that the loss of this lease was no crash: this worker lives."""
        await self.bus.run(_FORGIVE, [self.keys.session], self.epoch)

    async def history(self) -> list[HistoryTurn]:
        """Return the finished turns, oldest first."""
        entries = await self.bus.send("XRANGE", self.keys.history, "-", "+")
        return fold((entry_id, fields[b"m"]) for entry_id, fields in entries)[0]

    async def last_turn(self) -> tuple[int, bool]:
        """Return the newest turn in which something was said, and whether it is unfinished."""
        entries = await self.bus.send("XREVRANGE", self.keys.down, "+", "-", "COUNT", TAIL_ENTRIES)
        last, ended = 0, False
        for _, fields in entries:
            header, payload = decode(fields[b"m"])
            if header.turn > last:
                last, ended = header.turn, False
            if header.turn == last and payload.startswith(_ENDS):
                ended = True
        return last, last > 0 and not ended

    def _encode(self, output: Output) -> tuple[bytes, HistoryTurn | None]:
        now_ms = time.time() * 1000
        if isinstance(output, Speech):
            header = Header(Kind.ASSISTANT_AUDIO, self.epoch, self._seq, now_ms, output.turn)
            return encode(header, output.pcm16), None
        message = output.message.model_copy(update={"id": f"{self.epoch}-{self._seq}"})
        header = Header(Kind.CONTROL, self.epoch, self._seq, now_ms, output.turn)
        return encode(header, message.model_dump_json(exclude_none=True).encode()), output.remember


async def claim(bus: Bus, dispatch: Dispatch, entry: Entry, worker_id: str) -> Lease | None:
    """Claim a session; None if it is over or this entry does not stand for it.

    A session on which `limits.MAX_CRASHES` workers died in a row is ended as failed.
    """
    names = SessionKeys.of(entry.session_id)
    marker = encode(Header(Kind.CONTROL, 0, 0, time.time() * 1000), b"{}")
    reply: list[Any] = await bus.run(
        _CLAIM,
        [names.session, names.down],
        *(worker_id, entry.entry_id, marker, limits.MAX_CRASHES, limits.SESSION_TTL_S),
    )
    status = reply[0]
    if status in {b"gone", b"duplicate"}:
        await dispatch.drop(entry)
        return None
    if status == b"crashing":
        lease = Lease(bus, entry, reply[1], is_takeover=True, fields={}, _seq=reply[2])
        log.error("session given up: workers die on it", session=entry.session_id)
        await lease.finish("failed", "Something in this conversation made the service fail.")
        await dispatch.drop(entry)
        return None
    pairs = [value.decode("utf-8", "replace") for value in reply[4:]]
    return Lease(
        bus,
        entry,
        reply[1],
        is_takeover=bool(reply[3]),
        fields=dict(zip(pairs[::2], pairs[1::2], strict=True)),
        _seq=reply[2],
    )


def _flat(fields: dict[str, Arg]) -> list[Arg]:
    return [item for pair in fields.items() for item in pair]
