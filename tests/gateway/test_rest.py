"""A parked session is woken by the first thing that its client says, no oftener than it must."""

from __future__ import annotations

import pytest

from gateway.rest import AGAIN_S, Rest

NOON_S = 43_200.0


class Session:
    """What was asked for."""

    def __init__(self, *, is_parked: bool) -> None:
        self.wakes = self.stirs = 0
        self.rest = Rest(self._wake, self._stir, is_parked=is_parked)

    def _wake(self) -> None:
        self.wakes += 1

    def _stir(self) -> None:
        self.stirs += 1


def test_one_that_is_parked_at_check_in_is_woken_once() -> None:
    """By the first thing that is said; what follows finds it under way."""
    session = Session(is_parked=True)
    assert session.rest.is_on

    session.rest.said(NOON_S)

    assert (session.wakes, session.rest.is_on, session.rest.is_parked) == (1, False, False)
    assert session.rest.is_waking
    session.rest.told(is_parked=False)
    assert not session.rest.is_waking


@pytest.mark.parametrize("by", ["the worker", "a touch"])
def test_one_that_is_told_to_be_parked_is_at_rest(by: str) -> None:
    """The worker's last word, and a touch, tell alike."""
    session = Session(is_parked=False)
    if by == "a touch":
        session.rest.found("parked", NOON_S, is_in_line=False)
    else:
        session.rest.told(is_parked=True)
    assert session.rest.is_on

    session.rest.said(NOON_S)

    assert session.wakes == 1


def test_at_rest_with_a_worker_nobody_is_woken() -> None:
    """A connection that was looked after seldom is only looked at soon."""
    session = Session(is_parked=False)
    session.rest.begin()
    assert session.rest.is_on

    session.rest.said(NOON_S)

    assert (session.wakes, session.stirs, session.rest.is_on) == (0, 1, False)


def test_what_was_said_just_before_it_was_parked_wakes_it() -> None:
    """A touch finds it, where the one who said it did not know."""
    session = Session(is_parked=False)

    session.rest.found("unheard", NOON_S, is_in_line=False)

    assert session.wakes == 1
    assert not session.rest.is_parked


def test_one_that_waits_in_line_is_not_put_there_again() -> None:
    """However long the line is; and where its place was lost, after a while."""
    session = Session(is_parked=True)
    session.rest.said(NOON_S)

    session.rest.found("unheard", NOON_S + 1, is_in_line=False)
    session.rest.found("unheard", NOON_S + 100, is_in_line=True)
    assert session.wakes == 1
    session.rest.found("unheard", NOON_S + 101, is_in_line=False)
    session.rest.found("unheard", NOON_S + 101 + AGAIN_S / 2, is_in_line=False)

    assert session.wakes == 2


@pytest.mark.parametrize("status", ["ok", "ended"])
def test_one_that_was_served_meanwhile_is_woken_at_once(status: str) -> None:
    """The pause after a wake-up is over once it has led somewhere."""
    session = Session(is_parked=True)
    session.rest.said(NOON_S)
    session.rest.found(status, NOON_S + 1, is_in_line=False)

    session.rest.found("unheard", NOON_S + 2, is_in_line=False)

    assert session.wakes == 2
