"""Taken ports are noticed, and so is who has them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.errors import CannotGoOn
from deploy.ports import find_free, find_listener, is_taken, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_port_with_a_listener_is_taken(taken: int) -> None:
    """Somebody listens on the same address."""
    assert is_taken("127.0.0.1", taken)


def test_port_is_taken_on_all_addresses_too(taken: int) -> None:
    """To listen on every address would clash with who listens on one."""
    assert is_taken("0.0.0.0", taken)


def test_port_without_a_listener_is_free() -> None:
    """A port that the system has just given out can be listened on."""
    assert not is_taken("127.0.0.1", find_free())


def test_listener_is_named(taken: int) -> None:
    """The process that has the port is told by name and id."""
    assert str(find_listener(taken)).endswith(f"(process {os.getpid()})")


def test_refusal_names_port_holder_and_setting(taken: int) -> None:
    """One sentence has all that is needed to go on."""
    expected = rf"Port {taken} is taken by .+ \(process {os.getpid()}\): stop it, or .* WEB_PORT="

    with pytest.raises(CannotGoOn, match=expected):
        require_free("127.0.0.1", taken, "WEB_PORT")


def test_address_that_is_not_ours_is_told() -> None:
    """An address of another machine is an error of its own, not a taken port."""
    with pytest.raises(CannotGoOn, match=r"Cannot listen on 192\.0\.2\.1:"):
        is_taken("192.0.2.1", find_free())
