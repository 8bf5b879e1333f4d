"""A silent client is asked, and given up only if it does not answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.keepalive import PING_S, PONG_S, REST_PING_S, KeepAlive, Step


def test_a_client_that_speaks_is_not_asked() -> None:
    """Whatever arrives is a sign of life."""
    keeping = KeepAlive()

    for second in range(100):
        keeping.is_heard = True
        assert keeping.look(1_000.0 + second) is Step.WAIT


def test_a_client_that_says_nothing_is_asked_once_and_given_up() -> None:
    """Once after the silence; and once more than the time for its answer is over."""
    keeping = KeepAlive()
    steps = [keeping.look(1_000.0 + second) for second in range(25)]

    assert steps.index(Step.ASK) == PING_S
    assert steps.count(Step.ASK) == 1
    assert steps.index(Step.GIVE_UP) == PING_S + PONG_S


def test_a_client_that_answers_is_asked_again_and_again() -> None:
    """Also one whose answer is there before the next look, however soon."""
    keeping, asked = KeepAlive(), 0

    for second in range(1_000):
        step = keeping.look(1_000.0 + second)
        assert step is not Step.GIVE_UP
        if step is Step.ASK:
            asked += 1
            keeping.is_heard = True

    assert asked > 1_000 / (PING_S + 2)


def test_at_rest_it_is_asked_more_seldom() -> None:
    """And whoever looks only when that is due misses nothing."""
    keeping, now_s, asked = KeepAlive(), 1_000.0, []

    for _ in range(8):
        if keeping.look(now_s, is_at_rest=True) is Step.ASK:
            asked.append(now_s - 1_000.0)
            keeping.is_heard = True
        now_s = keeping.due_s(is_at_rest=True)

    assert asked == [number * REST_PING_S for number in range(8)]


def test_the_next_look_is_when_something_is_due() -> None:
    """A question after the silence, and the end after the question."""
    keeping = KeepAlive()
    assert keeping.look(1_000.0) is Step.WAIT

    assert keeping.due_s(is_at_rest=False) == 1_000.0 + PING_S
    assert keeping.look(1_010.0) is Step.ASK
    assert keeping.due_s(is_at_rest=False) == 1_010.0 + PONG_S
    assert keeping.due_s(is_at_rest=True) == 1_010.0 + REST_PING_S
    assert keeping.look(1_039.0, is_at_rest=True) is Step.WAIT
    assert keeping.look(1_040.0, is_at_rest=True) is Step.GIVE_UP


@given(
    st.lists(
        st.tuples(st.floats(0.001, 40.0), st.booleans(), st.booleans(), st.booleans()),
        min_size=1,
        max_size=50,
    )
)
def test_nobody_is_given_up_unasked(looks: list[tuple[float, bool, bool, bool]]) -> None:
    """However rarely somebody looks: between a sign of life and the end lies a question.

    Each look comes so many s after the one before; something came just before it or not, and
    a question is answered at once or not; the connection is at rest or not.
    """
    keeping, now_s = KeepAlive(), 0.0
    asked_s: float | None = None
    for later_s, comes, answers, is_at_rest in looks:
        now_s += later_s
        if comes:
            keeping.is_heard, asked_s = True, None
        step = keeping.look(now_s, is_at_rest=is_at_rest)
        if step is Step.GIVE_UP:
            assert asked_s is not None
            assert now_s - asked_s >= PONG_S
            return
        if step is Step.ASK:
            assert asked_s is None
            asked_s = now_s
            if answers:
                keeping.is_heard, asked_s = True, None
