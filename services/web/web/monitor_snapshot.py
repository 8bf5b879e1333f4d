"""What the monitor knows: one look at Redis as rows. Reading is at the end; the rest is pure.

Of a session's hash only `SESSION_FIELDS` are read, so nothing that anybody said, and none of the
instructions, ever gets into this process. The field names of the rows are those of ``--json``
(docs/redis.md, "The monitor").
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared import keys, limits
from shared.bus import Bus
from shared.codec import START, StreamId
from shared.errors import BusError
from shared.keys import SessionKeys
from shared.presence import TTL_MS

CHUNK_MS = 40
"""What one entry of `up` is taken to last; a client may send others, this is the rule."""

MAX_QUEUE = 10_000
"""Waiting sessions that are counted; beyond that the exact number helps nobody."""

SESSION_FIELDS = (
    *("user", "state", "model", "worker", "gateway", "door", "created_ms", "seen_ms"),
    *("position", "turn", "chunks", "frames", "texts", "lease_epoch", "wakes", "crashes"),
    *("tokens_prompt", "tokens_response", "tokens_total"),
)
PROCESS_FIELDS = ("sessions", "capacity", "model", "connections", "max_connections", "draining")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, as its hash and the end of its uplink show it."""

    id: str
    user: str
    state: str
    door: str
    age_s: float
    seen_s: float
    """Since a gateway last saw the client."""
    model: str | None
    worker: str | None
    gateway: str | None
    turn: int
    chunks: int
    """Of speech, sent to the model."""
    frames: int
    texts: int
    tokens_prompt: int
    tokens_response: int
    tokens_total: int
    lag_entries: int
    """Entries of `up` that were not sent when the worker last noted where it stands."""
    lag_ms: int
    takeovers: int
    crashes: int
    """Workers that died on it, one after the other."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker; ``alive`` is false when it has not beaten for a while."""

    id: str
    alive: bool
    seen_s: float
    sessions: int
    capacity: int
    model: str | None
    draining: bool


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway; ``alive`` as in `WorkerRow`."""

    id: str
    alive: bool
    seen_s: float
    connections: int
    max_connections: int
    draining: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at everything."""

    time_ms: int
    """By Redis' clock, since 1970."""
    queue: int
    """Sessions that no worker has been given yet."""
    sessions: tuple[SessionRow, ...]
    workers: tuple[WorkerRow, ...]
    gateways: tuple[GatewayRow, ...]


Fields = Mapping[str, str]
Entry = tuple[bytes, Mapping[bytes, bytes]]


def number_of(entry: Entry) -> int:
    """Return the client's number that an entry of `up` stands for; a marker tells the last one."""
    entry_id, fields = entry
    return StreamId.parse(entry_id).seq or int(fields.get(b"last", 0))


def session_row(session_id: str, fields: Fields, lag_entries: int, now_ms: int) -> SessionRow:
    """Return the row of a session whose hash has a state."""

    def number(name: str) -> int:
        return int(fields.get(name) or 0)

    return SessionRow(
        id=session_id,
        user=fields.get("user", ""),
        state=fields["state"],
        door=fields.get("door", ""),
        age_s=_since_s(fields.get("created_ms"), now_ms),
        seen_s=_since_s(fields.get("seen_ms"), now_ms),
        model=fields.get("model") or None,
        worker=fields.get("worker") or None,
        gateway=fields.get("gateway") or None,
        turn=number("turn"),
        chunks=number("chunks"),
        frames=number("frames"),
        texts=number("texts"),
        tokens_prompt=number("tokens_prompt"),
        tokens_response=number("tokens_response"),
        tokens_total=number("tokens_total"),
        lag_entries=lag_entries,
        lag_ms=lag_entries * CHUNK_MS,
        takeovers=max(0, number("lease_epoch") - 1 - number("wakes")),
        crashes=number("crashes"),
    )


def worker_row(process_id: str, fields: Fields, seen_s: float) -> WorkerRow:
    """Return the row of a worker; no fields: it has not beaten for a while."""
    return WorkerRow(
        id=process_id,
        alive=bool(fields),
        seen_s=seen_s,
        sessions=int(fields.get("sessions", 0)),
        capacity=int(fields.get("capacity", 0)),
        model=fields.get("model") or None,
        draining=fields.get("draining") == "1",
    )


def gateway_row(process_id: str, fields: Fields, seen_s: float) -> GatewayRow:
    """Return the row of a gateway, as `worker_row` does."""
    return GatewayRow(
        id=process_id,
        alive=bool(fields),
        seen_s=seen_s,
        connections=int(fields.get("connections", 0)),
        max_connections=int(fields.get("max_connections", 0)),
        draining=fields.get("draining") == "1",
    )


def _since_s(then_ms: str | None, now_ms: int) -> float:
    return max(0.0, round((now_ms - int(then_ms or now_ms)) / 1000, 1))


# --- reading --------------------------------------------------------------------------------------


async def take_snapshot(bus: Bus, *, user: str | None = None) -> Snapshot:
    """Look at all processes and at all sessions, or at those of ``user``.

    Raises:
        BusUnavailable: If Redis does not answer.
    """
    now_ms = await redis_time_ms(bus)
    session_ids, queue, workers, gateways = await asyncio.gather(
        bus.send("ZRANGE", keys.SESSIONS, 0, -1),
        _queue_length(bus),
        _processes(bus, keys.WORKERS, now_ms),
        _processes(bus, keys.GATEWAYS, now_ms),
    )
    rows = await asyncio.gather(*[_session(bus, raw.decode(), user, now_ms) for raw in session_ids])
    return Snapshot(
        time_ms=now_ms,
        queue=queue,
        sessions=tuple(sorted(filter(None, rows), key=lambda row: (-row.age_s, row.id))),
        workers=tuple(worker_row(*process) for process in workers),
        gateways=tuple(gateway_row(*process) for process in gateways),
    )


async def redis_time_ms(bus: Bus) -> int:
    """Return the time by Redis' clock, by which sessions note when their client was seen."""
    seconds, micros = await bus.send("TIME")
    return int(seconds) * 1000 + int(micros) // 1000


async def read_fields(bus: Bus, key: str, names: Sequence[str]) -> dict[str, str]:
    """Return those of the named fields of a hash that are set."""
    values: list[bytes | None] = await bus.send("HMGET", key, *names)
    pairs = zip(names, values, strict=True)
    return {name: value.decode("utf-8", "replace") for name, value in pairs if value is not None}


async def _session(bus: Bus, session_id: str, user: str | None, now_ms: int) -> SessionRow | None:
    """Return a session's row; None if it is over, or not this user's."""
    names = SessionKeys.of(session_id)
    fields = await read_fields(bus, names.session, SESSION_FIELDS)
    if "state" not in fields or user not in {None, fields.get("user")}:
        return None
    lag_entries = await _lag_entries(bus, names, fields.get("position"))
    return session_row(session_id, fields, lag_entries, now_ms)


async def _lag_entries(bus: Bus, names: SessionKeys, position: str | None) -> int:
    newest = await bus.send("XREVRANGE", names.up, "+", "-", "COUNT", 1)
    if not newest:
        return 0
    sent = StreamId.parse(position) if position else START
    number = sent.seq
    if sent != START and number == 0:
        # It stands at the marker of a connection, and only the marker knows the number before it.
        marker = await bus.send("XRANGE", names.up, position or "", position or "", "COUNT", 1)
        if not marker:
            return limits.UP_MAX_ENTRIES  # trimmed away unread: the stream is full
        number = number_of(marker[0])
    return max(0, number_of(newest[0]) - number)


async def _processes(bus: Bus, index: str, now_ms: int) -> list[tuple[str, dict[str, str], float]]:
    """Return id, fields and seconds since the last beat of each process in an index."""
    reply: list[Any] = await bus.send("ZRANGE", index, 0, -1, "WITHSCORES")
    pairs = list(zip(reply[::2], reply[1::2], strict=True))

    async def look(process_id: str, score_ms: float) -> tuple[str, dict[str, str], float]:
        key = keys.process_key(index, process_id)
        fields, left_ms = await asyncio.gather(
            read_fields(bus, key, PROCESS_FIELDS), bus.send("PTTL", key)
        )
        # What is left of its time tells the last beat without anybody's clock; only of a process
        # that is gone there is nothing but its own.
        silent_ms = TTL_MS - left_ms if fields else max(TTL_MS, now_ms - score_ms)
        return process_id, fields, round(max(0.0, silent_ms) / 1000, 1)

    return await asyncio.gather(*[look(raw.decode(), float(score)) for raw, score in pairs])


async def _queue_length(bus: Bus) -> int:
    try:
        groups = await bus.send("XINFO", "GROUPS", keys.DISPATCH)
    except BusError as exc:
        if "no such key" not in str(exc):
            raise
        return 0
    # redis-py knows this reply only from its own method; here it comes as Redis sends it.
    described = [dict(zip(group[::2], group[1::2], strict=True)) for group in groups]
    given = [
        group[b"last-delivered-id"].decode()
        for group in described
        if group[b"name"] == keys.DISPATCH_GROUP.encode()
    ]
    after = f"({given[0]}" if given else "-"
    return len(await bus.send("XRANGE", keys.DISPATCH, after, "+", "COUNT", MAX_QUEUE))
