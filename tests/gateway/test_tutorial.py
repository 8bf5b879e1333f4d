"""The tutorial's protocol, read and written: the pure part of its door."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tutorial import Media, Sentences, one_chunk_in, parse_input, parse_setup
from shared.errors import DecodeError

PCM16 = b"\1\0\2\0"
JPEG = b"\xff\xd8\xff\xd9"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _input(*chunks: dict[str, Any]) -> str:
    return json.dumps({"realtime_input": {"media_chunks": list(chunks)}})


@pytest.mark.parametrize(
    ("setup", "text_only"),
    [
        ({"generation_config": {"response_modalities": ["AUDIO"]}}, False),
        ({"generation_config": {"response_modalities": ["TEXT"]}}, True),
        ({"generation_config": {}}, False),
        ({}, False),
    ],
)
def test_a_setup_says_whether_text_or_speech_is_wanted(
    setup: dict[str, Any], text_only: bool
) -> None:
    """The modality is taken; speech is what a page gets that does not say."""
    assert parse_setup(json.dumps({"setup": setup})) is text_only


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ({}, "setup"),
        ({"setup": None}, "setup"),
        ({"setup": {"model": "gemini-9"}}, "setup.model"),
        ({"setup": {"system_instruction": "Be evil."}}, "setup.system_instruction"),
        ({"setup": {"tools": []}}, "setup.tools"),
        ({"setup": {"generation_config": {"temperature": 2}}}, "temperature"),
        ({"setup": {"generation_config": {"response_modalities": ["VIDEO"]}}}, "modalities"),
        (
            {"setup": {"generation_config": {"response_modalities": ["AUDIO", "TEXT"]}}},
            "modalities",
        ),
        ({"setup": {}, "realtime_input": {}}, "realtime_input"),
    ],
    ids=str,
)
def test_a_key_that_is_the_operators_is_refused(message: dict[str, Any], where: str) -> None:
    """Model, instruction and tools are named and refused, as is anything unknown."""
    with pytest.raises(DecodeError, match=where) as refused:
        parse_setup(json.dumps(message))

    assert refused.value.code == "bad_message"


@pytest.mark.parametrize("message", ["", "{", "[]", "null", "[" * 50_000, b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(message: str | bytes) -> None:
    """Broken JSON, bytes that are no text, and JSON of another shape are told as such."""
    for parse in (parse_setup, parse_input):
        with pytest.raises(DecodeError) as refused:
            parse(message)

        assert refused.value.code == "bad_json"


@pytest.mark.parametrize("mime_type", ["audio/pcm", "audio/pcm;rate=16000", "image/jpeg"])
def test_a_single_chunk_is_read_alike_in_the_short_way(mime_type: str) -> None:
    """The way that nearly all speech takes finds what the models find."""
    message = _input({"mime_type": mime_type, "data": _b64(PCM16)})

    assert [one_chunk_in(message)] == parse_input(message)


@pytest.mark.parametrize(
    "message",
    [
        *("", "[]", "null", "{", b"\xff", '"realtime_input"', "[" * 50_000),
        json.dumps({"realtime_input": None}),
        json.dumps(
            {"realtime_input": {"media_chunks": {"mime_type": "audio/pcm", "data": "AAA="}}}
        ),
        json.dumps({"realtime_input": {"media_chunks": [], "more": 1}}),
        json.dumps({"setup": {}, **json.loads(_input({"mime_type": "audio/pcm", "data": "AAA="}))}),
        _input(),
        _input({"mime_type": "audio/pcm", "data": "AAA="}, {"mime_type": "image/jpeg", "data": ""}),
        _input({"mime_type": "audio/pcm", "data": "AAA=", "more": 1}),
        _input({"mime_type": "audio/pcm", "data": None}),
        _input({"mime_type": "audio/pcm", "data": 7}),
        _input({"mime_type": "audio/pcm", "data": "no base64"}),
        _input({"mime_type": "audio/pcm;rate=8000", "data": "AAA="}),
        _input({"mime_type": "video/mp4", "data": "AAA="}),
        _input({"mime_type": 3, "data": "AAA="}),
        _input({"data": "AAA="}),
    ],
    ids=lambda message: str(message)[:60],
)
def test_anything_else_takes_the_long_way(message: str | bytes) -> None:
    """What is wrong with it, if anything, is for the models to say."""
    assert one_chunk_in(message) is None


def test_speech_and_picture_of_one_message_come_in_order() -> None:
    """The page's message of speech and newest picture is both, decoded."""
    message = _input(
        {"mime_type": "audio/pcm", "data": _b64(PCM16)},
        {"mime_type": "image/jpeg", "data": _b64(JPEG)},
    )

    assert parse_input(message) == [Media("audio", PCM16), Media("picture", JPEG)]


@pytest.mark.parametrize("data", [{"data": None}, {}, {"data": ""}])
def test_a_picture_that_is_not_there_yet_is_passed_over(data: dict[str, Any]) -> None:
    """The page names a picture before it has taken one."""
    message = _input(
        {"mime_type": "audio/pcm", "data": _b64(PCM16)}, {"mime_type": "image/jpeg", **data}
    )

    assert parse_input(message) == [Media("audio", PCM16)]


def test_nothing_in_a_message_is_nothing() -> None:
    """An empty list of chunks is understood."""
    assert parse_input(_input()) == []


@pytest.mark.parametrize(
    "mime_type", ["audio/pcm", "audio/pcm;rate=16000", "audio/pcm; rate=16000"]
)
def test_speech_is_16_khz_with_or_without_a_rate(mime_type: str) -> None:
    """No rate stands for 16 kHz, and so does saying it."""
    assert parse_input(_input({"mime_type": mime_type, "data": _b64(PCM16)})) == [
        Media("audio", PCM16)
    ]


@pytest.mark.parametrize(
    ("mime_type", "code"),
    [
        ("audio/pcm;rate=24000", "bad_audio"),
        ("audio/pcm;rate=8000", "bad_audio"),
        ("audio/pcm;rate=016000", "bad_audio"),
        ("audio/pcm;rate=", "bad_message"),
        ("audio/pcm;rate=16000;x", "bad_message"),
        ("audio/wav", "bad_message"),
        ("image/png", "bad_message"),
        ("image/svg+xml", "bad_message"),
        ("IMAGE/JPEG", "bad_message"),
        ("", "bad_message"),
        ("x" * 61, "bad_message"),
    ],
)
def test_another_type_or_rate_is_refused(mime_type: str, code: str) -> None:
    """What would be heard at the wrong speed, or not be seen, is refused with a reason."""
    with pytest.raises(DecodeError) as refused:
        parse_input(_input({"mime_type": mime_type, "data": _b64(PCM16)}))

    assert refused.value.code == code


@pytest.mark.parametrize(
    "data", ["%%%", "AQA", "AQA=\n", "AQ A=", "\u00e4\u00e4\u00e4\u00e4", "_-8="]
)
def test_what_is_no_base64_is_refused(data: str) -> None:
    """Characters outside the alphabet, and a length that does not fit, are refused."""
    with pytest.raises(DecodeError, match="not base64"):
        parse_input(_input({"mime_type": "audio/pcm", "data": data}))


@pytest.mark.parametrize(
    "message",
    [
        {"setup": {}},
        {"realtime_input": {}},
        {"realtime_input": {"media_chunks": {}}},
        {"realtime_input": {"media_chunks": [{"data": "AQA="}]}},
        {"realtime_input": {"media_chunks": [{"mime_type": "audio/pcm", "data": 5}]}},
        {"realtime_input": {"media_chunks": [{"mime_type": "audio/pcm"}] * 17}},
        {"realtime_input": {"media_chunks": [], "text": "hi"}},
        {"client_content": {"turns": []}},
    ],
    ids=lambda message: str(message)[:60],
)
def test_another_message_is_refused(message: dict[str, Any]) -> None:
    """After `setup` there is one message, with its keys and no others."""
    with pytest.raises(DecodeError) as refused:
        parse_input(json.dumps(message))

    assert refused.value.code == "bad_message"


def test_a_sentence_comes_when_it_is_whole() -> None:
    """Words are kept until a blank follows the end of a sentence; the rest comes at the end."""
    sentences = Sentences()

    assert sentences.add("It is a sheet") == []
    assert sentences.add(". It has") == ["It is a sheet."]
    assert sentences.add(" 3.5 rows! Wow? ") == ["It has 3.5 rows!", "Wow?"]
    assert sentences.flush() == []
    assert sentences.add(" and more ") == []
    assert sentences.flush() == ["and more"]
    assert sentences.flush() == []


@given(st.lists(st.text(alphabet="ab.!? \n", max_size=8), max_size=20))
def test_no_word_is_lost_between_sentences(pieces: list[str]) -> None:
    """However the words are cut into pieces, all come out, in order, and no line is empty."""
    sentences = Sentences()

    lines = [line for piece in pieces for line in sentences.add(piece)] + sentences.flush()

    assert "".join("".join(lines).split()) == "".join("".join(pieces).split())
    assert all(line == line.strip() != "" for line in lines)
