"""`.env.example` and docker-compose.yml know the settings that the services know."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.settings import GatewaySettings
from gemini_worker.settings import WorkerSettings
from local_live.settings import LocalLiveSettings
from shared.settings import ServiceSettings, variable_names
from web.settings import WebSettings

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "gemini-worker": WorkerSettings,
    "web": WebSettings,
    "local-live": LocalLiveSettings,
}
OF_THE_SDK = {
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
    "SSL_CERT_FILE",
}
OF_THE_LAUNCHER = {"WORKERS"}
OF_COMPOSE = {"COMPOSE_FILE"}
FIXED_IN_IMAGES = {
    *("GATEWAY_HOST", "GATEWAY_PORT", "WEB_HOST", "WEB_PORT", "WEB_STATIC_DIR"),
    *("LOCAL_LIVE_HOST", "LOCAL_LIVE_PORT", "LOCAL_LIVE_TLS_DIR"),
    *("LOCAL_LIVE_SPEECH_MODEL", "LOCAL_LIVE_VOICE_MODEL"),  # paths that no image has
}


def read_example() -> dict[str, str]:
    """Names and defaults in `.env.example`."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))


def read_compose(service: str) -> str:
    """The part of docker-compose.yml that is about ``service``."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return re.split(r"^  [\w-]+:\n", text.split(f"\n  {service}:\n")[1], flags=re.MULTILINE)[0]


def handed_on(service: str) -> set[str]:
    """Names in the environment of ``service`` in docker-compose.yml."""
    return set(re.findall(r"^      ([A-Z_]+):", read_compose(service), re.MULTILINE))


def write_default(value: object) -> str:
    """A default as one would write it in `.env`."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_example_has_every_setting_with_its_default(settings: type[ServiceSettings]) -> None:
    """What one reads in `.env.example` is what happens without it."""
    fields = settings.model_fields.values()
    defaults = {
        name: write_default(field.default)
        for name, field in zip(variable_names(settings), fields, strict=True)
    }
    defaults |= {"WEB_STATIC_DIR": ""} if "WEB_STATIC_DIR" in defaults else {}

    example = read_example()

    assert {name: example.get(name) for name in defaults} == defaults


def test_example_names_nothing_else() -> None:
    """A name that nobody reads would be found out only by its doing nothing."""
    known = OF_THE_SDK | OF_THE_LAUNCHER | OF_COMPOSE
    known = known.union(*map(variable_names, SETTINGS.values()))
    for path in (ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.domain.yml"):
        known |= set(re.findall(r"\$\{([A-Z_]+)", path.read_text(encoding="utf-8")))

    assert read_example().keys() - known == set()


def test_every_name_in_the_example_is_explained() -> None:
    """Above each name, or the group that it is in, stands what it means."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

    for above, line in itertools.pairwise(lines):
        if re.match(r"#[A-Z_]+=", line):
            assert above.startswith("#"), line
            assert not above.startswith("# ---"), line


@pytest.mark.parametrize(("service", "settings"), SETTINGS.items())
def test_compose_hands_on_every_setting(service: str, settings: type[ServiceSettings]) -> None:
    """A setting in `.env` has its effect under compose too."""
    wanted = set(variable_names(settings)) - FIXED_IN_IMAGES
    wanted -= {"REDIS_URL"} if service == "local-live" else set()

    assert wanted - handed_on(service) == set()


@pytest.mark.parametrize(("service", "settings"), SETTINGS.items())
def test_compose_hands_on_nothing_unknown(service: str, settings: type[ServiceSettings]) -> None:
    """Services refuse names with their prefix that they do not know."""
    known = {*variable_names(settings), "STAND_IN_URL", "STAND_IN_CERTIFICATES"}
    known |= OF_THE_SDK if service == "gemini-worker" else set()

    assert handed_on(service) - known == set()


@pytest.mark.parametrize("service", ["caddy", "gateway", "web", "local-live", "redis"])
def test_key_reaches_the_worker_alone(service: str) -> None:
    """No other container is told the key, under any name."""
    assert not re.search(r"API_KEY", read_compose(service))


@pytest.mark.parametrize("service", ["gateway", "gemini-worker", "web", "local-live", "redis"])
def test_only_caddy_is_published(service: str) -> None:
    """There is one door."""
    assert "ports:" not in read_compose(service)


@pytest.mark.parametrize("service", ["redis", "local-live"])
def test_redis_and_stand_in_are_on_internal_networks_only(service: str) -> None:
    """Neither can be reached from outside, nor reach it."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    networks = re.findall(r"networks: \[(.*)\]", read_compose(service))[0].split(", ")

    assert [name for name in networks if f"\n  {name}:\n    internal: true" not in text] == []
