"""Tickets and resume tokens: who is let in, and who is not."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import Bus
from shared.errors import TicketRefused
from shared.tickets import check, check_resume_token, resume_token, sign, signing_key

KEY = b"ab" * 32
SESSION = "A" * 22


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"sub": "ann", "aud": "gateway", "iat": now, "exp": now + 60, **changed}
    return {name: value for name, value in claims.items() if value is not None}


def test_a_ticket_tells_who_and_until_when() -> None:
    """A ticket signed for the gateway lets its user in at the gateway."""
    ticket = check(KEY, sign(KEY, "ann", "gateway", 60), "gateway")

    assert ticket.user == "ann"
    assert 55 < ticket.expires_s - time.time() <= 60


_UNSIGNED = _segment({"alg": "none", "typ": "JWT"}) + "." + _segment(_claims()) + "."
_OTHERS = b"cd" * 32


@pytest.mark.parametrize(
    "ticket",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c", id="not base64"),
        pytest.param("\u00e9.\u00e9.\u00e9", id="not ASCII"),
        pytest.param(_UNSIGNED, id="alg none"),
        pytest.param(jwt.encode(_claims(), _OTHERS, "HS256"), id="another key"),
        pytest.param(jwt.encode(_claims(), KEY, "HS512"), id="another algorithm"),
        pytest.param(sign(KEY, "ann", "gateway", -1), id="expired"),
        pytest.param(sign(KEY, "ann", "web", 60), id="for the web service"),
        pytest.param(jwt.encode(_claims(aud=None), KEY, "HS256"), id="for nobody"),
        pytest.param(jwt.encode(_claims(exp=None), KEY, "HS256"), id="for ever"),
        pytest.param(jwt.encode(_claims(sub=None), KEY, "HS256"), id="of nobody"),
        pytest.param(jwt.encode(_claims(nbf=int(time.time()) + 60), KEY, "HS256"), id="not yet"),
        pytest.param(sign(KEY, "ann", "gateway", 60)[:-2] + "AA", id="changed signature"),
        pytest.param(sign(KEY, "ann", "gateway", 60) + ".x", id="four parts"),
    ],
)
def test_a_ticket_that_is_not_ours_is_refused(ticket: str) -> None:
    """Forged, expired, unsigned, for another audience or cut: each is refused alike."""
    with pytest.raises(TicketRefused):
        check(KEY, ticket, "gateway")


@pytest.mark.parametrize("part", [0, 1])
def test_a_ticket_of_nested_brackets_is_refused(part: int) -> None:
    """JSON nested too deeply for the parser is one more forged ticket, and no fault of ours."""
    parts = [_segment({"alg": "HS256"}), _segment(_claims()), "c2ln"]
    parts[part] = base64.urlsafe_b64encode(b"[" * 1_400).rstrip(b"=").decode()

    with pytest.raises(TicketRefused):
        check(KEY, ".".join(parts), "gateway")


@given(st.text(max_size=200))
def test_any_text_is_refused_without_another_error(text: str) -> None:
    """Whatever a client calls its ticket, it is refused and nothing else happens."""
    with pytest.raises(TicketRefused):
        check(KEY, text, "gateway")


def test_a_refusal_does_not_repeat_the_ticket() -> None:
    """The error that may be logged says what was wrong and not what was shown."""
    ticket = sign(_OTHERS, "ann", "gateway", 60)

    with pytest.raises(TicketRefused) as refused:
        check(KEY, ticket, "gateway")

    assert ticket not in repr(refused.value)


def test_a_resume_token_tells_its_connection() -> None:
    """The token given out for a connection names that connection's epoch."""
    token = resume_token(KEY, SESSION, "ann", 7)

    assert check_resume_token(KEY, token, SESSION, "ann") == 7


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(resume_token(KEY, "B" * 22, "ann", 7), id="another session"),
        pytest.param(resume_token(KEY, SESSION, "bob", 7), id="another user"),
        pytest.param(resume_token(_OTHERS, SESSION, "ann", 7), id="another key"),
        pytest.param("8" + resume_token(KEY, SESSION, "ann", 7)[1:], id="another epoch"),
        pytest.param(" " + resume_token(KEY, SESSION, "ann", 7), id="a blank before"),
        pytest.param("0" + resume_token(KEY, SESSION, "ann", 7)[:-1], id="cut"),
        pytest.param("\u0667" + resume_token(KEY, SESSION, "ann", 7)[1:], id="digit of a script"),
        pytest.param("7." + "\u00e9" * 32, id="not ASCII"),
        pytest.param("", id="empty"),
        pytest.param("7", id="epoch alone"),
        pytest.param("-7.x", id="negative"),
        pytest.param("9" * 100 + ".x", id="a huge epoch"),
    ],
)
def test_a_resume_token_of_something_else_is_refused(token: str) -> None:
    """A token holds for one session, one user and one connection, and cannot be made up."""
    with pytest.raises(TicketRefused):
        check_resume_token(KEY, token, SESSION, "ann")


async def test_all_services_find_the_same_key(bus: Bus) -> None:
    """Whoever asks first makes the key, and everybody after gets that one."""
    first = await signing_key(bus)

    assert len(first) == 64
    assert await signing_key(bus) == first


async def test_a_redis_that_lost_its_data_gets_a_new_key(bus: Bus) -> None:
    """After a loss the next to ask makes another key, and old tickets are worth nothing."""
    ticket = sign(await signing_key(bus), "ann", "gateway", 60)
    await bus.send("FLUSHALL")

    with pytest.raises(TicketRefused):
        check(await signing_key(bus), ticket, "gateway")
