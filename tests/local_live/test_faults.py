"""Which fault strikes where, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from local_live.errors import BadControlRequest
from local_live.faults import Faults, Place, parse_fault


def armed(connections_so_far: int = 0, **fault: Any) -> Faults:
    faults = Faults()
    faults.set(parse_fault(fault), connections_so_far)
    return faults


def test_fault_strikes_once_unless_told_otherwise() -> None:
    """By default once; `times: null` for ever."""
    once, ever = armed(kind="stall"), armed(kind="stall", times=None)
    here = Place(1, turn=1)

    assert [bool(once.take(here, "stall")) for _ in range(3)] == [True, False, False]
    assert [bool(ever.take(here, "stall")) for _ in range(3)] == [True, True, True]


def test_connection_counts_from_when_the_fault_was_set() -> None:
    """`connection: 2` is the second one from now on, however many there were before."""
    faults = armed(connections_so_far=10, kind="refuse_setup", connection=2)

    assert faults.take(Place(11), "refuse_setup") is None
    assert faults.take(Place(12), "refuse_setup") is not None


@pytest.mark.parametrize(
    ("limit", "place", "strikes"),
    [
        ({"turn": 2}, Place(1, turn=2), True),
        ({"turn": 2}, Place(1, turn=1), False),
        ({"tag": "[x]"}, Place(1, instruction="a [x] b", turn=1), True),
        ({"tag": "[x]"}, Place(1, instruction="a b", turn=1), False),
        ({"session": "s1"}, Place(1, session="s1", turn=1), True),
        ({"session": "s1"}, Place(1, session="s2", turn=1), False),
    ],
)
def test_limits(limit: dict[str, Any], place: Place, strikes: bool) -> None:
    """Each limit must hold for the fault to strike."""
    assert bool(armed(kind="stall", **limit).take(place, "stall")) is strikes


def test_movable_faults_strike_at_their_moment() -> None:
    """A fault for a turn does not strike at setup, and several can strike in one turn."""
    faults = armed(kind="drop", when="turn", after_chunks=3)
    faults.set(parse_fault({"kind": "go_away", "when": "turn", "seconds": 1}), 0)

    assert faults.take_at(Place(1), "setup") == []
    assert [one.kind for one in faults.take_at(Place(1, turn=1), "turn")] == ["drop", "go_away"]
    assert faults.take_at(Place(1, turn=2), "turn") == []


def test_lasting_fault_strikes_once_at_each_moment() -> None:
    """One that never wears out is still one fault within a turn."""
    faults = armed(kind="go_away", when="turn", times=None)

    assert len(faults.take_at(Place(1, turn=1), "turn")) == 1
    assert len(faults.take_at(Place(1, turn=2), "turn")) == 1


@pytest.mark.parametrize(
    "fault", [{}, {"kind": "stall", "colour": 1}, {"kind": "drop", "times": 0}]
)
def test_malformed_fault_is_refused(fault: dict[str, object]) -> None:
    """The refusal names the field."""
    with pytest.raises(BadControlRequest) as caught:
        parse_fault(fault)

    assert any(name in str(caught.value) for name in ("kind", "colour", "times"))
