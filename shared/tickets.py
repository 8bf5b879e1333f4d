"""Tickets and resume tokens: who may connect, and who may go on with a session.

A ticket is a JSON Web Token that the web service signs and any gateway checks without state. The
key that signs lives in Redis, made by whoever starts first: no operator has to invent a secret, and
whoever can read Redis has the sessions anyway.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import jwt

from shared import keys
from shared.bus import Bus
from shared.errors import TicketRefused

TICKET_S = 60
"""Long enough to open a socket, short enough that a leaked one is worthless."""

MEMBERSHIP_S = 30 * 24 * 3600
"""How long a browser stays the same user (the cookie of the web service)."""

_ALGORITHM = "HS256"
Audience = Literal["gateway", "web"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a checked ticket says."""

    user: str
    expires_s: float


async def signing_key(bus: Bus) -> bytes:
    """Return the key that signs tickets, making it if there is none yet.

    Raises:
        BusUnavailable: If Redis does not answer.
    """
    await bus.send("SET", keys.TICKET_KEY, secrets.token_hex(32), "NX")
    key: bytes = await bus.send("GET", keys.TICKET_KEY)
    return key


def sign(key: bytes, user: str, audience: Audience, lifetime_s: int) -> str:
    """Return a ticket that lets ``user`` in at ``audience`` for ``lifetime_s``."""
    now = int(time.time())
    claims = {"sub": user, "aud": audience, "iat": now, "exp": now + lifetime_s}
    return jwt.encode(claims, key, _ALGORITHM)


def check(key: bytes, ticket: str, audience: Audience) -> Ticket:
    """Return what ``ticket`` says.

    Raises:
        TicketRefused: If it is forged, expired, signed otherwise, or for another audience.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            ticket,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            options={"require": ["sub", "aud", "exp"]},
        )
    except jwt.InvalidTokenError as exc:
        raise TicketRefused(type(exc).__name__) from exc
    return Ticket(claims["sub"], float(claims["exp"]))


def resume_token(key: bytes, session_id: str, user: str, epoch: int) -> str:
    """Return the token with which ``user`` goes on after connection ``epoch`` breaks."""
    return f"{epoch}.{_mac(key, session_id, user, epoch)}"


def check_resume_token(key: bytes, token: str, session_id: str, user: str) -> int:
    """Return the connection epoch that ``token`` was given out for.

    Raises:
        TicketRefused: If it is not a token of this session and user.
    """
    epoch, _, mac = token.partition(".")
    if not (epoch.isascii() and epoch.isdigit() and len(epoch) <= 9):
        raise TicketRefused("malformed resume token")
    if not hmac.compare_digest(mac.encode(), _mac(key, session_id, user, int(epoch)).encode()):
        raise TicketRefused("forged resume token")
    return int(epoch)


def _mac(key: bytes, session_id: str, user: str, epoch: int) -> str:
    text = f"{session_id}|{epoch}|{user}".encode()
    return hmac.new(key, text, sha256).hexdigest()[:32]
