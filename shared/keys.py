"""Every Redis key, channel and group, a function or constant each (docs/redis.md has the table).

``{sid}`` is a hash tag: all keys of one session live in one slot, so scripts and multi-key reads
work on a Cluster too.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

DISPATCH = "dispatch"
"""Stream: an entry per session that waits for, or is held by, a worker."""

DISPATCH_GROUP = "workers"
"""Consumer group on `DISPATCH`; its pending list is the table of leases."""

PULSE = "{dispatch}:pulse"
"""Hash: when any worker last renewed its leases, and from when on sessions may be taken over. The
braces put it into the slot of `DISPATCH`."""

SESSIONS = "sessions"
"""Sorted set: session id by the time it was last touched, ms since 1970."""

WORKERS = "workers"
GATEWAYS = "gateways"
"""Sorted sets: process id by its last heartbeat, ms since 1970."""

TICKET_KEY = "tickets:key"
"""String: the key that signs tickets, made by whichever service starts first."""

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{22}")


def new_session_id() -> str:
    """Return a fresh session id: 22 random characters, safe in keys, URLs and commands."""
    # One that begins with a dash would be taken for an option by whatever command it is given to.
    while (drawn := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return drawn


def is_session_id(text: str) -> bool:
    """Tell whether ``text`` could be a session id, so that nothing else ever gets into a key."""
    return _SESSION_ID.fullmatch(text) is not None


def process_key(index: str, process_id: str) -> str:
    """Hash with a TTL that one process renews: ``worker:<id>`` or ``gateway:<id>``."""
    return f"{index.removesuffix('s')}:{process_id}"


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """All keys of one session. Types, writers and readers: docs/redis.md."""

    session: str
    up: str
    frames: str
    down: str
    history: str
    live: str
    said: str

    @classmethod
    def of(cls, session_id: str) -> SessionKeys:
        """Build the keys; ``session_id`` must have passed `is_session_id`."""
        base = f"session:{{{session_id}}}"
        parts = ("up", "frames", "down", "history", "live", "said")
        return cls(base, *(f"{base}:{part}" for part in parts))

    def stored(self) -> list[str]:
        """Return the keys that hold data (the channels hold none), the hash first."""
        return [self.session, self.up, self.frames, self.down, self.history]
