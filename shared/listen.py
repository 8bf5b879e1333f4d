"""A listening socket, or one plain sentence."""

from __future__ import annotations

import socket

from shared.errors import ConfigurationError

SEND_BUFFER_BYTES = 65_536
"""Of each client's socket. The system's default of 4 MB would swallow 89 s of speech before anybody
notices that a client has stopped reading."""


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port`` (0: one that the system chooses).

    Raises:
        ConfigurationError: If it cannot; ``setting`` names the variable that changes the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
    except OSError as exc:
        listening.close()
        raise ConfigurationError(
            f"Port {port} on {host} cannot be used ({exc.strerror}). Free it, or set {setting}."
        ) from exc
    listening.listen(2_048)
    return listening
