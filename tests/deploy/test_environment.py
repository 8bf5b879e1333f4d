"""What `.env` and the environment mean to the launcher."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from deploy.environment import Environment, read_env_file
from deploy.errors import CannotGoOn

ENV_FILE = """\
# a comment
GEMINI_API_KEY=abc123
export GEMINI_MODEL="gemini-3.8-live" # newest
WEB_PORT=8001 # ours
LOG_LEVEL=

QUOTED='with # sign'
"""


def test_env_file_is_read_as_the_services_read_it(tmp_path: Path) -> None:
    """The launcher's own reader agrees with python-dotenv, which the services use."""
    path = tmp_path / ".env"
    path.write_text(ENV_FILE, encoding="utf-8")

    assert read_env_file(path) == dotenv_values(path)


def test_missing_env_file_says_nothing(tmp_path: Path) -> None:
    """A checkout without `.env` is the usual case."""
    assert read_env_file(tmp_path / ".env") == {}


def test_environment_wins_and_empty_means_unset(tmp_path: Path) -> None:
    """A name in the environment hides the one in `.env`, unless it is empty."""
    path = tmp_path / ".env"
    path.write_text("WEB_PORT=1\nLOG_LEVEL=DEBUG\n", encoding="utf-8")

    environment = Environment.read({"WEB_PORT": "2", "LOG_LEVEL": ""}, path)

    assert (environment.get("WEB_PORT"), environment.get("LOG_LEVEL")) == ("2", "DEBUG")


@pytest.mark.parametrize(
    ("values", "talks"),
    [
        ({}, False),
        ({"GEMINI_API_KEY": "k"}, True),
        ({"GOOGLE_API_KEY": "k"}, True),
        ({"GOOGLE_GEMINI_BASE_URL": "https://example.org"}, True),
        ({"GOOGLE_GENAI_USE_VERTEXAI": "True"}, True),
        ({"GOOGLE_GENAI_USE_VERTEXAI": "false"}, False),
    ],
)
def test_stand_in_is_for_those_without_a_key(values: dict[str, str], talks: bool) -> None:
    """A key, an endpoint or Vertex AI means that no stand-in is wanted."""
    assert Environment(values).talks_to_gemini is talks


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "80.5"])
def test_port_that_is_none_is_refused_by_name(text: str) -> None:
    """The sentence names the setting, so that one knows where to look."""
    with pytest.raises(CannotGoOn, match=r"WEB_PORT must be a whole number from 1 to 65535"):
        Environment({"WEB_PORT": text}).port("WEB_PORT", 8000)
