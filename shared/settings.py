"""Settings shared by the services, and the check for names that nobody reads."""

from __future__ import annotations

import difflib
import os
import re
import sys
from typing import Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigurationError

LOCAL_ORIGINS = (
    "http://localhost:8000,http://127.0.0.1:8000,http://localhost:8080,http://127.0.0.1:8080"
)
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:[0-9]{1,5})?")
"""As a browser writes it, in lower case with nothing after the port: no other spelling matches."""

_REDIS_URL = re.compile(
    r"rediss?://\S+|unix://\S+|redis\+sentinel://(\S*@)?[^/,:@\s]+:\d+(,[^/,:@\s]+:\d+)*/[^/\s]+(/\d+)?"
)
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


class ServiceSettings(BaseSettings):
    """What every service reads; subclasses add an ``env_prefix`` and their own fields.

    Only a service's ``__main__.py`` builds it, by `load`; everything else receives values.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    redis_url: SecretStr = Field(
        SecretStr("redis://localhost:6379/0"), validation_alias="REDIS_URL"
    )
    """Where the sessions live; `rediss://` for TLS, `redis+sentinel://` for Sentinel; user and
    password in the URL."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="LOG_LEVEL"
    )
    log_format: Literal["text", "json"] = Field("text", validation_alias="LOG_FORMAT")

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, url: SecretStr) -> SecretStr:
        if _REDIS_URL.fullmatch(url.get_secret_value()) is None:
            raise ValueError(
                "not a Redis URL; write redis://host:port/0, rediss://… for TLS, or"
                " redis+sentinel://host:port,host:port/service for Sentinel"
            )
        return url


S = TypeVar("S", bound=ServiceSettings)


def load(settings: type[S]) -> S:
    """Read ``settings`` from the environment and `.env`, or end the process with a sentence.

    A value is never repeated in the message: it may be a secret.
    """
    try:
        check_names(settings, [*os.environ, *dotenv_values(".env")])
        return settings()
    except ConfigurationError as exc:
        refuse(str(exc))
    except ValidationError as exc:
        refuse("; ".join(_explain(settings, error["loc"], error["msg"]) for error in exc.errors()))


def check_names(settings: type[ServiceSettings], names: list[str]) -> None:
    """Refuse a name with our prefix that nobody reads: it is a typing error.

    Raises:
        ConfigurationError: Naming the unknown name and the nearest known one.
    """
    prefix = settings.model_config.get("env_prefix", "")
    if not prefix:
        return
    known = variable_names(settings)
    for name in names:
        if name.upper().startswith(prefix) and name.upper() not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            raise ConfigurationError(f"There is no setting {name}.{hint}")


def variable_names(settings: type[ServiceSettings]) -> list[str]:
    """Return the names of the environment variables that ``settings`` reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return [
        str(field.validation_alias) if field.validation_alias else f"{prefix}{name}".upper()
        for name, field in settings.model_fields.items()
    ]


def parse_origins(text: str) -> frozenset[str]:
    """Split a comma-separated list of origins (``scheme://host[:port]``, nothing after it).

    Raises:
        ConfigurationError: If one is not an origin; `*` is not.
    """
    origins = frozenset(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                f"{origin!r} is not an origin. Write it as a browser does: https://host[:port]."
            )
    return origins


def require_code_beyond_localhost(origins: frozenset[str], access_code: SecretStr) -> None:
    """Refuse to serve other hosts' pages to everybody by accident.

    Raises:
        ConfigurationError: If an origin is not on this machine and no access code is set.
    """
    strangers = sorted(o for o in origins if urlsplit(o).hostname not in _LOCAL_HOSTS)
    if strangers and not access_code.get_secret_value():
        raise ConfigurationError(
            f"Pages from {strangers[0]} may connect, but ACCESS_CODE is empty, so anybody could."
            " Set ACCESS_CODE."
        )


def _explain(settings: type[ServiceSettings], loc: tuple[int | str, ...], message: str) -> str:
    field = str(loc[0]) if loc else ""
    names = dict(zip(settings.model_fields, variable_names(settings), strict=True))
    return f"{names.get(field, field)}: {message}"


def refuse(reason: str) -> NoReturn:
    """End the process before it has started, with one sentence."""
    sys.stderr.write(f"Cannot start: {reason}\n")
    raise SystemExit(2)
