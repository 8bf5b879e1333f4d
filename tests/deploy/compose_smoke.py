"""The composed system: two gateways and two workers carry a conversation, and survive a loss.

Builds images, so it is run by name only: python -m pytest tests/deploy/compose_smoke.py
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deploy.ports import find_free

ROOT = Path(__file__).parents[2]
ORIGIN = "http://localhost:8080"
TURN_LIMIT_S = 60.0
"""The first answer waits for the stand-in to load its voice."""
DOOR_LIMIT_S = 60.0
KIND_AUDIO = 3
HEADER = struct.Struct("<BBHIdI")


@dataclass(frozen=True)
class Composed:
    """The running system."""

    project: str
    address: str
    """Host and port on which Caddy is published."""
    environment: dict[str, str]

    def compose(self, *words: str, check: bool = True) -> str:
        """Run docker compose, of whichever version is there; return what it prints."""
        has_v2 = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        command = ["docker", "compose"] if has_v2.returncode == 0 else ["docker-compose"]
        answer = subprocess.run(
            [*command, "--project-name", self.project, *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert not check or answer.returncode == 0, answer.stdout
        return answer.stdout

    def redis(self, *words: str) -> list[str]:
        """Ask Redis; return the lines of its reply."""
        return self.compose("exec", "-T", "redis", "redis-cli", *words).split()

    def kill(self, container: str) -> None:
        """End a container as a crash would."""
        subprocess.run(["docker", "kill", "--signal", "KILL", container], check=True)

    def wait_for_the_door(self) -> None:
        """Wait until Caddy listens: a container is up before what runs in it is."""
        deadline = time.monotonic() + DOOR_LIMIT_S
        while True:
            try:
                urllib.request.urlopen(f"http://{self.address}/", timeout=10).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def get_ticket(self) -> str:
        """Ask the web service for a ticket, as the page does."""
        request = urllib.request.Request(
            f"http://{self.address}/api/ticket",
            data=b"{}",
            headers={"Origin": ORIGIN, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(json.load(response)["ticket"])


@dataclass
class Heard:
    """What came back in one turn."""

    text: str = ""
    audio_bytes: int = 0
    states: list[str] = field(default_factory=list)


class Client:
    """A typed conversation by the protocol of docs/protocol.md."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._seq = 0
        self.session = ""

    async def greet(self, ticket: str) -> None:
        """Check in."""
        await self._send({"type": "hello", "ticket": ticket, "options": {}})
        ready = json.loads(await self._socket.recv())
        assert ready["type"] == "ready", ready
        self.session = ready["session"]

    async def ask(self, text: str) -> Heard:
        """Type a question; return the whole answer."""
        self._seq += 1
        await self._send({"type": "text", "seq": self._seq, "text": text})
        heard = Heard()
        async with asyncio.timeout(TURN_LIMIT_S):
            while not await self._hear(heard):
                pass
        return heard

    async def _hear(self, heard: Heard) -> bool:
        """Take in one message; return whether it ends the turn."""
        message = await self._socket.recv()
        if isinstance(message, bytes):
            assert HEADER.unpack_from(message)[0] == KIND_AUDIO
            heard.audio_bytes += len(message) - HEADER.size
            return False
        fields = json.loads(message)
        assert fields["type"] != "error", fields
        if fields["type"] == "state":
            heard.states.append(fields["state"])
        elif fields["type"] == "transcript" and fields["role"] == "assistant":
            heard.text += fields["text"]
        return bool(fields["type"] == "turn_end")

    async def _send(self, fields: dict[str, object]) -> None:
        await self._socket.send(json.dumps(fields))


@pytest.fixture(scope="module")
def composed(request: pytest.FixtureRequest) -> Iterator[Composed]:
    """The system with two gateways and two workers; taken down, with its data, afterwards."""
    if shutil.which("docker") is None:
        pytest.skip("there is no Docker here")
    address = f"127.0.0.1:{find_free()}"
    given = {n: v for n, v in os.environ.items() if not n.startswith(("GEMINI_", "GOOGLE_"))}
    # Empty, so that nothing in a developer's .env makes this talk to Gemini.
    given |= dict.fromkeys(("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"), "")
    system = Composed(
        f"overshoulder-smoke-{os.getpid()}", address, given | {"HTTP_LISTEN": address}
    )
    scale = ["--scale", "gateway=2", "--scale", "gemini-worker=2"]
    try:
        system.compose("build")
        system.compose("up", "--detach", *scale)
        system.wait_for_the_door()
        yield system
    finally:
        if request.session.testsfailed:
            capture = request.config.pluginmanager.getplugin("capturemanager")
            with capture.global_and_fixture_disabled():
                sys.stdout.write(system.compose("logs", "--no-color", "--tail=200", check=False))
        system.compose("down", "--volumes", "--timeout", "10", check=False)


@asynccontextmanager
async def conversation(composed: Composed) -> AsyncIterator[Client]:
    """A client that has checked in through Caddy."""
    ticket = await asyncio.to_thread(composed.get_ticket)
    async with connect(
        f"ws://{composed.address}/v1/live",
        origin=ORIGIN,  # type: ignore[arg-type]  # a NewType of str
        subprotocols=["overshoulder.v1"],  # type: ignore[list-item]  # likewise
        compression=None,
        max_size=None,
    ) as socket:
        client = Client(socket)
        await client.greet(ticket)
        yield client


def test_page_is_served(composed: Composed) -> None:
    """The page comes through Caddy, with the rules that it sets for itself."""
    with urllib.request.urlopen(f"http://{composed.address}/", timeout=10) as response:
        page = response.read().decode()

    assert "<title>" in page
    assert "default-src" in response.headers["Content-Security-Policy"]


async def test_typed_question_is_answered_and_spoken(composed: Composed) -> None:
    """The whole way: Caddy, gateway, Redis, worker, stand-in, and back."""
    async with conversation(composed) as client:
        heard = await client.ask("Who are you?")

    assert heard.text.strip()
    assert heard.audio_bytes > 24_000  # half a second


async def test_conversation_outlives_its_worker(composed: Composed) -> None:
    """The container of the worker that holds the session is killed; the other one goes on."""
    async with conversation(composed) as client:
        await client.ask("Who are you?")
        (holder,) = composed.redis("HGET", f"session:{{{client.session}}}", "worker")
        container = holder.split("-", maxsplit=1)[0]
        composed.kill(container)

        heard = await client.ask("Are you still there?")
        (successor,) = composed.redis("HGET", f"session:{{{client.session}}}", "worker")

    assert heard.text.strip()
    assert not successor.startswith(container)


async def test_clients_are_spread_over_the_gateways(composed: Composed) -> None:
    """Four sockets at once: two on each of the two gateways."""
    async with (
        conversation(composed),
        conversation(composed),
        conversation(composed),
        conversation(composed),
    ):
        await asyncio.sleep(2.0)  # two beats, by which each gateway tells how many it has
        gateways = composed.redis("ZRANGE", "gateways", "0", "-1")
        loads = [composed.redis("HGET", f"gateway:{name}", "connections") for name in gateways]

    assert sorted(loads) == [["2"], ["2"]]


async def test_tutorials_door_is_open_at_the_root(composed: Composed) -> None:
    """A WebSocket to `/` reaches a gateway, although a plain request gets the page."""
    async with connect(f"ws://{composed.address}/", origin=ORIGIN) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"setup": {"no_such_key": 1}}))
        answer = json.loads(await socket.recv())
        with pytest.raises(ConnectionClosed) as closing:
            await socket.recv()

    assert "error" in answer
    assert closing.value.rcvd is not None
    assert closing.value.rcvd.code == 4500
