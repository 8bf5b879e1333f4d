"""A message past websockets is the frame that a server's parser expects."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from gemini_worker.gemini_frame import client_frame, frame_in_pieces


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 1_700, 65_535, 65_536, 80_000])
def test_a_server_reads_what_was_sent(length: int) -> None:
    """At every kind of length: one whole, masked text message."""
    text = bytes(n % 128 for n in range(length))
    server = Protocol(SERVER, max_size=None)

    server.receive_data(client_frame(text))

    assert server.parser_exc is None
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, text)


@pytest.mark.parametrize("sizes", [[], [0], [1], [3, 5, 0, 7], [39, 8_192, 8_192, 17], [70_001, 2]])
def test_pieces_make_one_frame(sizes: list[int]) -> None:
    """Pieces of whatever length are one whole message."""
    pieces = [bytes((at + n) % 128 for n in range(size)) for at, size in enumerate(sizes)]
    server = Protocol(SERVER, max_size=None)

    server.receive_data(b"".join(frame_in_pieces(sum(sizes), pieces)))

    assert server.parser_exc is None
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"".join(pieces))


def test_masks_differ() -> None:
    """No two frames are masked alike."""
    assert len({client_frame(b"x") for _ in range(20)}) > 1
    assert len({b"".join(frame_in_pieces(1, [b"x"])) for _ in range(20)}) > 1
