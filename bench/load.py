"""``python -m bench.load``: one process of the load generator; bench/generators.py drives it.

It takes a job as the first line of its standard input and a command in each line after it, all
JSON, and answers each command with one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
import sys
from dataclasses import dataclass
from time import monotonic_ns
from typing import Any

import orjson
import uvloop
from picows import WSError, ws_connect

from bench.media import quiet_chunk, screen_jpeg
from bench.schedule import Schedule
from bench.speaker import PERIOD_MS, Profile, Speaker, Tally
from bench.tongues import Live, Native, Tongue, Tutorial

ORIGIN = ("Origin", "http://localhost:8000")
SUBPROTOCOL = ("Sec-WebSocket-Protocol", "overshoulder.v1")
JOIN_PAUSE_S = 0.02
"""Between two clients that join: how many a system takes at once is another question."""

READY_S = 30.0
UNANNOUNCED_S = 2.0
"""How long a client waits whose protocol has no word for being ready."""

SETTLE_S = 10.0
LOOK_S = 0.1
SHOWN_PROBLEMS = 5
MAX_MESSAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do."""

    tongue: str
    urls: list[str]
    tickets: list[str]
    """One for each client, where the protocol knows tickets."""
    authority: str
    """File with the certificate to trust; empty for connections without TLS."""
    chunk_ms: int
    has_pictures: bool
    number: int
    """Of this process among so many:"""
    processes: int


class Generator:
    """The clients of this process."""

    def __init__(self, job: Job) -> None:
        self._job = job
        chunk = quiet_chunk(job.chunk_ms) if job.chunk_ms else b""
        self._profile = Profile(job.chunk_ms, chunk, job.has_pictures)
        self._jpeg = screen_jpeg()
        self._tls = ssl.create_default_context(cafile=job.authority) if job.authority else None
        self._tally = Tally()
        self._speakers: list[Speaker] = []
        self._schedule = Schedule()
        self._speaking = asyncio.create_task(self._schedule.run())
        self._joins = 0
        self._refusals: list[str] = []

    async def carry_out(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry one command out; return the answer to it."""
        match command:
            case {"join": count}:
                return await self._join(count)
            case {"report": [start_ns, end_ns]}:
                return self._report(start_ns, end_ns)
            case {"finish": [start_ns, end_ns]}:
                await self._settle()
                return self._report(start_ns, end_ns)
        raise ValueError(f"no such command: {command}")

    async def _join(self, count: int) -> dict[str, Any]:
        joined = []
        for _ in range(count):
            try:
                joined.append(await self._connect())
            except (OSError, TimeoutError, WSError) as exc:
                self._refusals.append(f"not let in: {exc!r}")
            await asyncio.sleep(JOIN_PAUSE_S)
        await self._until_ready(joined)
        if self._profile.chunk_ms:
            now_s = asyncio.get_running_loop().time()
            for speaker in joined:
                phase = self._phase(speaker.number)
                at_s = speaker.start(now_s + phase * PERIOD_MS / 1000, phase)
                self._schedule.add(at_s, speaker)
        return {"joined": len(self._speakers)}

    async def _until_ready(self, joined: list[Speaker]) -> None:
        if joined and not joined[0].tongue.says_when_ready:
            await asyncio.sleep(UNANNOUNCED_S)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                await asyncio.gather(*(speaker.ready.wait() for speaker in joined))
        late = sum(not speaker.ready.is_set() for speaker in joined)
        self._refusals += [f"not ready after {READY_S:.0f} s"] * late

    def _phase(self, index: int) -> float:
        """Spread the clients of all processes evenly, however many there will be."""
        number = index * self._job.processes + self._job.number
        return number * _GOLDEN % 1

    async def _connect(self) -> Speaker:
        number, self._joins = self._joins, self._joins + 1
        tongue = _tongue(self._job.tongue, self._jpeg, self._job.tickets, number)
        headers = [ORIGIN, SUBPROTOCOL] if isinstance(tongue, Native) else [ORIGIN]
        _, speaker = await ws_connect(
            lambda: Speaker(number, tongue, self._profile, self._tally),
            self._job.urls[number % len(self._job.urls)],
            ssl_context=self._tls,
            extra_headers=headers,
            websocket_handshake_timeout=READY_S,
            max_frame_size=MAX_MESSAGE_BYTES,
        )
        assert isinstance(speaker, Speaker)
        self._speakers.append(speaker)
        return speaker

    async def _settle(self) -> None:
        """Stop speaking, wait until everything has been answered, and leave."""
        self._schedule.stop()
        await self._speaking
        for speaker in self._speakers:
            speaker.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while any(s.asked or s.tongue.unsettled() for s in self._speakers):  # noqa: ASYNC110 - it is replies that tell
                    await asyncio.sleep(LOOK_S)
        for speaker in self._speakers:
            speaker.close()

    def _report(self, start_ns: int, end_ns: int) -> dict[str, Any]:
        overdue_ns = monotonic_ns() - int(SETTLE_S * 1e9) // 5
        speakers = self._speakers
        problems = [*self._refusals, *(p for speaker in speakers for p in speaker.problems)]
        faults = [speaker.tongue.faults() for speaker in speakers]
        return {
            "round_trip_ms": _between(self._tally.round_trips, start_ns, end_ns),
            "late_ms": _between(self._tally.lateness, start_ns, end_ns),
            "replies": sum(speaker.replies for speaker in speakers),
            "unanswered": sum(
                speaker.unanswered + sum(a.sent_ns < overdue_ns for a in speaker.asked)
                for speaker in speakers
            ),
            "missing_bytes": sum(max(0, speaker.missing_bytes) for speaker in speakers),
            "repeated_bytes": sum(max(0, -speaker.missing_bytes) for speaker in speakers),
            "holes": sum(fault["holes"] for fault in faults),
            "repeats": sum(fault["repeats"] for fault in faults),
            "pictures_sent": sum(speaker.tongue.pictures for speaker in speakers),
            "pictures_seen": sum(speaker.pictures_seen for speaker in speakers),
            "problems": len(problems),
            "first_problems": problems[:SHOWN_PROBLEMS],
        }


_GOLDEN = 0.618_033_988_749_895


def _tongue(name: str, jpeg: bytes, tickets: list[str], number: int) -> Tongue:
    match name:
        case "native":
            return Native(jpeg, ticket=tickets[number])
        case "tutorial":
            return Tutorial(jpeg)
        case "live":
            return Live(jpeg)
    raise ValueError(f"nobody speaks {name}")


def _between(samples: list[tuple[int, float]], start_ns: int, end_ns: int) -> list[float]:
    return [round(ms, 3) for at_ns, ms in samples if start_ns <= at_ns < end_ns]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    generator = Generator(Job(**orjson.loads(await reader.readline())))
    # Nothing of what is there now goes away again; without it each collection would walk it all.
    gc.freeze()
    while line := await reader.readline():
        answer = await generator.carry_out(orjson.loads(line))
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(_serve())
