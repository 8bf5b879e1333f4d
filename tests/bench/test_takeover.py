"""The cost of a takeover, in short: for correctness only."""

from __future__ import annotations

import pytest

from bench.run import Case
from bench.scale import takeover
from bench.targets import Kind


async def test_every_session_of_the_dead_worker_is_live_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the other worker, each at its own time, and what that used is told for every process."""
    monkeypatch.setattr(takeover, "STEADY_S", 0.5)
    monkeypatch.setattr(takeover, "AFTERMATH_S", 0.0)

    storm = await takeover.measure(Case(Kind.NATIVE, sessions=4, generators=1))

    assert 1 <= storm.taken_over <= 4
    assert len(storm.after_s) == storm.taken_over
    assert storm.after_s == sorted(storm.after_s)
    assert storm.extra_cpu_ms.keys() == {"gateway", "worker", "redis"}
