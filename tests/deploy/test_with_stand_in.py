"""Whom a worker in a container talks to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

WITH_STAND_IN = Path(__file__).parents[2] / "deploy" / "with-stand-in"
STAND_IN = {"STAND_IN_URL": "https://local-live:9443", "STAND_IN_CERTIFICATES": "/tls/bundle.pem"}


def run_with(**given: str) -> dict[str, str]:
    """The environment that the worker's command gets."""
    environment = {"PATH": "/usr/bin:/bin", **STAND_IN, **given}
    answer = subprocess.run(
        [WITH_STAND_IN, "env"], env=environment, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", maxsplit=1) for line in answer.stdout.splitlines())


@pytest.mark.parametrize("given", [{}, {"GEMINI_API_KEY": ""}, {"GOOGLE_GENAI_USE_VERTEXAI": "0"}])
def test_stand_in_answers_where_nothing_is_given(given: dict[str, str]) -> None:
    """Compose hands on empty values too; they count as none."""
    told = run_with(**given)

    assert told["GOOGLE_GEMINI_BASE_URL"] == STAND_IN["STAND_IN_URL"]
    assert told["SSL_CERT_FILE"] == STAND_IN["STAND_IN_CERTIFICATES"]
    assert told["GEMINI_API_KEY"] == "local-stand-in"


@pytest.mark.parametrize(
    "given",
    [
        {"GEMINI_API_KEY": "k"},
        {"GOOGLE_API_KEY": "k"},
        {"GOOGLE_GEMINI_BASE_URL": "https://example.org"},
        {"GOOGLE_GENAI_USE_VERTEXAI": "true"},
    ],
)
def test_what_is_given_is_left_alone(given: dict[str, str]) -> None:
    """With a key, Vertex AI or an endpoint, the SDK gets just that, and the usual certificates."""
    told = run_with(**given)

    assert {name: told[name] for name in given} == given
    assert "SSL_CERT_FILE" not in told
    assert told.get("GOOGLE_GEMINI_BASE_URL") == given.get("GOOGLE_GEMINI_BASE_URL")
