"""The model's calls of the client's tools."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.events import ToolCall
from gemini_worker.frames import Frames, Shown
from gemini_worker.tools import DECLARATIONS, RESULT_S, Calls, ToolAnswer
from shared.bus_messages import MAX_LABEL_CHARS, Place, Region, Tool, ToolName, ToolResult
from shared.codec import Header, Kind, PictureFlag
from tests.support.media import jpeg

REGION = {"x": 10, "y": 20, "width": 300, "height": 200}
PLACE: dict[str, Any] = {"x": 640, "y": 480, "label": "Save button", "frame": 12}


def _shown(*, nothing: bool = False) -> Shown:
    """Return what the model has: frames 3 and 12, and close-up 13 of the latter."""
    shown, frames = Shown(), Frames()
    close_up = Header(Kind.PICTURE, 1, 13, 0.0, 12, PictureFlag.CLOSE_UP)
    pictures = [
        (Header(Kind.PICTURE, 1, 3, 0.0), jpeg(800, 624)),
        (Header(Kind.PICTURE, 1, 12, 0.0), jpeg(1_536, 888)),
        (close_up, jpeg(300, 224)),
    ]
    for header, picture in [] if nothing else pictures:
        frames.add(header, picture)
        frame = frames.take_next(0.0)
        assert frame is not None
        shown.note(frame)
    return shown


def _calls(*offered: ToolName, shown: Shown | None = None) -> Calls:
    numbers = itertools.count(1)
    names: tuple[ToolName, ...] = offered or ("look_closer", "point_at")
    return Calls(names, shown or _shown(), lambda: f"1.{next(numbers)}")


def _begun(calls: Calls, name: str, args: dict[str, Any], model_id: str = "m1") -> Tool:
    tool = calls.begin(ToolCall(model_id, name, args), 5, 0.0)
    assert isinstance(tool, Tool), tool
    return tool


def _result(call: str, **fields: Any) -> ToolResult:
    return ToolResult(seq=1, call=call, **{"ok": True, **fields})


def test_a_call_goes_to_the_client_under_an_id_of_our_own() -> None:
    """The model's ids begin anew with each connection; the client never sees them."""
    calls = _calls()

    assert _begun(calls, "look_closer", REGION) == Tool(
        turn=5, call="1.1", name="look_closer", args=Region(**REGION)
    )
    assert _begun(calls, "point_at", PLACE, "m2") == Tool(
        turn=5, call="1.2", name="point_at", args=Place(**PLACE)
    )
    assert calls.is_pending


@pytest.mark.parametrize(
    ("args", "region"),
    [
        ({"x": 10.4, "y": 20.6, "width": 30.0, "height": 4.2}, (10, 20, 31, 5)),
        ({"x": -50, "y": -50, "width": 150, "height": 150}, (0, 0, 100, 100)),
        ({"x": 1_500, "y": 800, "width": 500, "height": 500}, (1_500, 800, 36, 64)),
        ({"x": 0, "y": 0, "width": 1e9, "height": 1e9}, (0, 0, 1_536, 864)),
    ],
)
def test_a_region_is_cut_to_the_frame(
    args: dict[str, float], region: tuple[int, int, int, int]
) -> None:
    """Models are a little off, and write whole numbers with a point."""
    found = _begun(_calls(), "look_closer", args).args

    assert isinstance(found, Region)
    assert (found.x, found.y, found.width, found.height) == region


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ({"x": 1, "y": 2.4, "frame": 12.0}, (1, 2, "", 12)),
        ({"x": 1, "y": 2, "label": " a\n b "}, (1, 2, "a b", 12)),
        ({"x": 1, "y": 2, "label": "x" * 99, "frame": 3}, (1, 2, "x" * MAX_LABEL_CHARS, 3)),
        ({"x": 1_000, "y": 700, "label": None, "frame": 7}, (1_000, 700, "", 7)),
    ],
)
def test_a_place_is_taken_from_what_the_model_says(
    args: dict[str, Any], place: tuple[int, int, str, int]
) -> None:
    """Without a frame the newest is meant; of one that was forgotten the newest size is taken."""
    found = _begun(_calls(), "point_at", args).args

    assert isinstance(found, Place)
    assert (found.x, found.y, found.label, found.frame) == place


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("launch", {}, "There is no function launch."),
        ("look_closer", {}, "x must be a number"),
        ("look_closer", {**REGION, "width": "300"}, "width must be a number"),
        ("look_closer", {**REGION, "y": float("nan")}, "y must be a number"),
        ("look_closer", {**REGION, "x": True}, "x must be a number"),
        ("look_closer", {**REGION, "height": 0}, "no part of the newest frame: 1536x864"),
        ("look_closer", {**REGION, "width": -5}, "no part of the newest frame"),
        ("look_closer", {**REGION, "x": 1_536}, "no part of the newest frame"),
        ("point_at", {**PLACE, "x": 1_536}, "1536, 480 is outside of frame 12: 1536x864"),
        ("point_at", {**PLACE, "y": -1}, "outside of frame 12"),
        ("point_at", {**PLACE, "x": 900, "frame": 3}, "outside of frame 3: 800x600"),
        ("point_at", {**PLACE, "frame": 13}, "no frame 13; the newest is 12"),
        ("point_at", {**PLACE, "frame": 0}, "no frame 0"),
        ("point_at", {**PLACE, "frame": "12"}, "frame must be a number"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_at_once(
    name: str, args: dict[str, Any], why: str
) -> None:
    """The client is not asked, and the model is told what is wrong."""
    calls = _calls()

    answer = calls.begin(ToolCall("m1", name, args), 5, 0.0)

    assert isinstance(answer, ToolAnswer)
    assert (answer.call_id, answer.name) == ("m1", name)
    assert why in answer.response["error"]
    assert not calls.is_pending


def test_before_anything_was_shown_there_is_nothing_to_look_at() -> None:
    """Without a frame every call is refused with the reason."""
    answer = _calls(shown=_shown(nothing=True)).begin(ToolCall("m1", "look_closer", REGION), 5, 0.0)

    assert isinstance(answer, ToolAnswer)
    assert "shares no screen" in answer.response["error"]


def test_a_tool_that_the_client_has_not_is_refused() -> None:
    """What was not declared is not passed on, though it exists."""
    answer = _calls("point_at").begin(ToolCall("m1", "look_closer", REGION), 5, 0.0)

    assert isinstance(answer, ToolAnswer)


def test_a_result_names_the_picture_and_the_region() -> None:
    """The model is told which picture is the close-up, and where in which frame it lies."""
    calls = _calls()
    tool = _begun(calls, "look_closer", REGION)

    answer = calls.finish(_result(tool.call, picture=13), is_speaking=False)

    assert answer is not None
    assert answer.response["result"] == (
        "The newest picture, number 13, is the close-up of frame 12 around x 10-310 y 20-220."
    )
    assert answer.scheduling == "WHEN_IDLE"
    assert not calls.is_pending


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ok": False, "message": "Sharing is paused."}, "Sharing is paused."),
        ({"ok": False}, "could not do it"),
        ({"picture": 14}, "got lost"),
        ({}, "got lost"),
    ],
)
def test_a_close_up_that_is_not_there_is_told(fields: dict[str, Any], why: str) -> None:
    """The client's own reason, or that no such picture has come."""
    calls = _calls()
    tool = _begun(calls, "look_closer", REGION)

    answer = calls.finish(_result(tool.call, **fields), is_speaking=False)

    assert answer is not None
    assert why in answer.response["error"]


@pytest.mark.parametrize(("is_speaking", "scheduling"), [(True, "SILENT"), (False, "WHEN_IDLE")])
def test_a_mark_needs_no_words_beside_an_answer(is_speaking: bool, scheduling: str) -> None:
    """In the middle of an answer the mark is enough; before it, somebody waits for words."""
    calls = _calls()
    tool = _begun(calls, "point_at", PLACE)

    answer = calls.finish(_result(tool.call), is_speaking=is_speaking)

    assert answer is not None
    assert "Save button" in answer.response["result"]
    assert answer.scheduling == scheduling


def test_a_result_counts_once_and_for_its_own_call() -> None:
    """Calls of a former connection, and results that come twice, are ignored."""
    calls = _calls()
    tool = _begun(calls, "point_at", PLACE)

    assert calls.finish(_result("1.99"), is_speaking=False) is None
    assert calls.waits_for(tool.call)
    assert calls.finish(_result(tool.call), is_speaking=False) is not None
    assert calls.finish(_result(tool.call), is_speaking=False) is None


def test_a_call_that_is_left_unanswered_ends_by_itself() -> None:
    """After its time the model is told to go on, and a later result is ignored."""
    calls = _calls()
    tool = _begun(calls, "look_closer", REGION)

    assert calls.expire(RESULT_S - 0.01) == []
    (answer,) = calls.expire(RESULT_S)

    assert answer.call_id == "m1"
    assert "within 3 seconds" in answer.response["error"]
    assert not calls.is_pending
    assert calls.finish(_result(tool.call, picture=13), is_speaking=False) is None


def test_what_the_model_takes_back_is_told_to_the_client() -> None:
    """By our own id, and only what is still under way."""
    calls = _calls()
    first = _begun(calls, "look_closer", REGION, "m1")
    second = _begun(calls, "point_at", PLACE, "m2")

    assert [one.call for one in calls.cancel(["m1", "m9"])] == [first.call]
    assert not calls.waits_for(first.call)
    assert calls.waits_for(second.call)


_values = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4)
_args = st.dictionaries(
    st.sampled_from(["x", "y", "width", "height", "label", "frame", "z"]),
    _values | st.lists(_values, max_size=2),
)


@given(st.sampled_from(sorted(DECLARATIONS)), _args)
def test_any_arguments_are_a_tool_or_a_refusal(name: str, args: dict[str, Any]) -> None:
    """Whatever a model makes up, it is carried out within the frame or refused."""
    tool = _calls().begin(ToolCall("m1", name, args), 5, 0.0)

    if isinstance(tool, Tool) and isinstance(tool.args, Region):
        assert tool.args.x + tool.args.width <= 1_536
        assert tool.args.y + tool.args.height <= 864
    elif isinstance(tool, Tool) and isinstance(tool.args, Place):
        assert tool.args.frame <= 12
    else:
        assert isinstance(tool, ToolAnswer)
        assert tool.response["error"]
