"""A process breathes when there is much to do, and only then."""

from __future__ import annotations

import asyncio

import pytest

from shared import breather as module
from shared.breather import SAMPLE, Breather


@pytest.fixture
def breaths(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long each breath was to last; nobody really waits."""
    taken: list[float] = []
    monkeypatch.setattr(module, "sleep", taken.append)
    return taken


def _clock(monkeypatch: pytest.MonkeyPatch, *, step_s: float) -> None:
    times = iter(range(1_000_000))
    monkeypatch.setattr(module, "monotonic", lambda: next(times) * step_s)


@pytest.mark.parametrize(("step_s", "is_busy"), [(0.001, True), (0.5, False)])
async def test_only_a_busy_process_breathes(
    monkeypatch: pytest.MonkeyPatch, breaths: list[float], step_s: float, is_busy: bool
) -> None:
    """Many messages in a short time are followed by a breath; the same in a long time are not."""
    _clock(monkeypatch, step_s=step_s)
    breather = Breather()

    for _ in range(SAMPLE):
        breather.worked()
    await asyncio.sleep(0)

    assert breaths == ([module.BREATH_S] if is_busy else [])


async def test_one_breath_stands_for_all_messages_of_a_turn(
    monkeypatch: pytest.MonkeyPatch, breaths: list[float]
) -> None:
    """However many messages came at once, there is one breath before the next are looked for."""
    _clock(monkeypatch, step_s=0.0001)
    breather = Breather()

    for _ in range(SAMPLE + 50):
        breather.worked()
    await asyncio.sleep(0)
    breather.worked()
    await asyncio.sleep(0)

    assert len(breaths) == 2


async def test_a_long_turn_needs_no_breath(
    monkeypatch: pytest.MonkeyPatch, breaths: list[float]
) -> None:
    """A process that has enough to do without pausing does not pause."""
    _clock(monkeypatch, step_s=module.LONG_TURN_S)
    breather = Breather()

    for _ in range(SAMPLE):
        breather.worked()
    await asyncio.sleep(0)

    assert breaths == []
