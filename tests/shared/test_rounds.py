"""One timer looks after everything that only has to be seen to now and then."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from shared import rounds as rounds_module
from shared.rounds import Rounds
from tests.support.processes import until

NEVER_S = 1e9


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds_module, "ROUND_S", 0.001)


async def test_each_is_looked_after_while_it_is_there() -> None:
    """Everybody who asks for it has a turn again and again, and none after leaving."""
    rounds, looks = Rounds(), {"one": 0, "two": 0}

    def one(now_s: float) -> float:
        looks["one"] += 1
        return now_s

    def two(now_s: float) -> float:
        looks["two"] += 1
        return now_s

    with rounds.joined_by(one):
        with rounds.joined_by(two):
            await until(lambda: looks["one"] > 3 and looks["two"] > 3, "both are looked after")
        left_at, seen = looks["two"], looks["one"]
        await until(lambda: looks["one"] > seen + 3, "the other goes on")

    assert looks["two"] == left_at


async def test_nobody_is_looked_after_before_it_is_time() -> None:
    """A look says when to come back; stirred, it is made in the next round all the same."""
    rounds, looks, ticks = Rounds(), 0, 0

    def rare(_now_s: float) -> float:
        nonlocal looks
        looks += 1
        return NEVER_S

    def often(now_s: float) -> float:
        nonlocal ticks
        ticks += 1
        return now_s

    with rounds.joined_by(rare), rounds.joined_by(often):
        await until(lambda: ticks > 10, "there are rounds")
        assert looks == 1

        rounds.stir(rare)
        await until(lambda: looks == 2, "it is stirred")
        rounds.stir_all()
        await until(lambda: looks == 3, "all are stirred")


async def test_what_is_stirred_during_its_own_look_is_looked_at_again() -> None:
    """A change that comes while it is looked at is not forgotten."""
    rounds, looks = Rounds(), 0

    def look(_now_s: float) -> float:
        nonlocal looks
        looks += 1
        if looks == 1:
            rounds.stir(look)
        return NEVER_S

    with rounds.joined_by(look):
        await until(lambda: looks == 2, "it is looked at again")


async def test_one_that_leaves_in_the_round_is_not_looked_at() -> None:
    """A look may end another's stay before that has had its turn."""
    rounds, looked = Rounds(), asyncio.Event()
    second = 0

    def other(_now_s: float) -> float:
        nonlocal second
        second += 1
        return NEVER_S

    joined = rounds.joined_by(other)

    def first(_now_s: float) -> float:
        joined.__exit__(None, None, None)
        looked.set()
        return NEVER_S

    with rounds.joined_by(first):
        joined.__enter__()
        await looked.wait()

    assert second == 0


async def test_a_fault_of_one_is_no_fault_of_the_others() -> None:
    """What goes wrong in one look leaves those after it their turn, and is tried again."""
    rounds, looked, faults = Rounds(), 0, 0

    def fail(_now_s: float) -> float:
        nonlocal faults
        faults += 1
        raise ValueError("a fault")

    def look(now_s: float) -> float:
        nonlocal looked
        looked += 1
        return now_s

    with rounds.joined_by(fail), rounds.joined_by(look):
        await until(lambda: looked > 2 and faults > 2, "both have their turns")


async def test_rounds_begin_anew_after_a_pause() -> None:
    """When nobody is there the timer ends; the next one starts it again."""
    rounds, looked = Rounds(), asyncio.Event()

    def look(_now_s: float) -> float:
        looked.set()
        return monotonic()

    with rounds.joined_by(look):
        await looked.wait()
    await until(lambda: rounds._timer is None, "the timer ends")
    looked.clear()

    with rounds.joined_by(look):
        await looked.wait()


async def test_a_round_in_which_nothing_is_due_does_not_take_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timer is set for the next thing to do; a stir that comes before it brings it forward."""
    rounds, went, looks = Rounds(), 0, 0
    go_round = rounds._go_round

    def count() -> None:
        nonlocal went
        went += 1
        go_round()

    def look(_now_s: float) -> float:
        nonlocal looks
        looks += 1
        return NEVER_S

    monkeypatch.setattr(rounds, "_go_round", count)
    with rounds.joined_by(look):
        await until(lambda: looks == 1, "it is looked at")
        began = went
        await asyncio.sleep(50 * rounds_module.ROUND_S)  # fifty rounds, if they took place
        assert went == began

        rounds.stir(look)
        await until(lambda: looks == 2, "it is looked at again")
