"""What clients want of a session, read whichever way they spell it."""

from __future__ import annotations

import orjson
import pytest

from local_live.errors import Refused
from local_live.opening import parse_setup
from local_live.pictures import Resolution
from local_live.vad import Detection


def frame(**body: object) -> bytes:
    return orjson.dumps(body)


def test_setup_is_read_in_the_sdks_mixed_spelling() -> None:
    """Top-level names are camelCase, what is below them snake_case: both are understood."""
    setup = parse_setup(
        frame(
            setup={
                "model": "models/gemini-3.8-live",
                "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
                "sessionResumption": {"handle": "h1"},
                "inputAudioTranscription": {"language_codes": ["en-US"]},
                "realtimeInputConfig": {
                    "automatic_activity_detection": {
                        "disabled": True,
                        "silence_duration_ms": "300",
                    },
                    "activity_handling": "no_interruption",
                },
            }
        )
    )

    assert (setup.model, setup.instruction, setup.handle) == (
        "models/gemini-3.8-live",
        "Be brief.",
        "h1",
    )
    assert setup.wants_handles
    assert setup.hears_input
    assert not setup.hears_output
    assert not setup.interruptible
    assert setup.detection == Detection(manual=True, silence_ms=300)


def test_resumption_is_asked_for_by_an_empty_object() -> None:
    """`{}` asks for handles; leaving it out does not."""
    asking = parse_setup(frame(setup={"model": "m", "sessionResumption": {}}))
    silent = parse_setup(frame(setup={"model": "m"}))

    assert asking.wants_handles
    assert not silent.wants_handles


@pytest.mark.parametrize(
    ("given", "detection"),
    [
        ({}, Detection()),
        ({"start_of_speech_sensitivity": "START_SENSITIVITY_LOW"}, Detection(sensitivity="low")),
        (
            {"startOfSpeechSensitivity": "start_sensitivity_high", "prefixPaddingMs": "0"},
            Detection(start_ms=0, sensitivity="high"),
        ),
    ],
)
def test_how_speech_is_found_is_the_clients_choice(
    given: dict[str, object], detection: Detection
) -> None:
    """What is left out, and what nobody knows, is the listener's own."""
    realtime = {"automaticActivityDetection": given}

    setup = parse_setup(frame(setup={"model": "m", "realtimeInputConfig": realtime}))

    assert setup.detection == detection


@pytest.mark.parametrize(
    ("named", "resolution"),
    [("MEDIA_RESOLUTION_LOW", "low"), ("media_resolution_high", "high"), (None, "medium")],
)
def test_resolution_is_read(named: str | None, resolution: Resolution) -> None:
    """Medium is what a client gets that does not ask."""
    generation = {"mediaResolution": named}

    assert parse_setup(frame(setup={"model": "m", "generationConfig": generation})).resolution == (
        resolution
    )


def test_tools_are_read() -> None:
    """Functions by their names, over all tools; a search is one of its own."""
    tools = [
        {"function_declarations": [{"name": "look_closer"}, {"name": "point_at"}]},
        {"google_search": {}},
    ]

    setup = parse_setup(frame(setup={"model": "m", "tools": tools}))

    assert setup.functions == {"look_closer", "point_at"}
    assert setup.searches
    assert not parse_setup(frame(setup={"model": "m", "tools": tools[:1]})).searches


@pytest.mark.parametrize("tools", [{}, [1], [{"functionDeclarations": [{"name": 5}]}]])
def test_malformed_tools_are_refused(tools: object) -> None:
    """What is no list of objects with names closes the connection."""
    with pytest.raises(Refused):
        parse_setup(frame(setup={"model": "m", "tools": tools}))
