"""What is put under load: this system, and what one would run instead of it."""

from __future__ import annotations

import contextlib
import io
import math
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.pipecat_home import PIPECAT_BOT, pipecat_python
from shared.bus import open_bus
from shared.tickets import sign, signing_key
from tests.support.processes import ROOT, Process
from tests.support.redis_server import RedisServer
from tests.support.system import bare_system

TICKET_S = 600
_PORT = re.compile(r"listening on localhost:(\d+)")
_LAST_LINES = 60
"""Of all logs together, shown where a run fails."""


class Kind(StrEnum):
    """Who is measured."""

    DIRECT = "direct"
    """Clients straight at the Live endpoint: the floor."""
    NATIVE = "native"
    """This system, by its own protocol."""
    DOOR = "door"
    """This system, by the tutorial's protocol."""
    RELAY = "relay"
    """The tutorial's server as one would write it today: one process, no broker."""
    PIPECAT = "pipecat"
    """Pipecat as its own project template has it, behind the tutorial's protocol."""
    PIPECAT_BARE = "pipecat-bare"
    """The same with everything off that may be."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the system is built."""

    sessions: int
    workers: int = 1
    gateways: int = 1
    park_s: float = 0.0


@dataclass
class Target:
    """What the load generator connects to, and the processes to read the meters of."""

    urls: list[str]
    tongue: str
    servers: dict[str, list[int]] = field(default_factory=dict)
    """Ids of the processes whose cost counts, by what they are."""
    endpoint: list[int] = field(default_factory=list)
    authority: str = ""
    tickets: list[str] = field(default_factory=list)
    redis: RedisServer | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The Live endpoint of a run."""

    process: Process
    port: int
    authority: Path

    @property
    def env(self) -> dict[str, str]:
        """Return what the SDK finds it by."""
        return {
            "GOOGLE_GEMINI_BASE_URL": f"https://localhost:{self.port}",
            "GEMINI_API_KEY": "any",
            "SSL_CERT_FILE": str(self.authority),
        }


@asynccontextmanager
async def start(kind: Kind, size: Size, logs: Path | None = None) -> AsyncIterator[Target]:
    """Start an endpoint and what stands before it; end both.

    What the processes log is written to ``logs``, and its end to standard error if the run fails.
    """
    with TemporaryDirectory(prefix="overshoulder-bench-") as name, _output_to(logs):
        folder = Path(name)
        async with _endpoint(folder) as endpoint, _target(kind, size, folder, endpoint) as target:
            target.endpoint = [endpoint.process.process.pid]
            yield target


def _target(
    kind: Kind, size: Size, folder: Path, endpoint: Endpoint
) -> AbstractAsyncContextManager[Target]:
    match kind:
        case Kind.NATIVE | Kind.DOOR:
            return _overshoulder(kind, size, folder, endpoint)
        case Kind.RELAY:
            command = (sys.executable, "-m", "bench.relay")
            return _other("relay", command, folder, endpoint)
        case Kind.PIPECAT:
            return _other("pipecat", (str(pipecat_python()), PIPECAT_BOT), folder, endpoint)
        case Kind.PIPECAT_BARE:
            bare = (str(pipecat_python()), PIPECAT_BOT, "--bare")
            return _other("pipecat", bare, folder, endpoint)
        case Kind.DIRECT:
            return _direct(endpoint)


@asynccontextmanager
async def _direct(endpoint: Endpoint) -> AsyncIterator[Target]:
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=any"
    url = f"wss://localhost:{endpoint.port}{path}"
    yield Target([url], "live", authority=str(endpoint.authority))


@asynccontextmanager
async def _other(
    name: str, command: tuple[str | Path, ...], folder: Path, endpoint: Endpoint
) -> AsyncIterator[Target]:
    """Run another server, which says on which port it listens."""
    async with _running(name, command, {**endpoint.env, "PWD": str(folder)}) as process:
        port = _port_in(process.text)
        yield Target([f"ws://127.0.0.1:{port}/"], "tutorial", {name: [process.process.pid]})


@asynccontextmanager
async def _overshoulder(
    kind: Kind, size: Size, folder: Path, endpoint: Endpoint
) -> AsyncIterator[Target]:
    async with bare_system(folder) as system:
        system.env |= endpoint.env
        capacity = str(math.ceil(size.sessions / size.workers))
        for _ in range(size.workers):
            await system.start_worker(WORKER_CAPACITY=capacity, WORKER_PARK_S=str(size.park_s))
        for _ in range(size.gateways):
            await system.start_gateway(GATEWAY_MAX_CONNECTIONS=str(size.sessions + 100))
        async with open_bus(system.redis.url, name="bench") as bus:
            key = await signing_key(bus)
        assert system.redis.process is not None
        servers = {
            "gateway": [process.process.pid for process, _ in system.gateways],
            "worker": [process.process.pid for process in system.workers],
            "redis": [system.redis.process.process.pid],
        }
        path = "/v1/live" if kind is Kind.NATIVE else "/"
        try:
            yield Target(
                urls=[f"ws://127.0.0.1:{port}{path}" for _, port in system.gateways],
                tongue="native" if kind is Kind.NATIVE else "tutorial",
                servers=servers,
                tickets=[sign(key, f"user-{n}", "gateway", TICKET_S) for n in range(size.sessions)],
                redis=system.redis,
            )
        finally:
            # Sessions outlive their clients, and a worker would wait to hand them over.
            for process in system.processes:
                await process.kill()


@asynccontextmanager
async def _endpoint(folder: Path) -> AsyncIterator[Endpoint]:
    command = (sys.executable, "-m", "bench.echo", folder / "tls")
    async with _running("echo", command, {"PWD": str(ROOT)}) as process:
        yield Endpoint(process, _port_in(process.text), folder / "tls" / "bundle.pem")


@asynccontextmanager
async def _running(
    name: str, command: tuple[str | Path, ...], env: dict[str, str]
) -> AsyncIterator[Process]:
    process = await Process.start(name, *command, env=env)
    try:
        await process.says("listening on")
        yield process
    finally:
        await process.kill()
        print(f"--- {name}\n{process.text}")


def _port_in(text: str) -> int:
    match = _PORT.search(text)
    assert match is not None, text
    return int(match[1])


@contextlib.contextmanager
def _output_to(logs: Path | None) -> Iterator[None]:
    """Take what a system prints at its end, which is what its processes wrote."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            yield
    except BaseException:
        sys.stderr.write("\n".join(output.getvalue().splitlines()[-_LAST_LINES:]) + "\n")
        raise
    finally:
        if logs is not None:
            with logs.open("a", encoding="utf-8") as file:
                file.write(output.getvalue())
