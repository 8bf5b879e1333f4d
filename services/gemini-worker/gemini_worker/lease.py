"""Ownership of sessions in Redis: taking, renewing, handing back; and writing as the owner.

The pending list of the group on `dispatch` is the table of leases: an entry belongs to the worker
that last claimed it, and its idle time is the time since that worker's last sign of life. Which
worker may *write* is another matter and is settled by the lease epoch: every claim raises it, and
Redis refuses what carries an older one (docs/decisions/0001-lease.md).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import structlog

from gemini_worker.turn import Output, Said, Speech
from shared import keys, limits
from shared.bus import Bus, Script
from shared.bus.commands import BLOCK_MS, Arg
from shared.bus_messages import DownlinkMessage, EndReason, HistoryTurn, State
from shared.codec import Header, Kind, StreamId, decode, encode
from shared.errors import BusError, Fenced, SessionGone
from shared.keys import SessionKeys

log = structlog.get_logger()

_CLAIM, _PUBLISH, _CHECKPOINT = Script("claim"), Script("publish"), Script("checkpoint")
_FINISH, _HANDOVER = Script("finish"), Script("handover")
_RENEW, _RELEASE, _LEAVE = Script("renew"), Script("release"), Script("leave")

TAIL_ENTRIES = 50
"""How far back a new owner looks for the turn that its predecessor was in."""

LEASE_SAFETY = 0.6
"""Part of the lease that a renewal may take; the rest is the time since the one before."""

LATE_LOOP_S = 0.05
MAX_SCANS = 200
"""Calls per look at the table: 20 000 sessions, with ten claimed at a time."""

_ENDS = (b'{"type":"turn_end"', b'{"type":"interrupted"')


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry on `dispatch`: a session that this worker may claim."""

    entry_id: str
    session_id: str


class Dispatch:
    """This worker's view of the table of leases."""

    def __init__(self, bus: Bus, worker_id: str, lease_s: float) -> None:
        self._bus, self._worker_id = bus, worker_id
        self._lease_ms = int(lease_s * 1000)
        self._renewed = asyncio.Event()
        self._renewed.set()

    @property
    def has_lapsed(self) -> bool:
        """Tell whether Redis could not be told in time that this worker lives.

        Others may own its sessions by now. A busy process is no reason: only a renewal that was
        sent and not answered is, and what came back while the loop was late counts as answered.
        """
        return not self._renewed.is_set()

    async def renewed(self) -> None:
        """Wait until the leases are renewed; those that are lost are reported by `renew`."""
        await self._renewed.wait()

    async def prepare(self) -> None:
        """Make the stream and its group, if nobody has yet."""
        try:
            await self._bus.send(
                "XGROUP", "CREATE", keys.DISPATCH, keys.DISPATCH_GROUP, "0", "MKSTREAM"
            )
        except BusError as exc:
            if "BUSYGROUP" not in str(exc):
                raise

    async def take_over(self, count: int) -> list[Entry]:
        """Take up to ``count`` sessions whose worker has fallen silent, or handed them back."""
        found: list[Entry] = []
        cursor = b"0-0"
        # One call looks at ten entries for each that it may claim; those of live workers come
        # first, so it takes several to see the whole table.
        for _ in range(MAX_SCANS):
            cursor, entries, _deleted = await self._bus.send(
                *("XAUTOCLAIM", keys.DISPATCH, keys.DISPATCH_GROUP, self._worker_id),
                *(self._lease_ms, cursor, "COUNT", count - len(found)),
            )
            found += [_entry(entry_id, fields) for entry_id, fields in entries]
            if cursor == b"0-0" or len(found) >= count:
                break
        return found

    async def take_new(self, count: int) -> list[Entry]:
        """Wait up to a second for new sessions; take up to ``count``.

        Raises:
            BusUnavailable: If Redis does not answer.
            BusError: ``NOGROUP …`` if Redis lost its data; call `prepare` again.
        """
        reply = await self._bus.read(
            *("XREADGROUP", "GROUP", keys.DISPATCH_GROUP, self._worker_id),
            *("COUNT", count, "BLOCK", BLOCK_MS // 4, "STREAMS", keys.DISPATCH, ">"),
        )
        return [
            _entry(entry_id, fields) for _, entries in reply or [] for entry_id, fields in entries
        ]

    async def renew(self, entry_ids: list[str]) -> list[str]:
        """Renew leases; return those that this worker has lost.

        Raises:
            BusUnavailable: If Redis stays away; the leases have lapsed long before.
        """
        renewal = self._bus.run(
            _RENEW, [keys.DISPATCH], keys.DISPATCH_GROUP, self._worker_id, *entry_ids
        )
        answered, _ = await asyncio.wait([renewal], timeout=self._lease_ms / 1000 * LEASE_SAFETY)
        if not answered:
            await asyncio.sleep(LATE_LOOP_S)
            if not renewal.done():
                self._renewed.clear()
        lost: list[bytes] = await renewal
        self._renewed.set()
        return [entry_id.decode() for entry_id in lost]

    async def hand_back(self, entry: Entry) -> None:
        """Let another worker take the session at once."""
        await self._bus.run(
            _RELEASE, [keys.DISPATCH], keys.DISPATCH_GROUP, self._worker_id, entry.entry_id
        )

    async def drop(self, entry: Entry) -> None:
        """The session is over: take its entry off the table."""
        await asyncio.gather(
            self._bus.send("XACK", keys.DISPATCH, keys.DISPATCH_GROUP, entry.entry_id),
            self._bus.send("XDEL", keys.DISPATCH, entry.entry_id),
        )

    async def leave(self) -> None:
        """Remove this worker from the group, if it holds nothing any more."""
        await self._bus.run(_LEAVE, [keys.DISPATCH], keys.DISPATCH_GROUP, self._worker_id)


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
    _seq: int = 0

    def __post_init__(self) -> None:
        self.keys = SessionKeys.of(self.entry.session_id)

    async def publish(self, output: Output) -> None:
        """Say something to the client: store it and publish it, in the order of the calls.

        Raises:
            Fenced: If another worker owns the session by now; nothing was written.
            SessionGone: If the session's keys are gone.
            BusUnavailable: If Redis stays away.
        """
        self._seq += 1
        frame, remember = self._encode(output)
        status = await self.bus.run(
            _PUBLISH,
            [self.keys.down, self.keys.live, self.keys.history],
            f"{self.epoch}-{self._seq}",
            frame,
            limits.DOWN_MAX_ENTRIES,
            remember.model_dump_json() if remember else "",
            limits.HISTORY_MAX_ENTRIES,
        )
        if status == b"fenced":
            raise Fenced(self.entry.session_id)
        if status == b"gone":
            raise SessionGone(self.entry.session_id)

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
        reply = await self.bus.run(
            _CHECKPOINT,
            [self.keys.session, self.keys.up, self.keys.down, self.keys.history],
            self.epoch,
            limits.SESSION_TTL_S,
            str(handle_position) if handle_position else "",
            *_flat(fields),
        )
        if reply[0] == b"fenced":
            raise Fenced(self.entry.session_id)
        if reply[0] == b"gone":
            raise SessionGone(self.entry.session_id)
        return reply[1] / 1000, reply[2].decode()

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

    async def history(self) -> list[HistoryTurn]:
        """Return the finished turns, oldest first."""
        entries = await self.bus.send("XRANGE", self.keys.history, "-", "+")
        return [HistoryTurn.model_validate_json(fields[b"m"]) for _, fields in entries]

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


def _entry(entry_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(entry_id.decode(), fields[b"session"].decode())


def _flat(fields: dict[str, Arg]) -> list[Arg]:
    return [item for pair in fields.items() for item in pair]
