"""Attempt number to seconds of waiting, with jitter. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable


def full_jitter_s(
    attempt: int,
    *,
    base_s: float,
    cap_s: float,
    uniform: Callable[[float, float], float] = random.uniform,
) -> float:
    """Return how long to wait before ``attempt`` (0 is the first retry).

    Full jitter between zero and an exponential bound: after a common fault a thousand callers
    spread over the whole interval instead of returning in waves.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    bound_s = min(cap_s, base_s * 2.0 ** min(attempt, 30))
    return uniform(0.0, bound_s)
