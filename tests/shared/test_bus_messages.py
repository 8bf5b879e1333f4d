"""What crosses Redis, held to the samples of docs/protocol.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from shared.bus_messages import DOWNLINK, MAX_TEXT_CHARS, UPLINK, HistoryTurn
from shared.codec import MAX_SEQ
from tests.shared.samples import Sample, samples

_GATEWAYS_OWN = {"ready", "ack", "pong", "error"}
_NOT_STORED = {"hello", "ping"}


def _of(side: str, without: set[str]) -> list[Sample]:
    return [
        sample for sample in samples("json", side) if json.loads(sample.body)["type"] not in without
    ]


@pytest.mark.parametrize("sample", _of("client ", _NOT_STORED), ids=lambda one: one.label)
def test_what_a_client_says_is_read_and_stored_as_documented(sample: Sample) -> None:
    """Each numbered message of a client comes out of the model as it went in."""
    message = UPLINK.validate_json(sample.body)

    assert json.loads(message.model_dump_json(exclude_none=True)) == json.loads(sample.body)


@pytest.mark.parametrize("sample", _of("gateway ", _GATEWAYS_OWN), ids=lambda one: one.label)
def test_what_a_worker_says_is_read_and_written_as_documented(sample: Sample) -> None:
    """Each message of a worker comes out of the model as it went in."""
    message = DOWNLINK.validate_json(sample.body)

    assert json.loads(message.model_dump_json(exclude_none=True)) == json.loads(sample.body)


@pytest.mark.parametrize("sample", samples("json", "gateway ready-resumed"))
def test_history_is_read_as_documented(sample: Sample) -> None:
    """The finished turns in `ready` are what the worker stores as history."""
    for turn in json.loads(sample.body)["history"]:
        assert json.loads(HistoryTurn.model_validate(turn).model_dump_json()) == turn


@pytest.mark.parametrize(
    "changed",
    [
        {"seq": 0},
        {"seq": -1},
        {"seq": MAX_SEQ + 1},
        {"seq": 2**63},
        {"seq": "1"},
        {"seq": 1.5},
        {"seq": True},
        {"seq": None},
        {"seq": float("nan")},
        {"text": ""},
        {"text": "x" * (MAX_TEXT_CHARS + 1)},
        {"text": 5},
        {"text": ["a"]},
        {"picture": -1},
        {"picture": "3"},
        {"typ": "text"},
        {"id": "1-1"},
        {"type": "texts"},
        {"type": 1},
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(changed: dict[str, Any]) -> None:
    """Numbers out of range, values of another type and fields that nobody knows are refused."""
    right = {"type": "text", "seq": 1, "text": "Hello", "picture": 1}
    assert UPLINK.validate_json(json.dumps(right))

    with pytest.raises(ValidationError):
        UPLINK.validate_json(json.dumps({**right, **changed}))


@pytest.mark.parametrize("played_ms", ["5", True, -1, float("nan"), float("inf"), 1e12], ids=str)
def test_a_wrong_time_is_refused(played_ms: object) -> None:
    """What was heard is a number of ms within a day."""
    message = {"type": "played", "seq": 1, "turn": 1, "played_ms": played_ms}

    with pytest.raises(ValidationError):
        UPLINK.validate_json(json.dumps(message))
