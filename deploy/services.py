"""Which processes make up Overshoulder on one machine, and what each is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from deploy import health, redis_server
from deploy.checkout import Checkout
from deploy.environment import SDK_PREFIXES, SECRETS, Environment
from deploy.ports import find_free, require_free
from deploy.supervisor import Service

STAND_IN_NAME = "Local stand-in"
"""Shown on the page, so that nobody takes the stand-in for Gemini."""
STAND_IN_KEY = "local-stand-in"
"""The SDK insists on a key; the stand-in takes any."""
DRAIN_S = {"GATEWAY_DRAIN_S": 1.0, "WORKER_DRAIN_S": 2.0}
"""Short, because after Ctrl-C there is nobody to hand a conversation over to."""
STOP_MARGIN_S = 10.0
"""Between the end of a drain and SIGKILL."""


@dataclass(frozen=True)
class Plan:
    """Everything that one start needs to know."""

    services: list[Service]
    address: str
    """Where the page is."""
    redis_url: str
    uses_stand_in: bool


def make_plan(checkout: Checkout, environment: Environment) -> Plan:
    """Decide what to start.

    Raises:
        CannotGoOn: If a port is taken or a setting makes no sense.
    """
    return _Planner(checkout, environment).make_plan()


class _Planner:
    def __init__(self, checkout: Checkout, environment: Environment) -> None:
        self._checkout = checkout
        self._environment = environment
        self._uses_stand_in = not environment.talks_to_gemini
        self._redis_url = environment.get("REDIS_URL")
        self._redis_port = 0 if self._redis_url else find_free()
        self._redis_url = self._redis_url or f"redis://127.0.0.1:{self._redis_port}/0"
        self._web_port = environment.port("WEB_PORT", 8000)
        self._gateway_port = environment.port("GATEWAY_PORT", 9083)
        self._stand_in_port = environment.port("LOCAL_LIVE_PORT", 9443)
        self._tls_dir = checkout.home / environment.get("LOCAL_LIVE_TLS_DIR", ".run/tls")

    def make_plan(self) -> Plan:
        self._require_ports()
        services = [self._gateway(), self._web()]
        services[:0] = [self._worker(n + 1) for n in range(self._count_workers())]
        if self._uses_stand_in:
            services.insert(0, self._stand_in())
        if self._redis_port:
            services.insert(0, self._redis())
        return Plan(
            services, f"http://localhost:{self._web_port}", self._redis_url, self._uses_stand_in
        )

    def _count_workers(self) -> int:
        return self._environment.number("WORKERS", 2, 64)

    def _require_ports(self) -> None:
        get = self._environment.get
        require_free(get("WEB_HOST", "127.0.0.1"), self._web_port, "WEB_PORT")
        require_free(get("GATEWAY_HOST", "127.0.0.1"), self._gateway_port, "GATEWAY_PORT")
        if self._uses_stand_in:
            host = get("LOCAL_LIVE_HOST", "127.0.0.1")
            require_free(host, self._stand_in_port, "LOCAL_LIVE_PORT")

    def _after(self, *names: str) -> frozenset[str]:
        """Return those of ``names`` that are started here."""
        started = {"redis"} if self._redis_port else set()
        return frozenset(names) & (started | ({"local-live"} if self._uses_stand_in else set()))

    def _redis(self) -> Service:
        server = redis_server.find_server()
        return Service(
            name="redis",
            command=redis_server.make_command(server, self._redis_port, self._checkout.run_dir),
            environment=self._for_service({}),
            is_healthy=health.redis(self._redis_url),
            is_quiet=True,  # it warns of kernel settings that matter on servers only
        )

    def _stand_in(self) -> Service:
        return Service(
            name="local-live",
            command=_python("local_live"),
            environment=self._for_service({"LOCAL_LIVE_TLS_DIR": str(self._tls_dir)}),
            is_healthy=health.http(
                f"https://localhost:{self._stand_in_port}/healthz", self._tls_dir / "ca.pem"
            ),
        )

    def _worker(self, number: int) -> Service:
        own = {"REDIS_URL": self._redis_url, **self._drain("WORKER_DRAIN_S")}
        if self._uses_stand_in:
            own |= {
                "GOOGLE_GEMINI_BASE_URL": f"https://localhost:{self._stand_in_port}",
                "GEMINI_API_KEY": STAND_IN_KEY,
                "SSL_CERT_FILE": str(self._tls_dir / "bundle.pem"),
                "WORKER_STANDIN": STAND_IN_NAME,
            }
        for_sdk = {
            name: value
            for name, value in self._environment.values.items()
            if name.startswith(SDK_PREFIXES)
        }
        return Service(
            name=f"worker-{number}",
            command=_python("gemini_worker"),
            environment=self._for_service(for_sdk | own),
            is_healthy=health.worker(self._redis_url),
            after=self._after("redis", "local-live"),
            stop_limit_s=float(own["WORKER_DRAIN_S"]) + STOP_MARGIN_S,
        )

    def _gateway(self) -> Service:
        own = {"REDIS_URL": self._redis_url, **self._drain("GATEWAY_DRAIN_S"), **self._origins()}
        return Service(
            name="gateway",
            command=_python("gateway"),
            environment=self._for_service(own),
            is_healthy=health.http(f"{self._reach('GATEWAY_HOST', self._gateway_port)}/readyz"),
            after=self._after("redis"),
            stop_limit_s=float(own["GATEWAY_DRAIN_S"]) + STOP_MARGIN_S,
        )

    def _web(self) -> Service:
        own = {"REDIS_URL": self._redis_url, **self._origins()}
        if self._gateway_port != 9083 and not self._environment.get("WEB_GATEWAY_URL"):
            own["WEB_GATEWAY_URL"] = f"ws://localhost:{self._gateway_port}/v1/live"
        return Service(
            name="web",
            command=_python("web"),
            environment=self._for_service(own),
            is_healthy=health.http(f"{self._reach('WEB_HOST', self._web_port)}/healthz"),
            after=self._after("redis"),
        )

    def _reach(self, setting: str, port: int) -> str:
        """Return the URL of a service of ours, which may listen on all addresses or on one."""
        host = self._environment.get(setting, "127.0.0.1")
        host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - not listened on
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _drain(self, name: str) -> dict[str, str]:
        return {name: str(self._environment.seconds(name, DRAIN_S[name]))}

    def _origins(self) -> dict[str, str]:
        """Let the page connect from the port that it is really on, unless origins are set."""
        if self._web_port == 8000:
            return {}
        here = f"http://localhost:{self._web_port},http://127.0.0.1:{self._web_port}"
        names = ("GATEWAY_ORIGINS", "WEB_ORIGINS")
        return {name: here for name in names if not self._environment.get(name)}

    def _for_service(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return a process's whole environment: this one's, less the secrets, plus its own."""
        inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
        return {**inherited, "PYTHONUNBUFFERED": "1", **own}


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)
