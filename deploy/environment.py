"""What the environment and `.env` ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import CannotGoOn

SECRETS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS")
"""Names that no process but the worker is given."""
SDK_PREFIXES = ("GEMINI_", "GOOGLE_", "SSL_CERT_")
"""What the SDK reads from the environment by itself, so `.env` has to be put there for it."""


def read_env_file(path: Path) -> dict[str, str]:
    """Return the names and values in a `.env` file; nothing if there is no such file.

    Understands what python-dotenv does in the cases that `.env.example` shows: comments,
    `export`, and quotes. That package is not installed yet when this is read first.
    """
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = _without_comment(value.strip())
    return values


def _without_comment(value: str) -> str:
    if value[:1] in {"'", '"'}:
        return value[1:].partition(value[0])[0]
    if value.startswith("#"):
        return ""
    return value.partition(" #")[0].rstrip()


@dataclass(frozen=True)
class Environment:
    """The merged settings: the environment wins over `.env`, and empty means unset."""

    values: Mapping[str, str]

    @classmethod
    def read(cls, environ: Mapping[str, str], env_file: Path) -> Environment:
        """Merge ``environ`` and what stands in ``env_file``."""
        merged = read_env_file(env_file) | {name: value for name, value in environ.items() if value}
        return cls({name: value for name, value in merged.items() if value})

    def get(self, name: str, default: str = "") -> str:
        """Return the value of ``name``, or ``default`` where it is not set."""
        return self.values.get(name, default)

    def number(self, name: str, default: int, highest: int) -> int:
        """Return a setting that is a whole number from 1 to ``highest``.

        Raises:
            CannotGoOn: If it is something else.
        """
        text = self.get(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= highest:
            raise CannotGoOn(f"{name} must be a whole number from 1 to {highest}.")
        return int(text)

    def port(self, name: str, default: int) -> int:
        """Return a setting that is a TCP port."""
        return self.number(name, default, 65535)

    def seconds(self, name: str, default: float) -> float:
        """Return a setting that is a time in seconds.

        Raises:
            CannotGoOn: If it is something else.
        """
        try:
            return float(self.get(name, str(default)))
        except ValueError:
            raise CannotGoOn(f"{name} must be a number of seconds.") from None

    @property
    def talks_to_gemini(self) -> bool:
        """Whether somebody brought a key, Vertex AI or an endpoint: no stand-in is needed then."""
        vertex = self.get("GOOGLE_GENAI_USE_VERTEXAI").lower() in {"1", "true"}
        keys = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL")
        return vertex or any(self.get(name) for name in keys)
