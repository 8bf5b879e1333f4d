"""Log lines: media and secrets stay out, both formats are readable."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared import log


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.usefixtures("_logging_as_before")
def test_a_json_line_holds_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one JSON object with service, level, time and the caller's fields."""
    log.configure(service="gateway", log_format="json")

    structlog.get_logger().info("client checked in", session="abc", frame=b"\0" * 640)

    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "client checked in"
    assert (line["service"], line["level"], line["session"]) == ("gateway", "info", "abc")
    assert line["frame"] == "<640 bytes>"


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_shows_no_values(
    log_format: log.LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    """A logged error has its traceback, and none of the variables on the way."""
    log.configure(service="gateway", log_format=log_format)
    secret = "hunter" + "2" * 3

    # The value itself stands nowhere in this file, so only a shown variable could print it.
    try:
        int(secret[:1])
    except ValueError:
        structlog.get_logger().exception("unforeseen")

    written = capsys.readouterr().err
    assert "test_log.py" in written
    assert "ValueError" in written
    assert secret not in written


@pytest.mark.usefixtures("_logging_as_before")
def test_libraries_write_in_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of a library is one of ours, and chatter of the noisy ones is left out."""
    log.configure(service="web", log_format="json")

    logging.getLogger("httpx").info("GET https://host/?key=secret")
    logging.getLogger("elsewhere").warning("careful")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "careful"
