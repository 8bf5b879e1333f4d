"""The protocols of the bench's clients: what they send is what the servers take."""

from __future__ import annotations

import json

import pytest

from bench.marks import REPLY_BYTES
from bench.media import screen_jpeg
from bench.tongues import Live, Native, Tutorial
from gateway.pictures import check_jpeg
from gateway.tutorial import parse_input, parse_setup
from local_live.wire import AudioIn, PictureIn, parse_frame
from shared.codec import Header, Kind, StreamId, decode, encode

JPEG = screen_jpeg()
CHUNK = bytes(range(256)) * 5


def test_the_native_tongue_numbers_what_it_says() -> None:
    """Speech and pictures have counts of their own, and no picture is like the one before."""
    tongue = Native(JPEG, ticket="a-ticket")

    frames = [decode(message) for message in (tongue.speech(CHUNK), tongue.speech(CHUNK))]
    pictures = [decode(tongue.picture()) for _ in range(2)]

    assert [(header.kind, header.seq, data) for header, data in frames] == [
        (Kind.MICROPHONE, 1, CHUNK),
        (Kind.MICROPHONE, 2, CHUNK),
    ]
    assert [header.seq for header, _ in pictures] == [1, 2]
    assert pictures[0][1] != pictures[1][1]
    check_jpeg(pictures[1][1], 2)


def test_the_native_tongue_counts_holes_and_repeats() -> None:
    """Numbers run on by one, also over a change of epoch; anything else is counted."""
    tongue = Native(JPEG)

    for epoch, seq in [(1, 1), (1, 2), (2, 3), (2, 6), (2, 5)]:
        tongue.count(StreamId(epoch, seq))

    assert tongue.faults() == {"holes": 2, "repeats": 1}


def test_the_native_tongue_hears_sound_acks_and_trouble() -> None:
    """Whatever should not come is a problem."""
    tongue = Native(JPEG)
    tongue.speech(CHUNK)
    sound = encode(Header(Kind.ASSISTANT_AUDIO, 1, 1, 0.0, 1), CHUNK)

    assert tongue.heard(sound).pcm16 == CHUNK
    assert tongue.unsettled() == 1
    tongue.heard(b'{"type": "ack", "seq": 1}')
    assert tongue.unsettled() == 0
    assert tongue.heard(b'{"type": "state", "state": "live"}').is_ready
    assert "lost" in tongue.heard(b'{"type": "gap", "what": "lost"}').problem


def test_the_tutorials_door_takes_what_the_tutorial_tongue_says() -> None:
    """Setup, speech and pictures, by the gateway's own parser."""
    tongue = Tutorial(JPEG)

    assert parse_setup(tongue.opening()) is False
    assert [(media.kind, media.data) for media in parse_input(tongue.speech(CHUNK))] == [
        ("audio", CHUNK)
    ]
    first, second = (parse_input(tongue.picture())[0].data for _ in range(2))
    assert first != second
    check_jpeg(second, 2)


def test_the_tutorial_tongue_hears_sound_and_errors() -> None:
    """Text is nothing to it."""
    tongue = Tutorial(JPEG)

    assert tongue.heard(b'{"audio": "AAEC"}').pcm16 == b"\0\1\2"
    assert tongue.heard(b'{"text": "hello"}') == Tutorial(JPEG).heard(b'{"text": "bye"}')
    assert "too_fast" in tongue.heard(b'{"error": {"code": "too_fast"}}').problem


def test_the_live_api_takes_what_the_live_tongue_says() -> None:
    """By the stand-in's own parser."""
    tongue = Live(JPEG)

    assert json.loads(tongue.opening()).keys() == {"setup"}
    speech, picture = parse_frame(tongue.speech(CHUNK)), parse_frame(tongue.picture())
    assert [type(item) for item in (*speech.inputs, *picture.inputs)] == [AudioIn, PictureIn]


@pytest.mark.parametrize("message", [b'{"setupComplete": {}}', b'{"serverContent": {}}'])
def test_the_live_tongue_is_ready_when_set_up(message: bytes) -> None:
    """And only then; the sound is in the parts."""
    data = "AAAA" * (REPLY_BYTES // 3)
    parts = [{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}}]
    turn = json.dumps({"serverContent": {"modelTurn": {"parts": parts}}}).encode()

    assert Live(JPEG).heard(message).is_ready is (b"setupComplete" in message)
    assert Live(JPEG).heard(turn).pcm16 == bytes(REPLY_BYTES)
