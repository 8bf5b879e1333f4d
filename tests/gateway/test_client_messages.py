"""What crosses the browser socket, held to the samples of docs/protocol.md."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client_messages import (
    Ack,
    CloseCode,
    Error,
    Hello,
    Ping,
    Pong,
    Ready,
    parse,
)
from shared.bus_messages import Message
from shared.errors import DecodeError
from tests.shared.samples import Sample, samples
from tests.support.processes import ROOT

_OWN: dict[str, type[Message]] = {"ready": Ready, "ack": Ack, "pong": Pong, "error": Error}
_HELLO = json.loads(samples("json", "client hello")[0].body)


@pytest.mark.parametrize("sample", samples("json", "client "), ids=lambda one: one.label)
def test_every_message_of_a_client_is_read_as_documented(sample: Sample) -> None:
    """Each sample of a client comes out of the parser as it went in."""
    message = parse(sample.body)

    written = json.loads(message.model_dump_json(exclude_unset=True))
    assert {"type": message.type, **written} == json.loads(sample.body)


@pytest.mark.parametrize(
    "sample",
    [one for one in samples("json", "gateway ") if json.loads(one.body)["type"] in _OWN],
    ids=lambda one: one.label,
)
def test_every_message_of_the_gateway_is_written_as_documented(sample: Sample) -> None:
    """Each sample that is the gateway's own comes out of the model as it went in."""
    body = json.loads(sample.body)

    message = _OWN[body["type"]].model_validate(body)

    assert json.loads(message.model_dump_json(exclude_none=True)) == body


def test_the_limits_in_the_document_are_the_limits() -> None:
    """What `ready` tells the client is what the document says it is."""
    documented = json.loads(samples("json", "gateway ready")[0].body)["limits"]
    ready = Ready(session="s", token="t", resumed=False, last_seq=0, last_picture=0)

    assert json.loads(ready.limits.model_dump_json()) == documented


def test_every_close_code_is_documented() -> None:
    """The table of close codes and the codes that are used are the same."""
    text = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    table = text[text.index("## Close codes") :]

    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", table, re.MULTILINE)} == set(
        CloseCode
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_json"),
        ("hello", "bad_json"),
        ("{", "bad_json"),
        ('{"type": "ping", "time_ms": 1}}', "bad_json"),
        ("[" * 100_000, "bad_json"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "bad_json"),
        ('{"type": "text", "seq": 1, "text": "\\ud800"}', "bad_json"),
        ("null", "bad_json"),
        ("[]", "bad_json"),
        ('"hello"', "bad_json"),
        ("5", "bad_json"),
        ("{}", "bad_message"),
        ('{"type": null}', "bad_message"),
        ('{"type": "nonsense"}', "bad_message"),
        ('{"type": ["ping"]}', "bad_message"),
        ('{"type": "' + "x" * 10_000 + '"}', "bad_message"),
        ('{"type": "ack", "seq": 1, "picture": 1}', "bad_message"),
        ('{"type": "ping"}', "bad_message"),
        ('{"type": "ping", "time_ms": NaN}', "bad_message"),
        ('{"type": "ping", "time_ms": Infinity}', "bad_message"),
        ('{"type": "ping", "time_ms": "5"}', "bad_message"),
        ('{"type": "ping", "time_ms": true}', "bad_message"),
        ('{"type": "ping", "time_ms": 1, "extra": 1}', "bad_message"),
        ('{"type": "text", "seq": 9223372036854775808, "text": "x"}', "bad_message"),
        ('{"type": "text", "seq": ' + "9" * 400 + ', "text": "x"}', "bad_message"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_message_is_refused(text: str, code: str) -> None:
    """Broken or too deep JSON is told apart from a message that is wrong in a field."""
    with pytest.raises(DecodeError) as refused:
        parse(text)

    assert refused.value.code == code
    assert len(refused.value.message) < 500


@pytest.mark.parametrize(
    ("seq", "text"),
    [
        (4, '{"type": "text", "seq": 4, "text": ""}'),
        (4, '{"type": "nonsense", "seq": 4}'),
        (None, '{"type": "text", "text": "x"}'),
        (None, '{"type": "text", "seq": "4", "text": "x"}'),
        (None, '{"type": "text", "seq": -4, "text": "x"}'),
        (None, '{"type": "text", "seq": true, "text": "x"}'),
        (None, "{"),
    ],
)
def test_a_refusal_names_the_message_by_its_number(seq: int | None, text: str) -> None:
    """The client learns which of its messages is meant, if that had a number at all."""
    with pytest.raises(DecodeError) as refused:
        parse(text)

    assert refused.value.seq == seq


def test_a_refusal_names_the_field_and_not_the_value() -> None:
    """What the user typed, or a ticket, does not come back in an error."""
    with pytest.raises(DecodeError) as refused:
        parse(json.dumps({**_HELLO, "ticket": "secret" * 1_000}))

    assert "ticket" in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    "changed",
    [
        {"options": {"temperature": 1}},
        {"options": None},
        {"resume": {"session": "x" * 65, "token": "t"}},
        {"resume": {"session": "s", "token": "t" * 129}},
        {"resume": {"session": "s", "token": "t", "last": "1" * 33}},
        {"resume": {"session": "s"}},
        {"ticket": 5},
        {"ticket": None},
        {"user": "root"},
    ],
    ids=str,
)
def test_a_wrong_hello_is_refused(changed: dict[str, Any]) -> None:
    """A greeting has its fields and no others, of a bounded length."""
    assert isinstance(parse(json.dumps(_HELLO)), Hello)

    with pytest.raises(DecodeError) as refused:
        parse(json.dumps({**_HELLO, **changed}))

    assert refused.value.code == "bad_message"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_almost = st.dictionaries(
    st.sampled_from(["type", "seq", "text", "active", "time_ms", "ticket", "turn", "picture"]),
    st.sampled_from(["text", "talk", "share", "ping", "end", "hello", "played"]) | _json,
)


@given(_almost | _json)
def test_any_json_is_a_message_or_a_decode_error(value: object) -> None:
    """Whatever JSON arrives, it is one of our messages or a `DecodeError`."""
    try:
        message = parse(json.dumps(value))
    except DecodeError as exc:
        code = exc.code
    else:
        code = message.type

    assert code in {
        *("bad_json", "bad_message", "hello", "ping"),
        *("text", "talk", "microphone", "share", "played", "stop", "tool_result", "end"),
    }


def test_a_ping_may_count_in_whole_ms() -> None:
    """`Date.now()` has no fraction; that is a number too."""
    assert parse('{"type": "ping", "time_ms": 1700000000000}') == Ping(time_ms=1_700_000_000_000.0)
