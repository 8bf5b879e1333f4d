"""Which processes are started, and what each is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.environment import Environment
from deploy.errors import CannotGoOn
from deploy.ports import find_free
from deploy.services import make_plan
from deploy.supervisor import Service

REDIS_URL = "redis://127.0.0.1:1/0"


def plan(directory: Path, **values: str) -> dict[str, Service]:
    """The services for an environment, on free ports and with a Redis that is there already."""
    ports = {name: str(find_free()) for name in ("WEB_PORT", "GATEWAY_PORT", "LOCAL_LIVE_PORT")}
    environment = Environment({"REDIS_URL": REDIS_URL, **ports, **values})
    made = make_plan(Checkout(directory, directory), environment)
    return {service.name: service for service in made.services}


def test_without_a_key_workers_talk_to_the_stand_in(tmp_path: Path) -> None:
    """They are given its address and its certificates, and start after it."""
    services = plan(tmp_path, LOCAL_LIVE_PORT="9555")

    worker = services["worker-1"]
    assert worker.environment["GOOGLE_GEMINI_BASE_URL"] == "https://localhost:9555"
    assert worker.environment["SSL_CERT_FILE"] == str(tmp_path / ".run" / "tls" / "bundle.pem")
    assert worker.after == {"local-live"}
    assert worker.environment["WORKER_STANDIN"] == "Local stand-in"


def test_with_a_key_there_is_no_stand_in(tmp_path: Path) -> None:
    """Nothing of it is started or spoken of."""
    services = plan(tmp_path, GEMINI_API_KEY="k")

    assert services.keys() == {"worker-1", "worker-2", "gateway", "web"}
    assert "WORKER_STANDIN" not in services["worker-1"].environment


def test_key_reaches_the_workers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from `.env` nor from the environment does anybody else get it."""
    monkeypatch.setenv("GEMINI_API_KEY", "from-environment")

    services = plan(tmp_path, GEMINI_API_KEY="from-environment", GOOGLE_API_KEY="from-file")

    told = {name: set(service.environment.values()) for name, service in services.items()}
    secrets = {"from-environment", "from-file"}
    assert {name for name, values in told.items() if values & secrets} == {"worker-1", "worker-2"}


def test_given_redis_is_used_and_none_started(tmp_path: Path) -> None:
    """`REDIS_URL` is for those who have one."""
    services = plan(tmp_path, GEMINI_API_KEY="k")

    assert "redis" not in services
    assert services["gateway"].environment["REDIS_URL"] == REDIS_URL


def test_other_ports_are_let_in_and_told_to_the_page(tmp_path: Path) -> None:
    """To change a port takes one setting, not four."""
    services = plan(tmp_path, WEB_PORT="8555", GATEWAY_PORT="9555")

    assert services["gateway"].environment["GATEWAY_ORIGINS"].startswith("http://localhost:8555,")
    assert services["web"].environment["WEB_GATEWAY_URL"] == "ws://localhost:9555/v1/live"


def test_number_of_workers_is_a_setting(tmp_path: Path) -> None:
    """`WORKERS` says how many."""
    names = plan(tmp_path, GEMINI_API_KEY="k", WORKERS="3").keys()

    assert names >= {"worker-1", "worker-2", "worker-3"}


def test_drain_that_is_no_number_is_refused(tmp_path: Path) -> None:
    """The sentence names the setting."""
    with pytest.raises(CannotGoOn, match="WORKER_DRAIN_S must be a number of seconds"):
        plan(tmp_path, WORKER_DRAIN_S="soon")
