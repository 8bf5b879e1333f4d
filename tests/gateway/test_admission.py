"""May this client connect?"""

from __future__ import annotations

import pytest

from gateway import admission
from gateway.admission import Doorkeeper, is_allowed_origin
from shared.bus import Bus
from shared.errors import TicketRefused
from shared.tickets import sign, signing_key

ALLOWED = frozenset({"https://app.example.com", "http://localhost:8000"})


@pytest.mark.parametrize("origin", sorted(ALLOWED))
def test_a_known_page_may_connect(origin: str) -> None:
    """An origin on the list is let in."""
    assert is_allowed_origin(origin, ALLOWED)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("null", id="sandboxed frame or file"),
        pytest.param("*", id="wildcard"),
        pytest.param("https://evil.example", id="another site"),
        pytest.param("https://app.example.com.evil.example", id="ours as a prefix"),
        pytest.param("https://evil-app.example.com", id="ours as a suffix"),
        pytest.param("https://x.app.example.com", id="subdomain"),
        pytest.param("http://app.example.com", id="another scheme"),
        pytest.param("https://app.example.com:8443", id="another port"),
        pytest.param("http://localhost", id="port left out"),
        pytest.param("http://localhost:80001", id="longer port"),
        pytest.param("https://APP.example.com", id="upper case"),
        pytest.param("https://app.example.com/", id="slash"),
        pytest.param("https://app.example.com@evil.example", id="as a user name"),
        pytest.param("https://app.example.com, https://evil.example", id="a list"),
        pytest.param(" https://app.example.com", id="blank before"),
        pytest.param("https://app.example.com\x00", id="zero byte"),
    ],
)
def test_no_other_page_may(origin: str | None) -> None:
    """Only the exact text of an origin on the list opens the door."""
    assert not is_allowed_origin(origin, ALLOWED)


async def test_a_ticket_is_checked_with_the_key_in_redis(bus: Bus) -> None:
    """A ticket signed with the services' key lets its user in, another does not."""
    doorkeeper = Doorkeeper(bus)

    ticket = await doorkeeper.check(sign(await signing_key(bus), "ann", "gateway", 60))

    assert ticket.user == "ann"
    with pytest.raises(TicketRefused):
        await doorkeeper.check(sign(b"cd" * 32, "ann", "gateway", 60))


async def test_a_new_key_is_found_when_redis_lost_the_old_one(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Redis lost its data, tickets signed with the new key are good at once."""
    monkeypatch.setattr(admission, "REREAD_S", 0.0)
    doorkeeper = Doorkeeper(bus)
    await doorkeeper.key()
    await bus.send("FLUSHALL")

    ticket = await doorkeeper.check(sign(await signing_key(bus), "ann", "gateway", 60))

    assert ticket.user == "ann"


async def test_forged_tickets_do_not_make_redis_work(bus: Bus) -> None:
    """Many wrong tickets in a row ask Redis for the key once a second, not each time."""
    doorkeeper = Doorkeeper(bus)
    await doorkeeper.key()
    before = await bus.send("INFO", "commandstats")

    for _ in range(50):
        with pytest.raises(TicketRefused):
            await doorkeeper.check("a.b.c")

    after = await bus.send("INFO", "commandstats")
    assert (after["cmdstat_get"]["calls"], before["cmdstat_get"]["calls"]) == (1, 1)
