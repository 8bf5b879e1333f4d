"""The table of leases: taking sessions, renewing, handing back.

It is the pending list of the group on `dispatch`: an entry belongs to the worker that last claimed
it, and its idle time is the time since that worker's last sign of life. It says who works on a
session; who may write to it is another matter (lease.py; docs/decisions/0001-lease.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from shared import keys, limits
from shared.bus import Bus, Script
from shared.bus.commands import BLOCK_MS
from shared.errors import BusError

_TAKEOVER, _RENEW = Script("takeover"), Script("renew")
_RELEASE, _LEAVE = Script("release"), Script("leave")

LEASE_SAFETY = 0.6
"""Part of the lease that a renewal may take; the rest is the time since the one before."""

LATE_LOOP_S = 0.05
MAX_SCANS = 200
"""Calls per look at the table: 20 000 sessions, with ten claimed at a time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry on `dispatch`: a session that this worker may claim."""

    entry_id: str
    session_id: str


class Dispatch:
    """This worker's view of the table of leases."""

    def __init__(
        self, bus: Bus, worker_id: str, lease_s: float, lapsed: Callable[[], None] = lambda: None
    ) -> None:
        """``lapsed`` is called whenever `has_lapsed` becomes true."""
        self._bus, self._worker_id, self._tell_lapsed = bus, worker_id, lapsed
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

    async def take_over(self, count: int, *, after_s: float = 0.0) -> list[Entry]:
        """Take up to ``count`` sessions whose worker has fallen silent, or handed them back.

        Those that others have not taken in ``after_s``, that is: whoever has more room comes first.
        Takes nothing for a lease's time after Redis was away or asleep: then all look silent, and
        those that live need the time to renew.
        """
        found: list[Entry] = []
        cursor = b"0-0"
        # One call looks at ten entries for each that it may claim; those of live workers come
        # first, so it takes several to see the whole table.
        for _ in range(MAX_SCANS):
            cursor, pairs = await self._bus.run(
                _TAKEOVER,
                [keys.DISPATCH, keys.PULSE],
                *(keys.DISPATCH_GROUP, self._worker_id, self._lease_ms, cursor),
                *(count - len(found), int(after_s * 1000)),
            )
            found += [
                Entry(entry_id.decode(), session.decode())
                for entry_id, session in zip(pairs[::2], pairs[1::2], strict=True)
            ]
            if cursor == b"0-0" or len(found) >= count:
                break
        return found

    async def take_new(self, count: int, *, wait_ms: int = BLOCK_MS // 4) -> list[Entry]:
        """Wait up to ``wait_ms`` for new sessions; take up to ``count``.

        Raises:
            BusUnavailable: If Redis does not answer.
            BusError: ``NOGROUP …`` if Redis lost its data; call `prepare` again.
        """
        reply = await self._bus.read(
            *("XREADGROUP", "GROUP", keys.DISPATCH_GROUP, self._worker_id),
            *("COUNT", count, "BLOCK", wait_ms, "STREAMS", keys.DISPATCH, ">"),
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
            _RENEW,
            [keys.DISPATCH, keys.PULSE],
            *(keys.DISPATCH_GROUP, self._worker_id, self._lease_ms, limits.SESSION_TTL_S),
            *entry_ids,
        )
        answered, _ = await asyncio.wait([renewal], timeout=self._lease_ms / 1000 * LEASE_SAFETY)
        if not answered:
            await asyncio.sleep(LATE_LOOP_S)
            if not renewal.done():
                self._renewed.clear()
                self._tell_lapsed()
        lost: list[bytes] = await renewal
        self._renewed.set()
        return [entry_id.decode() for entry_id in lost]

    async def hand_back(self, entry: Entry) -> None:
        """Let another worker take the session at once."""
        await self._bus.run(
            _RELEASE,
            [keys.DISPATCH],
            *(keys.DISPATCH_GROUP, self._worker_id, entry.entry_id, self._lease_ms),
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


def _entry(entry_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(entry_id.decode(), fields[b"session"].decode())
