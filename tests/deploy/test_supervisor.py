"""The supervisor, with small processes of the test's own."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy import supervisor as supervising
from deploy.errors import CannotGoOn
from deploy.output import Output
from deploy.supervisor import Service, Supervisor

SCRIPT = """\
import os, pathlib, signal, sys, time
name, diary, linger_s = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3])
def note(what):
    with diary.open("a") as file:
        file.write(f"{what} {name} {os.getpid()}\\n")
def stop(*_):
    time.sleep(linger_s)
    note("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("start")
while True:
    time.sleep(0.02)
"""


class Diary:
    """What the processes wrote down, in the order in which it happened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def events(self) -> list[str]:
        """What happened, such as `start redis` or `stop web`."""
        return [" ".join(line.split()[:2]) for line in self._lines()]

    def pids(self, name: str) -> list[int]:
        """Every process that ``name`` has had."""
        return [int(line.split()[2]) for line in self._lines() if line.startswith(f"start {name} ")]

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    """An empty diary."""
    return Diary(tmp_path / "diary")


def make_service(diary: Diary, name: str, *after: str, linger_s: float = 0.0) -> Service:
    """A service that is healthy once it has written into the diary."""

    async def is_healthy(pid: int) -> bool:
        return pid in diary.pids(name)

    command = (sys.executable, "-c", SCRIPT, name, str(diary.path), str(linger_s))
    return Service(name, command, dict(os.environ), is_healthy, frozenset(after), stop_limit_s=5.0)


def make_failing(script: str, *, healthy: bool) -> Service:
    """A service that runs ``script`` and is healthy, or not, from the beginning."""

    async def is_healthy(_pid: int) -> bool:
        return healthy

    return Service("broken", (sys.executable, "-c", script), dict(os.environ), is_healthy)


@asynccontextmanager
async def running(services: list[Service], directory: Path) -> AsyncIterator[Supervisor]:
    """Run ``services``, from when all are healthy until the context ends."""
    ready = asyncio.Event()
    output = Output(io.StringIO(), [service.name for service in services])
    supervisor = Supervisor(services, output, directory, ready.set)
    task = asyncio.create_task(supervisor.run())
    try:
        await asyncio.wait_for(ready.wait(), 10)
        yield supervisor
    finally:
        supervisor.stop()
        await task


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, at most 10 s, until ``condition`` holds."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("waited for 10 s")


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that has ended but was not collected does not count."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return state[:1] not in {"", "Z"}


async def test_redis_starts_first_and_stops_last(diary: Diary, tmp_path: Path) -> None:
    """Nobody runs without those whom it needs, however long it takes to stop."""
    services = [
        make_service(diary, "worker", "redis", linger_s=0.3),
        make_service(diary, "redis"),
    ]

    async with running(services, tmp_path):
        pass

    assert diary.events() == ["start redis", "start worker", "stop worker", "stop redis"]


async def test_killed_service_comes_back_alone(diary: Diary, tmp_path: Path) -> None:
    """One process that dies is started again; the others do not notice."""
    services = [make_service(diary, "redis"), make_service(diary, "worker", "redis")]

    async with running(services, tmp_path):
        os.kill(diary.pids("worker")[0], signal.SIGKILL)
        await wait_until(lambda: len(diary.pids("worker")) == 2)

    assert len(diary.pids("redis")) == 1


async def test_nothing_is_left_behind(diary: Diary, tmp_path: Path) -> None:
    """When `run` returns, every process that it started has ended."""
    async with running([make_service(diary, "redis"), make_service(diary, "web")], tmp_path):
        pids = diary.pids("redis") + diary.pids("web")

    assert [pid for pid in pids if is_alive(pid)] == []


async def test_deaf_service_is_killed(diary: Diary, tmp_path: Path) -> None:
    """A process that does not heed SIGTERM is killed after its time."""

    async def is_healthy(pid: int) -> bool:
        return pid in diary.pids("deaf")

    script = SCRIPT.replace(
        "signal.signal(signal.SIGTERM, stop)", "signal.signal(15, lambda *_: 0)"
    )
    command = (sys.executable, "-c", script, "deaf", str(diary.path), "0")
    deaf = Service("deaf", command, dict(os.environ), is_healthy, stop_limit_s=0.3)

    async with running([deaf], tmp_path):
        (pid,) = diary.pids("deaf")

    assert not is_alive(pid)


async def test_what_a_service_started_ends_with_it(diary: Diary, tmp_path: Path) -> None:
    """A helper process of a service does not outlive it."""
    helper_pid = tmp_path / "helper"
    start_helper = (
        "import subprocess\n"
        f"helper = subprocess.Popen(['sleep', '60']); open({str(helper_pid)!r}, 'w')"
        ".write(str(helper.pid))\n"
    )
    service = make_service(diary, "parent")
    command = (*service.command[:2], start_helper + SCRIPT, *service.command[3:])
    service = Service("parent", command, service.environment, service.is_healthy)

    async with running([service], tmp_path):
        pid = int(helper_pid.read_text(encoding="utf-8"))

    assert not is_alive(pid)


async def test_death_at_start_is_told_with_its_last_words(diary: Diary, tmp_path: Path) -> None:
    """The sentence says who stopped, how, and what it said; the others are stopped."""
    broken = make_failing("print('no disk'); raise SystemExit(3)", healthy=False)
    services = [make_service(diary, "redis"), broken]
    output = Output(io.StringIO(), ["redis", "broken"])

    with pytest.raises(CannotGoOn, match=r"^broken stopped \(exit code 3\) .* starting: no disk$"):
        await Supervisor(services, output, tmp_path, lambda: None).run()

    assert [pid for pid in diary.pids("redis") if is_alive(pid)] == []


async def test_service_that_never_becomes_healthy_is_told(tmp_path: Path) -> None:
    """A start that hangs comes to an end, with a sentence."""
    hanging = Service(
        "hanging",
        ("sleep", "60"),
        dict(os.environ),
        make_failing("", healthy=False).is_healthy,
        start_limit_s=0.3,
    )

    with pytest.raises(CannotGoOn, match="hanging did not become healthy"):
        await Supervisor([hanging], Output(io.StringIO(), []), tmp_path, lambda: None).run()


async def test_service_that_keeps_dying_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To start it for ever would only hide what is wrong."""
    monkeypatch.setattr(supervising, "LONGEST_PAUSE_S", 0.01)
    dying = make_failing("import time; time.sleep(0.3)", healthy=True)

    with pytest.raises(CannotGoOn, match=r"broken stopped \(exit code 0\) for the 6th time"):
        await Supervisor([dying], Output(io.StringIO(), []), tmp_path, lambda: None).run()


def test_lines_stand_behind_the_name_of_their_service() -> None:
    """Names are padded, so that the lines are in one column."""
    stream = io.StringIO()
    output = Output(stream, ["redis", "local-live"])

    output.write("redis", "ready")

    assert stream.getvalue() == "redis      | ready\n"


def test_closed_terminal_is_no_error() -> None:
    """Services are stopped in good order although nobody can read about it."""
    stream = io.StringIO()
    output = Output(stream, ["redis"])
    stream.close()

    output.write("redis", "bye")
    output.announce("stopped")
