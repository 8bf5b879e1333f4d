"""Media header and stream ids."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codec import HEADER_BYTES, MAX_SEQ, START, Header, Kind, StreamId, decode, encode
from shared.errors import DecodeError
from tests.shared.samples import sample_bytes

headers = st.builds(
    Header,
    kind=st.sampled_from(Kind),
    epoch=st.integers(0, 0xFFFF),
    seq=st.integers(0, MAX_SEQ),
    time_ms=st.floats(allow_nan=False),
    turn=st.integers(0, MAX_SEQ),
    flags=st.integers(0, 0xFF),
)
stream_ids = st.builds(StreamId, st.integers(0, MAX_SEQ), st.integers(0, MAX_SEQ))


@given(headers, st.binary(max_size=100))
def test_what_is_encoded_is_decoded(header: Header, payload: bytes) -> None:
    """A frame comes out of the codec as it went in."""
    frame = encode(header, payload)

    assert len(frame) == HEADER_BYTES + len(payload)
    assert decode(frame) == (header, payload)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_a_decode_error(frame: bytes) -> None:
    """Whatever bytes arrive, the codec raises nothing but `DecodeError`."""
    try:
        header, payload = decode(frame)
    except DecodeError:
        return
    again = encode(header, payload)
    # NaN has many spellings; the rest comes back bit by bit.
    assert (again[:8], again[16:]) == (frame[:8], frame[16:])


@pytest.mark.parametrize("length", range(HEADER_BYTES))
def test_a_frame_without_a_whole_header_is_refused(length: int) -> None:
    """A frame cut off anywhere within its header is refused, and the sender is told the length."""
    whole = Header(Kind.MICROPHONE, 0, 1, 0.0).pack()

    with pytest.raises(DecodeError, match=f"{length} bytes") as refused:
        decode(whole[:length])

    assert refused.value.code == "bad_frame"


@pytest.mark.parametrize("kind", [0, 4, 15, 17, 255])
def test_an_unknown_kind_is_refused(kind: int) -> None:
    """A frame of a kind that the protocol does not have is refused by its number."""
    frame = bytes([kind]) + Header(Kind.MICROPHONE, 0, 1, 0.0).pack()[1:]

    with pytest.raises(DecodeError, match=f"kind {kind}"):
        decode(frame)


@pytest.mark.parametrize(
    ("label", "header", "payload"),
    [
        ("microphone-audio", Header(1, 0, 7, 1_700_000_000_000.0), b"\1\0\xff\x7f\0\x80"),
        ("picture-header", Header(2, 0, 3, 1_700_000_000_000.0), b""),
        ("close-up-header", Header(2, 0, 4, 1_700_000_000_000.0, 3, flags=3), b""),
        ("assistant-audio", Header(3, 2, 42, 1_700_000_000_000.0, 5), b"\0\0\1\0"),
    ],
)
def test_the_samples_of_the_protocol_read_as_documented(
    label: str, header: Header, payload: bytes
) -> None:
    """Each binary sample of docs/protocol.md holds what its name says, in both directions."""
    frame = sample_bytes(label)

    assert decode(frame) == (header, payload)
    assert encode(header, payload) == frame


@given(stream_ids)
def test_an_id_reads_as_it_is_written(stream_id: StreamId) -> None:
    """An id survives text and the bytes that Redis sends."""
    assert StreamId.parse(str(stream_id)) == stream_id
    assert StreamId.parse(str(stream_id).encode()) == stream_id


@given(stream_ids, stream_ids)
def test_ids_order_as_redis_orders_them(one: StreamId, other: StreamId) -> None:
    """The epoch weighs more than the number, and nothing is before `START`."""
    assert (one < other) == (one.epoch * 2**64 + one.seq < other.epoch * 2**64 + other.seq)
    assert one >= START


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "1", "1-", "-1", "1--1", "1-1-1", "+1-1", "1- 1", "1-1\n", "a-b", "1_0-1"),
        *("4294967296-0", "0-4294967296", "99999999999-1", "\u0661-1", "1-\u00b2", "*", "0x1-1"),
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Only two decimal numbers of 32 bits are an id; nothing else gets near a Redis command."""
    with pytest.raises(DecodeError) as refused:
        StreamId.parse(text)

    assert refused.value.code == "bad_message"


def test_bytes_that_are_no_text_are_no_id() -> None:
    """Bytes outside ASCII are refused like any other wrong id."""
    with pytest.raises(DecodeError):
        StreamId.parse(b"\xff-\xfe")


def test_a_wrong_id_is_repeated_in_part_only() -> None:
    """The message shows the beginning of what came, not all of it."""
    with pytest.raises(DecodeError) as refused:
        StreamId.parse("x" * 10_000)

    assert len(refused.value.message) < 100


def test_odd_times_pass_through() -> None:
    """The header carries any double; times are for the client, and nothing here counts on them."""
    header, _ = decode(Header(Kind.PICTURE, 0, 1, math.inf).pack())

    assert header.time_ms == math.inf
