"""When a Live connection is left: by rules alone, whatever the clock of the test says."""

from __future__ import annotations

from gemini_worker.departure import GO_AWAY_MARGIN_S, PRESENT_S, Departure, Moment, Verdict
from gemini_worker.shift import Rules

NOON_S = 43_200.0
RULES = Rules(grace_s=180.0, drain_s=20.0, lease_s=2.0, stall_s=15.0, park_s=60.0, instructions="")
QUIET = Moment(
    is_quiet=True,
    has_handle=True,
    has_lapsed=False,
    is_stopping=False,
    is_moving=False,
    is_stalled=False,
)
BUSY = QUIET._replace(is_quiet=False)


def test_a_conversation_that_goes_on_is_not_left() -> None:
    """Neither in a turn nor between two."""
    departure = Departure(RULES)

    assert departure.due(NOON_S, BUSY) is None
    assert departure.due(NOON_S, QUIET) is None


def test_a_lapsed_lease_comes_before_everything() -> None:
    """Others may own the session: no time for a quiet moment."""
    moment = BUSY._replace(has_lapsed=True, is_stopping=True, is_stalled=True)

    assert Departure(RULES).due(NOON_S, moment) is Verdict.LEASE_LAPSED


def test_a_worker_that_stops_hands_over_between_two_turns() -> None:
    """And in the middle of one only when the time for that is over."""
    departure = Departure(RULES)

    assert departure.due(NOON_S, BUSY._replace(is_stopping=True)) is None
    assert departure.due(NOON_S + 19, BUSY._replace(is_stopping=True)) is None
    assert departure.due(NOON_S + 19, QUIET._replace(is_stopping=True)) is Verdict.HAND_OVER
    assert departure.due(NOON_S + 20, BUSY._replace(is_stopping=True)) is Verdict.HAND_OVER


def test_a_session_moves_only_with_a_handle() -> None:
    """Without one the other worker would have to begin anew."""
    moving = QUIET._replace(is_moving=True)

    assert Departure(RULES).due(NOON_S, moving) is Verdict.HAND_OVER
    assert Departure(RULES).due(NOON_S, moving._replace(has_handle=False)) is None
    assert Departure(RULES).due(NOON_S, moving._replace(is_quiet=False)) is None


def test_a_stalled_model_is_left() -> None:
    """It owes an answer, so no quiet moment comes."""
    assert Departure(RULES).due(NOON_S, BUSY._replace(is_stalled=True)) is Verdict.STALLED


def test_after_go_away_the_connection_is_left_in_quiet_or_in_time() -> None:
    """With a handle between two turns; else when there is just time for the replacement."""
    departure = Departure(RULES)
    departure.announced(10.0, NOON_S)
    last_s = NOON_S + 10.0 - GO_AWAY_MARGIN_S

    assert departure.is_near
    assert departure.due(NOON_S + 1, BUSY) is None
    assert departure.due(NOON_S + 1, QUIET._replace(has_handle=False)) is None
    assert departure.due(NOON_S + 1, QUIET) is Verdict.ROTATE
    assert departure.due(last_s, BUSY) is Verdict.ROTATE
    assert departure.due(last_s, QUIET._replace(has_handle=False)) is Verdict.ROTATE


def test_a_session_in_which_nothing_happens_is_parked() -> None:
    """After the time that the operator has set, to the moment; not where its client is gone."""
    departure = Departure(RULES)

    assert not departure.may_park(59.9, away_s=1.0)
    assert departure.may_park(60.0, away_s=1.0)
    assert not departure.may_park(1e6, away_s=PRESENT_S)


def test_an_operator_may_have_nothing_parked() -> None:
    """0 s means never."""
    departure = Departure(
        Rules(grace_s=180.0, drain_s=20.0, lease_s=2.0, stall_s=15.0, park_s=0.0, instructions="")
    )

    assert not departure.may_park(1e6, away_s=1.0)
    assert departure.rest_in_s(10.0) is None


def test_it_is_known_when_to_look_again() -> None:
    """In time for the rest to begin; later, that it could not says nothing about when it can."""
    departure = Departure(RULES)

    assert departure.rest_in_s(20.0) == 40.0
    assert departure.rest_in_s(60.0) is None
