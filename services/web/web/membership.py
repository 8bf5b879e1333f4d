"""Who a browser is: a signed cookie, given out once whoever sits there may come in. Pure."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from shared.errors import TicketRefused
from shared.tickets import MEMBERSHIP_S, TICKET_S, check, sign

COOKIE = "overshoulder_user"


class Members:
    """Checks the access code, and remembers browsers by cookie.

    The cookie's key depends on the access code, so changing the code asks everybody again.
    """

    def __init__(self, key: bytes, access_code: str) -> None:
        self._key, self._code = key, access_code
        self._cookie_key = hmac.new(key, b"cookie|" + access_code.encode(), sha256).digest()

    @property
    def needs_code(self) -> bool:
        """Tell whether strangers must say a code."""
        return bool(self._code)

    def is_code(self, code: str) -> bool:
        """Tell whether ``code`` is the access code, in a time that does not depend on it."""
        return hmac.compare_digest(code.encode(), self._code.encode())

    def recognise(self, cookie: str | None) -> str | None:
        """Return the user whose cookie this is; None for a stranger."""
        if not cookie:
            return None
        try:
            return check(self._cookie_key, cookie, "web").user
        except TicketRefused:
            return None

    def new_user(self) -> str:
        """Return the name of a user who has none yet."""
        return secrets.token_urlsafe(12)

    def cookie(self, user: str) -> str:
        """Return the cookie that makes a browser this user."""
        return sign(self._cookie_key, user, "web", MEMBERSHIP_S)

    def ticket(self, user: str) -> str:
        """Return a ticket for the gateway."""
        return sign(self._key, user, "gateway", TICKET_S)
