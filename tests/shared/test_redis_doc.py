"""docs/redis.md says what is in Redis: held against a real conversation, and against the code."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared import limits
from tests.support.client import ORIGIN, Client
from tests.support.media import jpeg, silence
from tests.support.processes import ROOT, Process
from tests.support.system import System
from web.monitor_snapshot import GatewayRow, SessionRow, Snapshot, WorkerRow

PAGE = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
SCRIPTS = ROOT / "shared" / "lua"
NAMED = re.compile(r"`([^`]+)`")
PASSWORD = "a-password-of-the-test"
PARK_S = "0.5"


def section(title: str) -> str:
    """Return the text under a heading of the page."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(text: str) -> Iterator[str]:
    """Yield what is named in the first column of a table."""
    for line in text.splitlines():
        cell = line.split("|")[1] if line.startswith("| `") else ""
        yield from NAMED.findall(cell)


KEYS = set(first_column(section("Keys")))
SESSION_FIELDS = set(first_column(section("The session's hash")))
PROCESS_FIELDS = set(NAMED.findall(section("The session's hash").split("The hash of a process")[1]))


def pattern_of(key: str, session_id: str) -> str:
    """Return the documented name of a key that was found."""
    key = key.replace(f"{{{session_id}}}", "{sid}")
    return re.sub(r"^(worker|gateway):.+", r"\1:<id>", key)


async def conversation(system: System) -> Client:
    """Have a conversation in which everything is said once; the client stays connected.

    It is parked in between, which takes a worker that does so soon.
    """
    client = await system.client()
    await client.connect(system.url())
    await client.wait_for("state", state="live")
    for chunk in silence(first=1, chunks=10):
        await client.speak(chunk)
    await client.show(jpeg(320, 200))
    await client.say("text", text="Good morning", picture=1)
    end = await client.wait_for("turn_end")
    await client.say("played", turn=end["turn"], played_ms=100)
    client.drop()
    await client.wait_closed()
    await client.connect(system.url(), resume=True)
    await client.resend()
    await client.say("text", text="Once more")
    await client.wait_for("turn_end", turn=end["turn"] + 1)
    await client.wait_for("state", state="parked")
    await client.say("text", text="And again")
    await client.wait_for("turn_end", turn=end["turn"] + 2)
    return client


async def fields_of(redis: Any, key: str) -> set[str]:
    """Return the fields of a hash, or of all entries of a stream."""
    match await redis.type(key):
        case b"hash":
            return {name.decode() for name in await redis.hkeys(key)}
        case b"stream":
            entries = await redis.xrange(key)
            return {name.decode() for _, fields in entries for name in fields}
        case _:
            return set()


async def test_every_key_and_field_of_a_conversation_is_named(empty_system: System) -> None:
    """Whatever a conversation leaves in Redis, up to its end, stands on the page."""
    await empty_system.start_live()
    await empty_system.start_worker(WORKER_PARK_S=PARK_S)
    await empty_system.start_gateway()
    await empty_system.start_web()
    client = await conversation(empty_system)
    session_id = client.ready["session"]
    found: dict[str, set[str]] = {}

    async with _look(empty_system) as redis:
        for _ in range(2):  # while it goes on, and once it is over
            for key in [raw.decode() async for raw in redis.scan_iter()]:
                pattern = pattern_of(key, session_id)
                found.setdefault(pattern, set()).update(await fields_of(redis, key))
            if client.closed is None:
                await client.say("end")
                await client.wait_closed()

    assert found.keys() - KEYS == set()
    assert KEYS - found.keys() == {"session:{sid}:live", "session:{sid}:said"}  # channels
    assert found["session:{sid}"] - SESSION_FIELDS == set()
    assert SESSION_FIELDS - found["session:{sid}"] == {"end_wish"}
    assert found["worker:<id>"] | found["gateway:<id>"] == PROCESS_FIELDS
    streams = section("Streams and their ids")
    for name in set().union(*(found[f"session:{{sid}}:{s}"] for s in ("up", "frames", "down"))):
        assert f"`{name}`" in streams
    assert found["dispatch"] == {"session"}


@pytest.mark.parametrize("field", sorted(SESSION_FIELDS))
def test_every_named_field_is_known_to_the_code(field: str) -> None:
    """A field that no script and no service names any more does not stand on the page."""
    sources = [*SCRIPTS.glob("*.lua"), *_service_sources()]

    assert any(
        re.search(rf"""['"]{field}['"]""", source.read_text(encoding="utf-8")) for source in sources
    )


def test_every_script_is_named() -> None:
    """The page tells of each script in shared/lua, and of no other."""
    assert set(first_column(section("Scripts"))) == {path.stem for path in SCRIPTS.glob("*.lua")}


def test_the_bounds_are_those_of_the_code() -> None:
    """Numbers on the page follow the numbers in shared/limits.py."""
    keys = section("Keys")

    assert f"about {limits.UP_MAX_ENTRIES:,} entries".replace(",", " ") in keys
    assert f"{limits.FRAMES_MAX_ENTRIES} entries; a picture" in keys
    assert f"about {limits.DOWN_MAX_ENTRIES:,} entries".replace(",", " ") in keys
    assert f"about {limits.DISPATCH_MAX_ENTRIES:,}".replace(",", " ") in keys
    assert f"{limits.HISTORY_MAX_ENTRIES} sides" in keys
    assert f"{limits.SESSION_TTL_S} s after the last" in keys
    assert f"{limits.TOMBSTONE_S} s after its end" in keys
    assert f"after {limits.MAX_CRASHES} it is ended" in section("The session's hash")
    assert f"`WORKER_GRACE_S` ({limits.GRACE_S:.0f} s)" in section("The life of a session")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("snapshot", Snapshot),
        ("session", SessionRow),
        ("worker", WorkerRow),
        ("gateway", GatewayRow),
    ],
)
def test_the_monitors_fields_are_those_of_the_code(name: str, row: type) -> None:
    """What `--json` prints is what the page promises, by the same names."""
    line = next(text for text in section("The monitor").splitlines() if f"| {name} |" in text)

    assert NAMED.findall(line) == [field.name for field in dataclasses.fields(row)]


async def test_the_suggested_rules_carry_a_conversation(empty_system: System) -> None:
    """With a user per role and no right but the suggested ones, everything works."""
    await _lock(empty_system)
    await empty_system.start_live()
    await empty_system.start_worker(REDIS_URL=_url(empty_system, "worker"), WORKER_PARK_S=PARK_S)
    await empty_system.start_gateway(REDIS_URL=_url(empty_system, "gateway"))
    _, web_port = await empty_system.start_web(REDIS_URL=_url(empty_system, "web"))

    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"http://127.0.0.1:{web_port}/api/ticket"
        ticket = await http.post(url, headers={"Origin": ORIGIN})
    client = await conversation(empty_system)
    command = (sys.executable, "-m", "web.monitor", "--end", client.ready["session"])
    env = {**empty_system.env, "REDIS_URL": _url(empty_system, "monitor")}
    monitor = await Process.start("monitor", *command, env=env)

    assert ticket.status_code == 200, ticket.text
    assert await monitor.ended(30) == 0, monitor.text
    assert await client.wait_closed() == (4501, "ended: operator")
    async with _look(empty_system) as redis:
        assert await redis.execute_command("ACL", "LOG") == []


async def test_the_suggested_rules_let_the_monitor_end_what_nobody_holds(
    empty_system: System,
) -> None:
    """The monitor's rights, and the gateway's, also suffice where they do a worker's work."""
    await _lock(empty_system)
    await empty_system.start_gateway(REDIS_URL=_url(empty_system, "gateway"))
    leaving, client = await empty_system.client(), await empty_system.client()
    await leaving.connect(empty_system.url())
    await leaving.say("end")
    assert await leaving.wait_closed() == (4501, "ended: client")
    await client.connect(empty_system.url())
    command = (sys.executable, "-m", "web.monitor", "--end", client.ready["session"])
    env = {**empty_system.env, "REDIS_URL": _url(empty_system, "monitor")}

    monitor = await Process.start("monitor", *command, env=env)

    assert await monitor.ended(30) == 0, monitor.text
    assert await client.wait_closed() == (4501, "ended: operator")
    async with _look(empty_system) as redis:
        assert await redis.execute_command("ACL", "LOG") == []


async def _lock(system: System) -> None:
    """Make the users of the page."""
    rules = PAGE.split("```acl\n")[1].split("```")[0].replace("PASSWORD", PASSWORD)
    async with _look(system) as redis:
        for line in rules.splitlines():
            _, name, *words = line.split()
            await redis.execute_command("ACL", "SETUSER", name, "reset", *words)


def _look(system: System) -> Any:
    """Return redis-py's client, whose type hints know neither bytes nor scripts."""
    return system.look()


def _url(system: System, user: str) -> str:
    return f"redis://{user}:{PASSWORD}@127.0.0.1:{system.redis.port}/0"


def _service_sources() -> Iterator[Path]:
    for service in ("gateway/gateway", "gemini-worker/gemini_worker"):
        yield from (ROOT / "services" / service).glob("*.py")
