"""`make run` for real, on ports of the test's own and with its state in a directory of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.ports import find_free
from deploy.redis_server import find_installed, find_packaged

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 40.0
SOURCES = [ROOT, *(ROOT / "services").iterdir()]

pytestmark = pytest.mark.skipif(
    find_installed() is None and find_packaged() is None and "CI" not in os.environ,
    reason="there is no Redis here",
)


@dataclass
class Launcher:
    """A launcher, its home and its ports."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    """Ids of the launcher that is watched, and of what it has started."""

    @property
    def command(self) -> list[str]:
        """What the Makefile's target comes to."""
        home = str(self.home)
        return [sys.executable, "-m", "deploy", "--installed", "--home", home, "run"]

    def start(self) -> subprocess.Popen[str]:
        """Start the launcher, in a group of its own as a shell would."""
        return subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def run_to_end(self) -> tuple[int, str]:
        """Start the launcher where it cannot run; return its exit code and its last line."""
        process = self.start()
        output, _ = process.communicate(timeout=START_LIMIT_S)
        return process.returncode, output.splitlines()[-1]

    def wait_until_ready(self) -> str:
        """Return the line that says where the page is."""
        self.process = self.start()
        self.known = {self.process.pid}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith("Overshoulder is ready"):
                return line
        raise AssertionError("".join(self.output))

    def stop(self, number: signal.Signals) -> int:
        """Send a signal to the launcher alone; return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=30)
        self.output += output.splitlines(keepends=True)
        return self.process.returncode

    def processes(self, module: str = "") -> set[int]:
        """Ids of the processes that the launcher has started, or of those that run ``module``.

        Also of those that it has left behind, if they were there when somebody asked before.
        """
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
        )
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        commands = {int(pid): command for pid, _, command in rows}
        while True:
            children = {int(pid) for pid, parent, _ in rows if int(parent) in self.known}
            if children <= self.known:
                break
            self.known |= children
        return {pid for pid in self.known & commands.keys() if module in commands[pid]}


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    """A launcher that is told nothing but its ports; it and its services are stopped afterwards."""
    given = {n: v for n, v in os.environ.items() if not n.startswith(("GEMINI_", "GOOGLE_"))}
    given |= {name: str(find_free()) for name in ("WEB_PORT", "GATEWAY_PORT", "LOCAL_LIVE_PORT")}
    given |= {"PYTHONPATH": os.pathsep.join(map(str, SOURCES))}
    given.pop("REDIS_URL", None)
    launcher = Launcher(tmp_path, given)
    yield launcher
    if launcher.process is not None:
        with launcher.process:
            launcher.process.terminate()
            launcher.process.communicate(timeout=30)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait, at most 20 s, until ``condition()`` is true."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_one_command_starts_all_and_ctrl_c_stops_all(launcher: Launcher) -> None:
    """The page is there when the line says so, a killed worker comes back, nothing is left over."""
    line = launcher.wait_until_ready()
    address = f"http://localhost:{launcher.environment['WEB_PORT']}"
    assert line.startswith(f"Overshoulder is ready: {address}  (stand-in; set GEMINI_API_KEY")
    with urllib.request.urlopen(address, timeout=5) as page:
        assert b"Overshoulder" in page.read()

    assert launcher.run_to_end() == (
        1,
        f"Overshoulder runs already from this directory: {address}.",
    )

    workers = launcher.processes("gemini_worker")
    assert len(workers) == 2
    os.kill(min(workers), signal.SIGKILL)
    wait_for(lambda: launcher.processes("gemini_worker") - workers, "the worker did not come back")

    assert launcher.stop(signal.SIGINT) == 0
    assert launcher.processes() == set()
    assert "Traceback" not in "".join(launcher.output)


def test_closed_terminal_stops_all(launcher: Launcher) -> None:
    """The window is closed while everything runs: nothing runs on behind it."""
    terminal, its_end = os.openpty()
    process = subprocess.Popen(
        launcher.command,
        cwd=ROOT,
        env=launcher.environment,
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one thread
    )
    os.close(its_end)
    shown = b""
    while b"Overshoulder is ready" not in shown:
        shown += os.read(terminal, 4096)
    launcher.known = {process.pid}
    assert len(launcher.processes()) > 4

    os.close(terminal)

    assert process.wait(timeout=30) == 0
    assert launcher.processes() == set()


def test_taken_port_is_told_before_anything_starts(launcher: Launcher) -> None:
    """One sentence names the port and the setting; no service has been started."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", int(launcher.environment["GATEWAY_PORT"])))
        server.listen()

        code, sentence = launcher.run_to_end()

    assert code == 1
    assert sentence.startswith(f"Port {launcher.environment['GATEWAY_PORT']} is taken by ")
    assert sentence.endswith("or choose another port with GATEWAY_PORT=<port>.")


def test_redis_that_does_not_answer_is_told(launcher: Launcher) -> None:
    """A wrong REDIS_URL is told as such, and its password is not."""
    launcher.environment["REDIS_URL"] = f"redis://:secret@127.0.0.1:{find_free()}/0"

    code, sentence = launcher.run_to_end()

    assert (code, sentence) == (1, "The Redis that REDIS_URL names does not answer.")


def test_no_python_is_told_in_a_sentence(tmp_path: Path) -> None:
    """On a machine without a usable Python, one reads what to type."""
    script = tmp_path / "checkout" / "deploy" / "start"
    script.parent.mkdir(parents=True)
    script.write_bytes((ROOT / "deploy" / "start").read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(str(shutil.which(name)))

    answer = subprocess.run(
        [tools / "sh", script, "run"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stderr.startswith("Overshoulder needs Python 3.11 or newer and found none:")
