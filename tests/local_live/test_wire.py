"""What clients send, read whichever way they spell it."""

from __future__ import annotations

import orjson
import pytest

from local_live import wire
from local_live.errors import Refused
from local_live.fields import to_camel


def frame(**body: object) -> bytes:
    return orjson.dumps(body)


def test_users_own_keys_stay_as_they_are() -> None:
    """Names inside a tool's response, its arguments or a schema are not ours to rewrite."""
    parsed = to_camel(
        {"tool_response": {"function_responses": [{"response": {"is_on": {"deep_er": 1}}}]}}
    )

    assert parsed == {
        "toolResponse": {"functionResponses": [{"response": {"is_on": {"deep_er": 1}}}]}
    }


@pytest.mark.parametrize("text", ["-_8=", "-_8", "+/8=", "+/8"])
def test_base64_of_either_alphabet_with_or_without_padding(text: str) -> None:
    """All four ways to write the same bytes give the same bytes."""
    assert wire.decode_base64(text) == b"\xfb\xff"


@pytest.mark.parametrize("text", ["a", "a=b=", "%%%%", "ä", "AAA A"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    """Nothing is skipped in silence: a wrong sign is an error."""
    with pytest.raises(Refused):
        wire.decode_base64(text)


def test_rate_is_read_from_the_mime_type() -> None:
    """Without a rate the audio is at 16 000 Hz."""
    given = [
        wire.parse_frame(frame(realtimeInput={"audio": {"mimeType": mime, "data": "AQA="}}))
        for mime in ("audio/pcm", "audio/pcm;rate=48000", "audio/pcm; rate=24000")
    ]

    assert [one.inputs for one in given] == [
        (wire.AudioIn(b"\x01\x00", rate_hz),) for rate_hz in (16_000, 48_000, 24_000)
    ]


def test_media_chunks_are_read_and_marked() -> None:
    """The deprecated list is understood, so that models which refuse it can say so."""
    parsed = wire.parse_frame(
        frame(
            realtime_input={
                "media_chunks": [
                    {"mime_type": "audio/pcm", "data": "AQA="},
                    {"mime_type": "image/jpeg", "data": "/9g="},
                ]
            }
        )
    )

    assert parsed.uses_media_chunks
    assert parsed.inputs == (
        wire.AudioIn(b"\x01\x00", 16_000),
        wire.PictureIn(b"\xff\xd8", "image/jpeg"),
    )


def test_signals_that_are_false_are_none() -> None:
    """`audioStreamEnd: false` says nothing."""
    parsed = wire.parse_frame(frame(realtimeInput={"audioStreamEnd": False, "activityStart": {}}))

    assert parsed.inputs == (wire.ActivityStart(),)


def test_content_without_roles_is_the_users() -> None:
    """A missing role is taken for the user's, and noted for models that insist on one."""
    parsed = wire.parse_frame(
        frame(
            clientContent={
                "turns": [{"parts": [{"text": "one"}, {"text": "two"}]}],
                "turnComplete": True,
            }
        )
    )

    assert parsed.inputs == (
        wire.Content((wire.ContentTurn("user", "one\ntwo"),), complete=True, roles_named=False),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"null",
        b'{"realtimeInput":3}',
        b'{"realtimeInput":{"text":3}}',
        b'{"toolResponse":{"functionResponses":{}}}',
        b'{"clientContent":{},"realtimeInput":{}}',
        b'{"realtimeInput":{"audio":{"data":"AAA="}}}',
        b'{"realtimeInput":{"video":{"mimeType":"text/plain","data":"AAA="}}}',
    ],
)
def test_malformed_frames_are_refused_with_1007(raw: bytes) -> None:
    """No shape of input raises anything but a refusal."""
    with pytest.raises(Refused) as caught:
        wire.parse_frame(raw)

    assert caught.value.code == 1007
