"""Errors say what happened in one sentence."""

from __future__ import annotations

import pytest

from shared import errors
from shared.errors import OvershoulderError


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (errors.DecodeError("bad_json", "Not JSON.", "Send JSON.", 4), "bad_json: Not JSON."),
        (errors.BusUnavailable(1.25, "Timeout"), "Redis did not answer for 1.2 s (Timeout)"),
        (errors.SessionGone("abc"), "session abc is over"),
        (errors.Superseded("abc"), "session abc was opened elsewhere"),
        (errors.Fenced("abc"), "session abc is held by another worker"),
    ],
)
def test_an_error_reads_as_a_sentence(error: OvershoulderError, sentence: str) -> None:
    """The text of an error is fit for a log line as it is."""
    assert str(error) == sentence
