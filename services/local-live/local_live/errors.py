"""What local-live refuses, and the faults of the things that it stands on.

LocalLiveError
├── Refused              the client's connection ends, with a close code and a reason
├── BadControlRequest    one request on the control door is answered with an error
├── ModelUnavailable     an offline model cannot be loaded or has failed
└── TooBusy              a session has more work waiting for a model than it may have
"""

from __future__ import annotations

from shared.errors import OvershoulderError

UNSUPPORTED_DATA = 1007
POLICY = 1008
INTERNAL = 1011

INVALID_ARGUMENT = "Request contains an invalid argument."
INVALID_KEY = "API key not valid. Please pass a valid API key."
SESSION_NOT_FOUND = "BidiGenerateContent session not found"
DEADLINE_EXPIRED = "Deadline expired before operation could complete."
EXHAUSTED = "Resource has been exhausted (e.g. check quota)."
INTERNAL_ERROR = "Internal error occurred."


class LocalLiveError(OvershoulderError):
    """Anything that local-live itself raises."""


class Refused(LocalLiveError):
    """The connection ends with this close code and reason, as Google's would."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason

    def __str__(self) -> str:
        return f"{self.code} {self.reason}"


class BadControlRequest(LocalLiveError):
    """A request on the control door that cannot be carried out; says why."""


class ModelUnavailable(LocalLiveError):
    """An offline model is missing, broken, or its process has ended."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        return f"{self.model}: {self.reason}"


class TooBusy(LocalLiveError):
    """One session asked for more than its share of a model."""

    def __init__(self, model: str, waiting: int) -> None:
        super().__init__(model, waiting)
        self.model, self.waiting = model, waiting

    def __str__(self) -> str:
        return f"{self.model}: {self.waiting} pieces of work of one session are waiting already"


def unknown_name(name: str, place: str) -> Refused:
    """Return the refusal that Google gives for a field it does not know."""
    return Refused(
        UNSUPPORTED_DATA,
        f"Invalid JSON payload received. Unknown name \"{name}\" at '{place}': Cannot find field.",
    )
