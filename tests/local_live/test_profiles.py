"""What each model takes and refuses."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from local_live.errors import Refused
from local_live.profiles import check_frame, check_setup, profile_of
from local_live.wire import parse_frame

OLD = "gemini-2.5-flash-native-audio-latest"
PREVIEW = "gemini-3.1-flash-live-preview"
CURRENT = "gemini-3.8-live"
THINKING = "gemini-3.8-live-extended-thinking"


def is_taken(model: str, setup: dict[str, Any], *, strict: bool = False) -> bool:
    try:
        check_setup(profile_of(f"models/{model}", "v1beta"), setup, strict=strict)
    except Refused as refused:
        return refused.code != 1007
    return True


@pytest.mark.parametrize(
    ("generation", "taken_by"),
    [
        ({"thinkingConfig": {"thinkingBudget": 0}}, {OLD}),
        ({"thinkingConfig": {"thinkingLevel": "low"}}, {PREVIEW, THINKING}),
        ({"thinkingConfig": {"thinkingLevel": "MINIMAL"}}, {PREVIEW}),
        ({"enableAffectiveDialog": False}, {OLD}),
        ({"responseModalities": ["audio"]}, {OLD, PREVIEW, CURRENT, THINKING}),
        ({"responseModalities": ["TEXT"]}, set()),
        ({"outputAudioTranscription": {}}, set()),
    ],
)
def test_generation_fields(generation: dict[str, Any], taken_by: set[str]) -> None:
    """A field is refused by every model that does not know it."""
    setup = {"generationConfig": generation}

    taken = {model for model in (OLD, PREVIEW, CURRENT, THINKING) if is_taken(model, setup)}

    assert taken == taken_by


@pytest.mark.parametrize(
    ("value", "taken_by"),
    [(True, {OLD, CURRENT, THINKING}), (False, {OLD})],
)
def test_proactivity(value: bool, taken_by: set[str]) -> None:
    """Where it is always on, switching it off is refused; elsewhere it may not even be named."""
    setup = {"proactivity": {"proactiveAudio": value}}

    taken = {model for model in (OLD, PREVIEW, CURRENT, THINKING) if is_taken(model, setup)}

    assert taken == taken_by


@pytest.mark.parametrize(
    ("behavior", "taken_by"),
    [("BLOCKING", {OLD, PREVIEW, CURRENT}), ("NON_BLOCKING", {OLD, CURRENT, THINKING})],
)
def test_tool_behavior(behavior: str, taken_by: set[str]) -> None:
    """3.1 calls tools one after another only; extended thinking only beside the conversation."""
    setup = {"tools": [{"functionDeclarations": [{"name": "f", "behavior": behavior}]}]}

    taken = {model for model in (OLD, PREVIEW, CURRENT, THINKING) if is_taken(model, setup)}

    assert taken == taken_by


def test_unknown_names_are_refused_in_strict_mode_only() -> None:
    """Google refuses every name that it does not know; we do so where it is asked for."""
    assert is_taken(CURRENT, {"colour": 1})
    assert not is_taken(CURRENT, {"colour": 1}, strict=True)


def test_vertex_names_of_models_are_understood() -> None:
    """Only the last part of a long model name counts."""
    long = "projects/p/locations/l/publishers/google/models/gemini-3.8-live"

    assert profile_of(long, "v1beta1") == profile_of(CURRENT, "v1beta")


def test_roles_are_required_where_the_model_requires_them() -> None:
    """The same frame is good for one model and bad for another."""
    content = {"clientContent": {"turns": [{"parts": [{"text": "hi"}]}]}}
    frame = parse_frame(orjson.dumps(content))

    check_frame(profile_of(PREVIEW, "v1beta"), frame)
    with pytest.raises(Refused):
        check_frame(profile_of(CURRENT, "v1beta"), frame)
