"""What all connections of the process share: who is there, handles, faults, old conversations."""

from __future__ import annotations

from collections import deque
from itertools import chain

from local_live.faults import Faults
from local_live.history import HandleStore, History
from local_live.session import Session

MAX_FINISHED = 1_000


class Hub:
    """The sessions that are open, and what outlives them."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.handles = HandleStore()
        self.sessions: dict[str, Session] = {}
        self.connections = 0
        """Connections since the process began."""
        self._finished: deque[History] = deque(maxlen=MAX_FINISHED)

    def enter(self, session: Session) -> None:
        """Note that ``session`` is open."""
        self.sessions[session.session_id] = session

    def leave(self, session: Session) -> None:
        """Note that ``session`` is over; its conversation can still be looked at."""
        del self.sessions[session.session_id]
        self._finished.append(session.history)

    def histories(self) -> list[History]:
        """Return all conversations, finished ones first."""
        return list(chain(self._finished, (one.history for one in self.sessions.values())))
