"""Who a browser is, and whether whoever sits there may come in."""

from __future__ import annotations

import pytest

from shared.errors import TicketRefused
from shared.tickets import check, sign
from web.membership import Members

KEY = b"ab" * 32


def test_a_cookie_makes_a_browser_the_same_user_again() -> None:
    """The user of a cookie is found again by any instance with the same key and code."""
    cookie = Members(KEY, "sesame").cookie("ann")

    assert Members(KEY, "sesame").recognise(cookie) == "ann"


@pytest.mark.parametrize(
    "cookie",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param(Members(KEY, "old code").cookie("ann"), id="before the code changed"),
        pytest.param(Members(b"cd" * 32, "sesame").cookie("ann"), id="before Redis lost its key"),
        pytest.param(Members(KEY, "sesame").ticket("ann"), id="a ticket"),
        pytest.param(sign(KEY, "ann", "web", 60), id="signed with the tickets' key"),
    ],
)
def test_any_other_cookie_is_a_strangers(cookie: str | None) -> None:
    """Forged and outdated cookies, and tickets in their place, are worth nothing."""
    assert Members(KEY, "sesame").recognise(cookie) is None


def test_a_cookie_is_no_ticket() -> None:
    """What a browser keeps for a month does not open the gateway."""
    with pytest.raises(TicketRefused):
        check(KEY, Members(KEY, "").cookie("ann"), "gateway")


def test_a_ticket_opens_the_gateway() -> None:
    """A ticket names its user to the gateway."""
    assert check(KEY, Members(KEY, "").ticket("ann"), "gateway").user == "ann"


@pytest.mark.parametrize(
    ("code", "right"),
    [("sesame", True), ("Sesame", False), ("sesame ", False), ("", False), ("s\u00e9same", False)],
)
def test_the_code_is_the_code(code: str, right: bool) -> None:
    """Only the exact code is right."""
    assert Members(KEY, "sesame").is_code(code) is right


def test_a_code_may_be_any_text() -> None:
    """Operators write codes in their own script."""
    assert Members(KEY, "\u30b4\u30de").is_code("\u30b4\u30de")
    assert Members(KEY, "\u30b4\u30de").needs_code
    assert not Members(KEY, "").needs_code


def test_new_users_differ() -> None:
    """Nobody gets another's name."""
    members = Members(KEY, "")

    assert len({members.new_user() for _ in range(1_000)}) == 1_000
