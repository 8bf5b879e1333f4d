"""The client's tools: what the model is told of them, and its calls that are under way. Pure.

A call goes to the client as `Tool` under an id of our own, since the model's ids begin anew with
each connection and a result may come late; what does not belong to this connection is ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gemini_worker.events import ToolCall
from gemini_worker.frames import Shown
from shared.bus_messages import (
    MAX_LABEL_CHARS,
    Place,
    Region,
    Tool,
    ToolCancelled,
    ToolName,
    ToolResult,
)

RESULT_S = 3.0
"""How long the client may take for a result: the model is silent meanwhile."""

Scheduling = Literal["WHEN_IDLE", "SILENT"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the model is told of one tool; ``parameters`` is a JSON schema."""

    name: ToolName
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What the model is told for one of its calls."""

    call_id: str
    name: str
    response: Mapping[str, str]
    """``result`` or ``error``, each a sentence; with nothing at all a model would call again."""
    scheduling: Scheduling = "WHEN_IDLE"
    """Whether the model speaks about it, where it can be told."""


def _schema(texts: Mapping[str, str], whole: Sequence[str]) -> dict[str, Any]:
    """Return the schema of an object whose fields are all required, ``whole`` ones numbers."""
    kinds = {name: "integer" if name in whole else "string" for name in texts}
    fields = {name: {"type": kinds[name], "description": text} for name, text in texts.items()}
    return {"type": "object", "properties": fields, "required": list(texts)}


DECLARATIONS: Mapping[ToolName, Declaration] = {
    "look_closer": Declaration(
        "look_closer",
        "Get a part of the newest frame at full resolution, to read what is too small in it. The"
        " close-up comes as the next picture.",
        _schema(
            {
                "x": "Left edge of the part, in pixels of the newest frame.",
                "y": "Upper edge of the part, in pixels of the newest frame.",
                "width": "Width of the part, in pixels of the newest frame.",
                "height": "Height of the part, in pixels of the newest frame.",
            },
            ["x", "y", "width", "height"],
        ),
    ),
    "point_at": Declaration(
        "point_at",
        "Mark a place for the user, to show where something is.",
        _schema(
            {
                "x": "Middle of the place, in pixels of the frame.",
                "y": "Middle of the place, in pixels of the frame.",
                "label": "What is there, in a few words.",
                "frame": "Number of the frame, from its caption.",
            },
            ["x", "y", "frame"],
        ),
    ),
}


class _WrongArguments(Exception):
    """A call that cannot be carried out; the text tells the model why."""


@dataclass(frozen=True, slots=True)
class _Pending:
    call: ToolCall
    args: Region | Place
    due_s: float


@dataclass(slots=True)
class Calls:
    """The model's calls on one connection."""

    offered: Sequence[ToolName]
    shown: Shown
    """Overviews that the model has been sent."""
    new_id: Callable[[], str]
    """Makes an id that no other call of the session has."""
    _pending: dict[str, _Pending] = field(default_factory=dict)

    @property
    def is_pending(self) -> bool:
        """Tell whether the model waits for a result."""
        return bool(self._pending)

    def waits_for(self, call_id: str) -> bool:
        """Tell whether the model waits for the result of this call, by our own id."""
        return call_id in self._pending

    def begin(self, call: ToolCall, turn: int, now_s: float) -> Tool | ToolAnswer:
        """Return what to ask the client, or the refusal if the call makes no sense."""
        name = next((one for one in self.offered if one == call.name), None)
        if name is None:
            return _refusal(call, f"There is no function {call.name}.")
        try:
            args = self._checked(name, call.args)
        except _WrongArguments as exc:
            return _refusal(call, str(exc))
        call_id = self.new_id()
        self._pending[call_id] = _Pending(call, args, now_s + RESULT_S)
        return Tool(turn=turn, call=call_id, name=name, args=args)

    def finish(self, result: ToolResult, *, is_speaking: bool) -> ToolAnswer | None:
        """Return what the model is told of a result; None if nobody waits for it.

        ``is_speaking``: the answer has begun, so a mark that was set needs no words of its own.
        """
        pending = self._pending.pop(result.call, None)
        if pending is None:
            return None
        if not result.ok:
            return _refusal(pending.call, result.message or "The user's page could not do it.")
        if isinstance(pending.args, Region):
            return self._looked(pending, result)
        done = f"The place is marked on the user's screen: {pending.args.label}."
        scheduling: Scheduling = "SILENT" if is_speaking else "WHEN_IDLE"
        return ToolAnswer(pending.call.call_id, pending.call.name, {"result": done}, scheduling)

    def cancel(self, model_ids: Iterable[str]) -> list[ToolCancelled]:
        """Forget calls that the model takes back; return what to tell the client."""
        taken_back = set(model_ids)
        ours = [key for key, one in self._pending.items() if one.call.call_id in taken_back]
        for key in ours:
            del self._pending[key]
        return [ToolCancelled(call=key) for key in ours]

    def expire(self, now_s: float) -> list[ToolAnswer]:
        """Return what the model is told of the calls that the client has left unanswered."""
        late = [key for key, one in self._pending.items() if now_s >= one.due_s]
        text = f"The user's page did not answer within {RESULT_S:.0f} seconds; go on without it."
        return [_refusal(self._pending.pop(key).call, text) for key in late]

    def _looked(self, pending: _Pending, result: ToolResult) -> ToolAnswer:
        overview = self.shown.overview_of(result.picture)
        if overview is None:
            return _refusal(pending.call, "The close-up got lost; go on with what you have.")
        part = pending.args
        assert isinstance(part, Region)  # noqa: S101 - what `finish` has looked at
        return ToolAnswer(
            pending.call.call_id,
            pending.call.name,
            {
                "result": f"The newest picture, number {result.picture}, is the close-up of frame"
                f" {overview} around x {part.x}-{part.x + part.width}"
                f" y {part.y}-{part.y + part.height}. {result.message}".rstrip()
            },
        )

    def _checked(self, name: ToolName, args: Mapping[str, Any]) -> Region | Place:
        newest = self.shown.newest
        if newest is None:
            raise _WrongArguments("There is no frame yet: the user shares no screen.")
        if name == "look_closer":
            return _region(args, *newest.size)
        frame = round(_number(args, "frame")) if "frame" in args else newest.number
        if not 1 <= frame <= newest.number:
            raise _WrongArguments(f"There is no frame {frame}; the newest is {newest.number}.")
        width, height = self.shown.size_of(frame) or newest.size
        x, y = (round(_number(args, axis)) for axis in ("x", "y"))
        if not (0 <= x < width and 0 <= y < height):
            raise _WrongArguments(f"{x}, {y} is outside of frame {frame}: {width}x{height}.")
        label = " ".join(str(args.get("label") or "").split())[:MAX_LABEL_CHARS]
        return Place(x=x, y=y, label=label, frame=frame)


def _region(args: Mapping[str, Any], width: int, height: int) -> Region:
    """Return what lies within the frame of the part that is asked for."""
    x, y, wide, high = (_number(args, name) for name in ("x", "y", "width", "height"))
    left, top = max(0, math.floor(x)), max(0, math.floor(y))
    right, bottom = min(width, math.ceil(x + wide)), min(height, math.ceil(y + high))
    if left >= right or top >= bottom:
        raise _WrongArguments(
            f"x {x:g}, y {y:g}, width {wide:g}, height {high:g} is no part of the newest frame:"
            f" {width}x{height}."
        )
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def _number(args: Mapping[str, Any], name: str) -> float:
    value = args.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _WrongArguments(f"{name} must be a number.")
    return value


def _refusal(call: ToolCall, text: str) -> ToolAnswer:
    return ToolAnswer(call.call_id, call.name, {"error": text})
