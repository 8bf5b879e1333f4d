"""Messages are cut out of a client's bytes as websockets' own parser would have done it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from gateway.framing import Framing, Whole, frame_of

MAX_BYTES = 70_000
LENGTHS = st.one_of(st.integers(0, 200), st.sampled_from([125, 126, 127, 65_535, 65_536]))


def _sent(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def _messages(found: list[Whole | bytes]) -> list[Whole]:
    return [one for one in found if isinstance(one, Whole)]


def _passed(found: list[Whole | bytes]) -> bytes:
    return b"".join(one for one in found if isinstance(one, bytes))


@st.composite
def _frames(draw: st.DrawFn) -> list[Frame]:
    """Return what a well-behaved client may send: messages whole or in pieces, pings in between."""
    frames: list[Frame] = []
    for _ in range(draw(st.integers(1, 8))):
        opcode = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
        data = bytes([draw(st.integers(0, 127))]) * draw(LENGTHS)
        pieces = draw(st.integers(1, 3))
        for piece in range(pieces):
            kind = opcode if piece == 0 else Opcode.CONT
            frames.append(Frame(kind, data[piece::pieces], fin=piece == pieces - 1))
            if draw(st.booleans()):
                frames.append(Frame(Opcode.PING, b"x"))
    return frames


@given(frames=_frames(), data=st.data())
def test_what_is_found_and_what_is_passed_on_is_what_was_sent(
    frames: list[Frame], data: st.DataObject
) -> None:
    """However the bytes are cut, the frames come in their order, each by one of the two ways."""
    sent = b"".join(frame.serialize(mask=True) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    framing = Framing(MAX_BYTES)
    passed = bytearray()
    parsed: list[Frame] = []

    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        for one in framing.feed(sent[start:end]):
            if isinstance(one, Whole):
                opcode = Opcode.TEXT if one.is_text else Opcode.BINARY
                parsed.append(Frame(opcode, one.data))
            else:
                passed += one
                while (frame := _first(passed)) is not None:
                    parsed.append(frame)

    assert [(f.opcode, bytes(f.data), f.fin) for f in parsed] == [
        (f.opcode, f.data, f.fin) for f in frames
    ]


def _first(buffer: bytearray) -> Frame | None:
    """Take the first whole frame out of a buffer, by the book."""
    if len(buffer) < 2:
        return None
    length, at = buffer[1] & 0x7F, 2
    if length >= 126:
        code, size = ("!H", 2) if length == 126 else ("!Q", 8)
        if len(buffer) < 2 + size:
            return None
        (length,), at = struct.unpack_from(code, buffer, 2), 2 + size
    if len(buffer) < at + 4 + length:
        return None
    mask, body = buffer[at : at + 4], buffer[at + 4 : at + 4 + length]
    frame = Frame(
        Opcode(buffer[0] & 0x0F),
        bytes(byte ^ mask[n % 4] for n, byte in enumerate(body)),
        bool(buffer[0] & 0x80),
    )
    del buffer[: at + 4 + length]
    return frame


def test_whole_messages_do_not_reach_the_parser() -> None:
    """Speech and control, the common case, are found without it."""
    sent = _sent(Opcode.BINARY, b"speech") + _sent(Opcode.TEXT, b"{}") + _sent(Opcode.BINARY, b"")

    found = Framing(MAX_BYTES).feed(sent)

    assert found == [Whole(b"speech", False), Whole(b"{}", True), Whole(b"", False)]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(Frame(Opcode.BINARY, b"x" * 10).serialize(mask=False), id="not masked"),
        pytest.param(b"\xc2\x81\0\0\0\0x", id="a reserved bit"),
        pytest.param(b"\x83\x81\0\0\0\0x", id="an unknown opcode"),
        pytest.param(_sent(Opcode.CONT, b"x"), id="a continuation of nothing"),
        pytest.param(_sent(Opcode.PING, b"x"), id="a ping"),
        pytest.param(_sent(Opcode.CLOSE, b"\x03\xe8"), id="a goodbye"),
        pytest.param(_sent(Opcode.BINARY, b"x" * (MAX_BYTES + 1)), id="too large"),
        pytest.param(b"\x82\xff" + b"\xff" * 8, id="a length beyond all bounds"),
    ],
)
def test_everything_else_does(frame: bytes) -> None:
    """The parser knows what to make of it; each byte reaches it, and nothing else does."""
    framing = Framing(MAX_BYTES)

    found = framing.feed(_sent(Opcode.TEXT, b"before") + frame)

    assert _messages(found) == [Whole(b"before", True)]
    assert _passed(found) == frame


def test_a_message_that_interrupts_another_reaches_the_parser() -> None:
    """It is against the protocol, which the parser must see to say so."""
    first, second = _sent(Opcode.TEXT, b"a", fin=False), _sent(Opcode.TEXT, b"b")

    assert Framing(MAX_BYTES).feed(first + second) == [first, second]


def test_a_large_frame_is_passed_on_as_it_comes() -> None:
    """Nothing of it is kept here, however slowly it arrives."""
    framing = Framing(100)
    frame = _sent(Opcode.BINARY, b"x" * 1_000)

    found = [framing.feed(frame[at : at + 10]) for at in range(0, len(frame), 10)]

    assert b"".join(_passed(one) for one in found) == frame
    assert not framing._kept


@given(length=LENGTHS, is_text=st.booleans())
def test_what_is_sent_can_be_read(length: int, is_text: bool) -> None:
    """A client's own parser finds the message in a frame of ours."""
    reader = Protocol(CLIENT, max_size=None)

    reader.receive_data(frame_of(b"x" * length, is_text=is_text))

    (frame,) = reader.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, bytes(frame.data)) == (
        Opcode.TEXT if is_text else Opcode.BINARY,
        b"x" * length,
    )
