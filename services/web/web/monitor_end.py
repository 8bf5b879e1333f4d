"""Ends one session from outside, whoever holds it, or nobody.

A worker that holds the session is called, reads the wish, and ends it in its own good way. Where
no worker does (it waits in the queue, its worker died and none took over, or its worker hangs), the
operator claims it as a worker would and ends it. The claim raises the lease epoch, so whoever held
it, or takes it at the same moment, is fenced: there is no interleaving in which both go on.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum

from shared import keys, limits
from shared.bus import Bus, Script
from shared.bus_messages import State
from shared.codec import BELL, Header, Kind, encode
from shared.errors import OvershoulderError
from shared.keys import SessionKeys

OPERATOR = "operator"
HOLDER_S = 5.0
"""How long the worker that holds a session may take; it looks within a tenth of a second."""

LOOK_S = 0.1
ATTEMPTS = 5
"""Claims that may be lost to a worker that claims at the same moment."""

_WISH, _CLAIM, _FINISH = Script("wish"), Script("claim"), Script("finish")


class EndedBy(Enum):
    """Who ended a session."""

    WORKER = "the worker that held it"
    OPERATOR = "the operator, since no worker did"


class CannotEnd(OvershoulderError):
    """The session cannot be ended; the text is one sentence for the operator."""


async def end_session(bus: Bus, session_id: str, *, holder_s: float = HOLDER_S) -> EndedBy:
    """End a session and return once its state says so.

    Args:
        bus: Where the session lives.
        session_id: As the monitor shows it.
        holder_s: How long the worker that holds it may take before it is ended over its head.

    Raises:
        CannotEnd: If there is no such session, or it is over already.
        BusUnavailable: If Redis does not answer.
    """
    if not keys.is_session_id(session_id):
        raise CannotEnd(f"{session_id!r} is not the id of a session: those have 22 characters.")
    names = SessionKeys.of(session_id)
    reply = await bus.run(_WISH, [names.session, names.said], OPERATOR, BELL)
    if not reply:
        raise CannotEnd(f"There is no session {session_id}.")
    state, reason, worker, _ = (part.decode() for part in reply)
    if state == "ended":
        raise CannotEnd(f"Session {session_id} is over already (reason: {reason}).")
    for _ in range(ATTEMPTS):
        if worker and await _is_ended_by_holder(bus, names, worker, holder_s):
            return EndedBy.WORKER
        if await _end_over_its_head(bus, session_id, names):
            return EndedBy.OPERATOR
        worker = ((await bus.send("HGET", names.session, "worker")) or b"").decode()
    raise CannotEnd(f"Session {session_id} changes hands too fast to be ended; try again.")


async def _is_ended_by_holder(bus: Bus, names: SessionKeys, worker: str, limit_s: float) -> bool:
    """Wait until the session is over; give up after ``limit_s``, or when its worker is dead."""
    deadline = time.monotonic() + limit_s
    while True:
        if await _is_over(bus, names):
            return True
        is_alive = await bus.send("EXISTS", keys.process_key(keys.WORKERS, worker))
        if not is_alive or time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_S)


async def _is_over(bus: Bus, names: SessionKeys) -> bool:
    return await bus.send("HGET", names.session, "state") in {b"ended", None}


async def _end_over_its_head(bus: Bus, session_id: str, names: SessionKeys) -> bool:
    """Claim the session and finish it; tell whether it is over, or was lost to a worker."""
    entry_id = await _dispatch_entry(bus, session_id, names)
    claimed = await bus.run(
        _CLAIM,
        [names.session, names.down],
        *(OPERATOR, entry_id, _frame(0, 0, b"{}"), limits.MAX_CRASHES, limits.SESSION_TTL_S),
    )
    if claimed[0] == b"gone":
        return True
    if claimed[0] == b"duplicate":
        return False  # a worker claimed it by another entry, a moment ago
    epoch, seq = claimed[1], claimed[2] + 1
    told = State(
        id=f"{epoch}-{seq}",
        state="ended",
        reason="operator",
        message="The operator ended this conversation.",
    )
    status = await bus.run(
        _FINISH,
        [names.session, names.up, names.frames, names.down, names.history, names.live],
        *(
            epoch,
            told.id or "",
            _frame(epoch, seq, told.model_dump_json(exclude_none=True).encode()),
        ),
        *("operator", limits.TOMBSTONE_S),
    )
    if status == b"fenced":
        return False
    await asyncio.gather(
        bus.send("ZREM", keys.SESSIONS, session_id),
        bus.send("XACK", keys.DISPATCH, keys.DISPATCH_GROUP, entry_id),
        bus.send("XDEL", keys.DISPATCH, entry_id),
    )
    return True


async def _dispatch_entry(bus: Bus, session_id: str, names: SessionKeys) -> str:
    """Return the id of the session's entry on `dispatch`, by which it is claimed."""
    known: bytes | None = await bus.send("HGET", names.session, "dispatch_id")
    if known:
        return known.decode()
    for entry_id, fields in await bus.send("XRANGE", keys.DISPATCH, "-", "+"):
        if fields.get(b"session") == session_id.encode():
            return str(entry_id.decode())
    # Its gateway died between making the session and putting it in line.
    return "0-0"


def _frame(epoch: int, seq: int, payload: bytes) -> bytes:
    return encode(Header(Kind.CONTROL, epoch, seq, time.time() * 1000), payload)
