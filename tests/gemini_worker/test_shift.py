"""One timer looks after all conversations."""

from __future__ import annotations

import asyncio

import pytest

from gemini_worker import shift
from gemini_worker.shift import Rounds
from tests.support.processes import until


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift, "LOOK_S", 0.001)


async def test_each_is_looked_after_while_it_is_there() -> None:
    """Every conversation has its turn again and again, and none after it has left."""
    rounds, looks = Rounds(), {"one": 0, "two": 0}

    def look_at(name: str) -> None:
        looks[name] += 1

    with rounds.joined_by(lambda _: look_at("one")):
        with rounds.joined_by(lambda _: look_at("two")):
            await until(lambda: looks["one"] > 3 and looks["two"] > 3, "both are looked after")
        left_at, seen = looks["two"], looks["one"]
        await until(lambda: looks["one"] > seen + 3, "the other goes on")

    assert looks["two"] == left_at


async def test_a_fault_of_one_is_no_fault_of_the_others() -> None:
    """What goes wrong in one conversation's look leaves those after it their turn."""
    rounds, looked = Rounds(), asyncio.Event()

    def fail(_now_s: float) -> None:
        raise ValueError("a fault")

    with rounds.joined_by(fail), rounds.joined_by(lambda _: looked.set()):
        await looked.wait()
        looked.clear()
        await looked.wait()


async def test_rounds_begin_anew_after_a_pause() -> None:
    """When nobody is there the timer ends; the next one starts it again."""
    rounds, looked = Rounds(), asyncio.Event()
    with rounds.joined_by(lambda _: looked.set()):
        await looked.wait()
    await until(lambda: rounds._timer is None, "the timer ends")
    looked.clear()

    with rounds.joined_by(lambda _: looked.set()):
        await looked.wait()
