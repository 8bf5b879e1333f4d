"""What follows a close of the Live connection: every code and reason that was ever seen."""

from __future__ import annotations

import pytest

from gemini_worker.recovery import MAX_FAILURES, NOTICE_AFTER, GiveUp, Recovery, Redial

MODEL = "gemini-3.8-live"

_SETTINGS_REFUSED = [
    "Request contains an invalid argument.",
    'Invalid JSON payload received. Unknown name "thinkingConfig"',
    "Cannot extract voices from a non-audio request",
    "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
    "The requested combination of response modalities (TEXT) is not supported by the model",
    "",
]
_KEY_REFUSED = [
    (1007, "API key not valid. Please pass a valid API key."),
    (1007, "API key expired. Please renew the API key."),
    (1008, "API_KEY_INVALID"),
    (401, "HTTP status at the handshake"),
    (403, "HTTP status at the handshake"),
]
_MODEL_UNKNOWN = [
    (1008, "models/x is not found for API version v1beta, or is not supported for bidiGenerate"),
    (1008, "Publisher model projects/p/locations/l/publishers/google/models/x not found"),
]
_HANDLE_DEAD = [
    (1007, "Invalid session handle"),
    (1008, "BidiGenerateContent session not found"),
    (1008, "Requested entity was not found."),
    (1008, "Operation is not implemented, or supported, or enabled."),
]
_PASSING = [
    (1000, ""),
    (1001, "going away"),
    (1006, ""),
    (1006, "cannot be reached: ConnectionRefusedError"),
    (1011, "Internal error occurred."),
    (1011, "Deadline expired before operation could complete."),
    (1011, "RESOURCE_EXHAUSTED: You exceeded your current quota"),
    (429, "HTTP status at the handshake"),
    (503, "HTTP status at the handshake"),
]


@pytest.mark.parametrize(("code", "reason"), _PASSING)
def test_what_may_pass_keeps_the_handle(code: int, reason: str) -> None:
    """A single failure that says nothing about the handle dials again with it, at once."""
    assert Recovery(MODEL).after(code, reason) == Redial("keep", attempt=0)


@pytest.mark.parametrize(("code", "reason"), _HANDLE_DEAD)
def test_a_dead_handle_is_dropped(code: int, reason: str) -> None:
    """Where the reason names the handle or its session, the next dial goes without it."""
    assert Recovery(MODEL).after(code, reason) == Redial("drop", attempt=0)


@pytest.mark.parametrize(("code", "reason"), _KEY_REFUSED)
def test_a_refused_key_is_final(code: int, reason: str) -> None:
    """No dial will help; the user reads what to set, and nothing of the key."""
    decision = Recovery(MODEL).after(code, reason)

    assert isinstance(decision, GiveUp)
    assert decision.reason == "refused"
    assert "GEMINI_API_KEY" in decision.message


@pytest.mark.parametrize(("code", "reason"), _MODEL_UNKNOWN)
def test_an_unknown_model_is_final(code: int, reason: str) -> None:
    """A model that does not exist is named, with the setting that chooses it."""
    decision = Recovery(MODEL).after(code, reason)

    assert isinstance(decision, GiveUp)
    assert decision.reason == "refused"
    assert MODEL in decision.message
    assert "GEMINI_MODEL" in decision.message


@pytest.mark.parametrize("reason", _SETTINGS_REFUSED)
def test_refused_settings_are_final(reason: str) -> None:
    """1007 is a fault in what we send: repeating it repeats the refusal."""
    decision = Recovery(MODEL).after(1007, reason)

    assert isinstance(decision, GiveUp)
    assert decision.reason == "failed"
    assert f": {reason.rstrip('.') or 'no reason'}." in decision.message


def test_a_long_reason_is_cut() -> None:
    """The user does not get a page of a library's text."""
    decision = Recovery(MODEL).after(1007, "x" * 5_000)

    assert isinstance(decision, GiveUp)
    assert len(decision.message) < 250


def test_two_internal_errors_in_a_row_drop_the_handle() -> None:
    """A handle of another model answers 1011 for ever; one 1011 alone is bad luck."""
    recovery = Recovery(MODEL)

    handles = [recovery.after(1011, "Internal error occurred.") for _ in range(3)]

    assert [one.handle for one in handles if isinstance(one, Redial)] == ["keep", "drop", "drop"]


@pytest.mark.parametrize("between", ["a turn", "another close"])
def test_internal_errors_apart_keep_the_handle(between: str) -> None:
    """A turn that worked, or a failure of another kind in between, begins the count anew."""
    recovery = Recovery(MODEL)
    recovery.after(1011, "Internal error occurred.")

    if between == "a turn":
        recovery.worked()
    else:
        recovery.after(1006, "")

    decision = recovery.after(1011, "Internal error occurred.")
    assert isinstance(decision, Redial)
    assert decision.handle == "keep"


def test_the_wait_grows_and_begins_anew_after_a_turn() -> None:
    """Attempts count failures in a row, for the wait that grows with them."""
    recovery = Recovery(MODEL)

    attempts = [recovery.after(1006, "") for _ in range(4)]
    recovery.worked()
    attempts.append(recovery.after(1006, ""))

    assert [one.attempt for one in attempts if isinstance(one, Redial)] == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(
    ("reason", "notice"),
    [
        ("cannot be reached: TimeoutError", "The model cannot be reached; trying again."),
        ("You exceeded your current quota", "The model's quota is used up for now; trying again."),
    ],
)
def test_the_user_is_told_once(reason: str, notice: str) -> None:
    """The second failure in a row tells the user why it takes long; the others say nothing."""
    recovery = Recovery(MODEL)

    notices = [
        one.notice
        for one in (recovery.after(1006, reason) for _ in range(6))
        if isinstance(one, Redial)
    ]

    assert notices == [notice if number == NOTICE_AFTER else None for number in range(1, 7)]


def test_minutes_without_a_model_end_the_session() -> None:
    """After the last attempt the session ends with a sentence instead of dialling for ever."""
    recovery = Recovery(MODEL)

    decisions = [recovery.after(1006, "") for _ in range(MAX_FAILURES + 1)]

    assert all(isinstance(one, Redial) for one in decisions[:-1])
    assert isinstance(decisions[-1], GiveUp)
    assert decisions[-1].reason == "failed"
