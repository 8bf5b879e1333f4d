"""May this client connect, and how fast may it talk?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import admission
from gateway.admission import Doorkeeper, Pace, TokenBucket, is_allowed_origin
from shared import limits
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


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    """The burst is there at once, then what the rate adds, and never more than the burst."""
    bucket = TokenBucket(rate=10, burst=5)

    assert [bucket.take(1, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(1, 0.25) for _ in range(3)] == [True, True, False]
    assert [bucket.take(1, 99.0) for _ in range(6)] == [True] * 5 + [False]


def test_what_is_refused_costs_nothing() -> None:
    """A request that is too large leaves the bucket as it was."""
    bucket = TokenBucket(rate=1, burst=5)

    assert not bucket.take(6, 0.0)
    assert bucket.take(5, 0.0)


@given(
    st.lists(st.tuples(st.floats(0, 2), st.floats(0, 10)), max_size=50),
    st.floats(0.1, 100),
    st.floats(1, 100),
)
def test_a_bucket_never_gives_more_than_rate_and_burst(
    steps: list[tuple[float, float]], rate: float, burst: float
) -> None:
    """Over any time, no more leaves than the burst and the rate times that time."""
    bucket = TokenBucket(rate, burst)
    now_s = given_out = 0.0

    for wait_s, units in steps:
        now_s += wait_s
        if bucket.take(units, now_s):
            given_out += units

    assert given_out <= burst + rate * now_s + 1e-6


def test_a_reconnect_may_send_what_it_kept() -> None:
    """All speech that a client may keep while it is away fits into the burst, with live speech."""
    pace = Pace()

    assert pace.audio_ms.take(limits.UNACKED_AUDIO_S * 1_000, 0.0)
    assert all(pace.audio_ms.take(40, second / 25) for second in range(25 * 60))


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
