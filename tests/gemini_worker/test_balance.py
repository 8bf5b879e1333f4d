"""How sessions spread over workers: decided by each alone, and never back and forth."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.balance import (
    BITE,
    LEVEL_BITE,
    SLACK,
    SLACK_PART,
    Appetite,
    Load,
    appetite,
    has_surplus,
)

ONE_HUNDRED = 100


def _load(sessions: int, capacity: int = ONE_HUNDRED) -> Load:
    return Load(sessions, capacity)


@pytest.mark.parametrize(
    ("mine", "others", "total", "expected"),
    [
        pytest.param(_load(0), [], 50, Appetite(BITE, False), id="alone"),
        pytest.param(_load(97), [], 500, Appetite(3, False), id="alone and nearly full"),
        pytest.param(_load(0), [_load(0)], 6, Appetite(3, False), id="half of what waits"),
        pytest.param(_load(0), [_load(60)], 60, Appetite(BITE, False), id="new and empty"),
        pytest.param(_load(3), [_load(3)], 6, Appetite(LEVEL_BITE, False), id="level"),
        pytest.param(_load(4), [_load(2)], 6, Appetite(LEVEL_BITE, True), id="another has room"),
        pytest.param(_load(9), [_load(5, 5)], 16, Appetite(6, False), id="the other is full"),
        pytest.param(_load(98), [_load(0)], 98, Appetite(2, True), id="nearly full, other idle"),
    ],
)
def test_what_a_worker_takes(
    mine: Load, others: list[Load], total: int, expected: Appetite
) -> None:
    """What is missing to its share at once; beyond that others come first, if any has room."""
    assert appetite(mine, others, total) == expected


@pytest.mark.parametrize(
    ("mine", "others", "gives"),
    [
        pytest.param(_load(20), [], False, id="alone"),
        pytest.param(_load(20), [_load(0)], True, id="another idle"),
        pytest.param(_load(5), [_load(3)], False, id="a little more"),
        pytest.param(_load(6), [_load(2)], True, id="two above its share"),
        pytest.param(_load(54), [_load(46)], False, id="within a tenth"),
        pytest.param(_load(56), [_load(44)], True, id="more than a tenth"),
        pytest.param(_load(50), [_load(10, 10)], False, id="the other is full"),
        pytest.param(_load(40, 50), [_load(1, 10)], True, id="the other is small and has room"),
        pytest.param(_load(2), [_load(0, 1_000)], False, id="two, and a giant beside"),
    ],
)
def test_when_a_worker_gives(mine: Load, others: list[Load], gives: bool) -> None:
    """Only from well above its share, and only if another is below its own."""
    total = mine.sessions + sum(one.sessions for one in others)

    assert has_surplus(mine, others, total) is gives


_WORKERS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda t: Load(min(t), t[1])),
    min_size=1,
    max_size=6,
)


@given(_WORKERS, st.randoms(use_true_random=False))
def test_sessions_come_to_rest(workers: list[Load], chance: random.Random) -> None:
    """Whoever gives and takes in whatever order: excess only shrinks, and then nobody gives."""
    total = sum(one.sessions for one in workers)
    moves = 0

    while givers := [n for n in range(len(workers)) if _gives(workers, n, total)]:
        excess = _excess(workers)
        giver = chance.choice(givers)
        workers[giver] = replace(workers[giver], sessions=workers[giver].sessions - 1)
        takers = [n for n in range(len(workers)) if _takes(workers, n, total)]
        assert giver not in takers
        taker = chance.choice(takers)
        workers[taker] = replace(workers[taker], sessions=workers[taker].sessions + 1)
        assert _excess(workers) < excess
        moves += 1

    assert moves <= total
    assert all(one.sessions <= one.capacity for one in workers)
    capacity = sum(one.capacity for one in workers)
    for one in workers:
        share = total * one.capacity / capacity
        slack = max(SLACK, share * SLACK_PART)
        is_anybody_below = any(w.sessions + 1 <= total * w.capacity / capacity for w in workers)
        assert one.sessions < share + slack or not is_anybody_below


@given(_WORKERS, st.integers(0, 200), st.randoms(use_true_random=False))
def test_what_waits_is_taken_and_stays(
    workers: list[Load], waiting: int, chance: random.Random
) -> None:
    """While there is room somebody takes, and who was not well above its share is not after it."""
    total = sum(one.sessions for one in workers) + waiting
    gave = {n for n in range(len(workers)) if _gives(workers, n, total)}

    while waiting and any(one.sessions < one.capacity for one in workers):
        taker = chance.choice([n for n in range(len(workers)) if _takes(workers, n, total)])
        bite = min(waiting, appetite(workers[taker], _others(workers, taker), total).most)
        workers[taker] = replace(workers[taker], sessions=workers[taker].sessions + bite)
        waiting -= bite

    assert {n for n in range(len(workers)) if _gives(workers, n, total)} <= gave


def _others(workers: list[Load], number: int) -> list[Load]:
    return workers[:number] + workers[number + 1 :]


def _gives(workers: list[Load], number: int, total: int) -> bool:
    return has_surplus(workers[number], _others(workers, number), total)


def _takes(workers: list[Load], number: int, total: int) -> bool:
    wish = appetite(workers[number], _others(workers, number), total)
    return wish.most > 0 and not wish.gives_way


def _excess(workers: list[Load]) -> float:
    capacity = sum(one.capacity for one in workers)
    total = sum(one.sessions for one in workers)
    return sum(max(0.0, one.sessions - total * one.capacity / capacity) for one in workers)
