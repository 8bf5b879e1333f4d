"""A listening socket, or one plain sentence."""

from __future__ import annotations

import socket

import pytest

from shared.errors import ConfigurationError
from shared.listen import SEND_BUFFER_BYTES, listen


def test_the_system_chooses_a_port() -> None:
    """Port 0 listens somewhere, and clients' sockets inherit the small send buffer."""
    with listen("127.0.0.1", 0, "ANY_PORT") as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0] as accepted:
            # Linux doubles what is asked for.
            buffer_bytes = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

    assert port > 0
    assert buffer_bytes <= 2 * SEND_BUFFER_BYTES


def test_a_taken_port_is_told_in_a_sentence() -> None:
    """A port that somebody has names itself and the setting that changes it."""
    with listen("127.0.0.1", 0, "ANY_PORT") as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError, match=rf"Port {port} .* set ANY_PORT\."):
            listen("127.0.0.1", port, "ANY_PORT")
