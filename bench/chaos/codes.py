"""Close codes, and how long a client stays away after each. Pure."""

from __future__ import annotations

import random

from shared.backoff import full_jitter_s

ENDED = 4501
NO_CLOSE_FRAME = 1006
NEVER_AGAIN = range(4_500, 5_000)


def wait_s(code: int, attempt: int) -> float:
    """Return how long to wait before the next connection, by docs/protocol.md."""
    match code:
        case 1012:
            return full_jitter_s(attempt, base_s=0.2, cap_s=5.0) if attempt else 0.0
        case 1013:
            return random.uniform(1.0, 5.0)
        case 4429:
            return 1.0
        case _:
            return full_jitter_s(attempt, base_s=0.2, cap_s=5.0)
