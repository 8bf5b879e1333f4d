"""One run: starts the system, loads it, and measures a window of it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.clients import DirectClient, GatewayClient, Media, act, wire_bytes_per_s
from bench.media import quiet_chunk, screen_jpeg
from bench.meters import Recorder, cpu_s, machine_cpu_s, resident_kb
from gemini_worker.gemini import LiveEndpoint
from shared.bus import Bus, open_bus
from shared.codec import StreamId
from shared.keys import SessionKeys
from tests.support.system import System, bare_system

SETTLE_S = 15.0
LOOK_S = 0.2
LAST_LINES = 60
"""Of all logs together, shown where a run fails."""

JOIN_PAUSE_S = 0.02
"""Between two clients that join: how many a system takes at once is another question."""

SERVERS = ("gateway", "worker", "redis")
_KINDS = {"gateway": "gateway", "gemini_worker": "worker", "local_live": "local-live"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    sessions: int
    seconds: float
    warm_up_s: float
    workers: int
    gateways: int
    chunk_ms: int
    lease_s: float
    direct: int
    """Connections straight to the Live endpoint, in the same load generator at the same time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters at one moment."""

    at_s: float
    cpu_s: dict[str, float]
    memory_kb: dict[str, int]
    redis: dict[str, int]
    machine_cpu_s: tuple[float, float]


class Meter:
    """Reads the counters of all processes of a system."""

    def __init__(self, system: System, bus: Bus) -> None:
        self._bus = bus
        self._pids: dict[str, list[int]] = {"generator": [os.getpid()]}
        for process in system.processes:
            self._pids.setdefault(_KINDS[process.name], []).append(process.process.pid)
        assert system.redis.process is not None
        self._pids["redis"] = [system.redis.process.process.pid]

    async def read(self) -> Reading:
        """Read everything now."""
        info: dict[str, Any] = await self._bus.send("INFO", "everything")
        return Reading(
            asyncio.get_running_loop().time(),
            {kind: sum(map(cpu_s, pids)) for kind, pids in self._pids.items()},
            {kind: sum(map(resident_kb, pids)) for kind, pids in self._pids.items()},
            {name: int(info[name]) for name in _REDIS_FIGURES},
            machine_cpu_s(),
        )


_REDIS_FIGURES = (
    *("total_net_input_bytes", "total_net_output_bytes"),
    *("total_commands_processed", "used_memory"),
)


async def measure(plan: Plan, logs: Path | None = None) -> dict[str, Any]:
    """Carry a plan out; return the figures (bench/README.md names them).

    What the processes log is written to ``logs``, and its end to standard error if the run fails.
    """
    media = Media(plan.chunk_ms, quiet_chunk(plan.chunk_ms), screen_jpeg())
    through, direct = Recorder(), Recorder()
    stop = asyncio.Event()
    async with _system(plan, logs) as system, open_bus(system.redis.url, name="bench") as bus:
        meter = Meter(system, bus)
        empty = await meter.read()
        async with asyncio.TaskGroup() as tasks:
            clients = await _join(system, plan, media, through)
            readers = [tasks.create_task(client.read()) for client in clients]
            for number, client in enumerate(clients):
                tasks.create_task(act(client, media, number / plan.sessions, stop))
            endpoint = _endpoint(system)
            for _ in range(plan.direct):
                tasks.create_task(DirectClient.run(endpoint, media, direct, stop))
            await asyncio.sleep(plan.warm_up_s)
            start = await meter.read()
            await asyncio.sleep(plan.seconds)
            end = await meter.read()
            stop.set()
            loss = await _settle(bus, clients)
            for client in clients:
                await client.socket.close()
            await asyncio.gather(*readers)
    window = (start.at_s, end.at_s)
    return {
        "plan": asdict(plan),
        "sent_bytes_per_session_s": round(wire_bytes_per_s(media)),
        **_costs(plan, empty, start, end),
        "through": through.between(*window),
        "direct": direct.between(*window),
        "loss": loss,
    }


@contextlib.asynccontextmanager
async def _system(plan: Plan, logs: Path | None) -> AsyncIterator[System]:
    """Start Redis, the scripted Live endpoint, workers and gateways."""
    with TemporaryDirectory(prefix="overshoulder-bench-") as folder, _output_to(logs):
        async with bare_system(Path(folder)) as system:
            await system.start_live(
                LOCAL_LIVE_SCRIPT_PACE="1",
                LOCAL_LIVE_LEDGER_ITEMS="0",
                LOCAL_LIVE_MAX_SESSIONS=str(2 * (plan.sessions + plan.direct) + 10),
                LOCAL_LIVE_CONNECTION_S="3600",
            )
            capacity = str(math.ceil(plan.sessions / plan.workers))
            for _ in range(plan.workers):
                await system.start_worker(
                    WORKER_CAPACITY=capacity, WORKER_LEASE_S=str(plan.lease_s)
                )
            for _ in range(plan.gateways):
                await system.start_gateway()
            yield system


@contextlib.contextmanager
def _output_to(logs: Path | None) -> Iterator[None]:
    """Take what a system prints at its end, which is what its processes wrote."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            yield
    except BaseException:
        sys.stderr.write("\n".join(output.getvalue().splitlines()[-LAST_LINES:]) + "\n")
        raise
    finally:
        if logs is not None:
            logs.write_text(output.getvalue(), encoding="utf-8")


async def _join(
    system: System, plan: Plan, media: Media, recorder: Recorder
) -> list[GatewayClient]:
    clients = []
    for number in range(plan.sessions):
        ticket = (await system.client(f"user-{number}")).ticket
        url = system.url(number % plan.gateways)
        clients.append(await GatewayClient.join(url, ticket, media, recorder))
        await asyncio.sleep(JOIN_PAUSE_S)
    return clients


def _endpoint(system: System) -> LiveEndpoint:
    """Return what the workers dial, for the clients that dial it themselves."""
    names = ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", "SSL_CERT_FILE")
    os.environ.update({name: system.env[name] for name in names})
    return LiveEndpoint("gemini-3.8-live", "v1beta", "medium")


def _costs(plan: Plan, empty: Reading, start: Reading, end: Reading) -> dict[str, Any]:
    """Return what the window cost, for each session and second of it."""
    lasted_s = end.at_s - start.at_s
    session_s = plan.sessions * lasted_s
    used_s = {kind: end.cpu_s[kind] - start.cpu_s[kind] for kind in end.cpu_s}
    busy_s, all_s = (e - s for s, e in zip(start.machine_cpu_s, end.machine_cpu_s, strict=True))
    cpu_ms = {kind: round(1000 * used / session_s, 3) for kind, used in used_s.items()}
    grown_kb = {kind: end.memory_kb[kind] - empty.memory_kb[kind] for kind in SERVERS}
    redis = {name: end.redis[name] - start.redis[name] for name in _REDIS_FIGURES}
    return {
        "cores": os.cpu_count(),
        "lasted_s": round(lasted_s, 2),
        "cpu_ms_per_session_s": {
            **cpu_ms,
            "servers": round(sum(cpu_ms[kind] for kind in SERVERS), 3),
        },
        "cpu_share_of_other_processes": round(max(0.0, busy_s - sum(used_s.values())) / all_s, 3),
        "memory_kb_per_session": {
            kind: round(kb / plan.sessions, 1) for kind, kb in grown_kb.items()
        },
        "redis_per_session_s": {
            "in_bytes": round(redis["total_net_input_bytes"] / session_s),
            "out_bytes": round(redis["total_net_output_bytes"] / session_s),
            "commands": round(redis["total_commands_processed"] / session_s, 1),
        },
        "redis_data_kb_per_session": round(
            (end.redis["used_memory"] - empty.redis["used_memory"]) / 1024 / plan.sessions, 1
        ),
    }


async def _settle(bus: Bus, clients: list[GatewayClient]) -> dict[str, Any]:
    """Wait until everything that was sent has arrived; return what has not."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            while not all([c.is_settled() and (await _missing(bus, c))[0] == 0 for c in clients]):  # noqa: ASYNC110 - it is Redis that tells
                await asyncio.sleep(LOOK_S)
    missing = [await _missing(bus, client) for client in clients]
    return {
        "sent": sum(client.seq for client in clients),
        "not_at_the_model": sum(entries for entries, _ in missing),
        "chunks_sent_again": sum(again for _, again in missing),
        "not_acknowledged": sum(client.seq - client.acked for client in clients),
        "questions": sum(client.questions for client in clients),
        "not_answered": sum(client.questions - client.answered for client in clients),
        "holes": sum(client.holes for client in clients),
        "repeats": sum(client.repeats for client in clients),
        "problems": [problem for client in clients for problem in client.problems][:20],
    }


async def _missing(bus: Bus, client: GatewayClient) -> tuple[int, int]:
    """Return what was not sent to the model, and the chunks sent again on another connection.

    Both by what the worker notes in Redis once a second.
    """
    session = SessionKeys.of(client.session_id).session
    position, chunks = await bus.send("HMGET", session, "position", "chunks")
    sent = StreamId.parse(position).seq if position else 0
    return client.seq - sent, max(0, int(chunks or 0) - client.chunks)
