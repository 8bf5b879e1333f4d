"""What crosses Redis besides media: one pydantic model per message, told apart by ``type``.

The same messages cross the browser socket (docs/protocol.md): what the client says is stored as it
came, and what the worker says reaches the client with its stream id added.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.codec import MAX_SEQ

MAX_TEXT_CHARS = 8_000
"""A typed question; a page of dense text has about 4 000."""

Seq = Annotated[int, Field(ge=1, le=MAX_SEQ)]


class Message(BaseModel):
    """Base of all messages: unknown fields and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# --- from the client, on `session:{sid}:up` ------------------------------------------------------


class Text(Message):
    """A typed question; ``picture`` is the newest picture sent before it."""

    type: Literal["text"] = "text"
    seq: Seq
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
    picture: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None


class Talk(Message):
    """Push-to-talk pressed or let go."""

    type: Literal["talk"] = "talk"
    seq: Seq
    active: bool


class Microphone(Message):
    """Microphone switched on or off."""

    type: Literal["microphone"] = "microphone"
    seq: Seq
    active: bool


class Share(Message):
    """Sharing of a screen started or stopped; ``picture`` is the newest sent before it.

    The gateway fills ``picture`` in: pictures have a stream of their own, and only their numbers
    tell whether one was taken before the sharing stopped.
    """

    type: Literal["share"] = "share"
    seq: Seq
    active: bool
    surface: Annotated[str, Field(max_length=40)] | None = None
    picture: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None


class Played(Message):
    """How much of the assistant's turn the user has really heard, in ms."""

    type: Literal["played"] = "played"
    seq: Seq
    turn: Annotated[int, Field(ge=0, le=MAX_SEQ)]
    played_ms: Annotated[float, Field(ge=0, le=86_400_000)]


class End(Message):
    """The client ends the conversation."""

    type: Literal["end"] = "end"
    seq: Seq


Uplink = Annotated[Text | Talk | Microphone | Share | Played | End, Field(discriminator="type")]
UPLINK: TypeAdapter[Uplink] = TypeAdapter(Uplink)


# --- from the worker, on `session:{sid}:down` and its channel ------------------------------------

EndReason = Literal["client", "idle", "operator", "refused", "failed"]
Role = Literal["user", "assistant"]


class State(Message):
    """Where the session stands; ``queued`` comes from the gateway alone."""

    type: Literal["state"] = "state"
    id: str | None = None
    state: Literal["queued", "connecting", "live", "resuming", "ended"]
    position: int | None = None
    model: str | None = None
    reason: EndReason | None = None
    message: str | None = None


class Transcript(Message):
    """Words recognised or spoken: append ``text`` to that role's words of that turn."""

    type: Literal["transcript"] = "transcript"
    id: str | None = None
    turn: int
    role: Role
    text: str
    final: bool = False


class TurnStart(Message):
    """The assistant begins to answer."""

    type: Literal["turn_start"] = "turn_start"
    id: str | None = None
    turn: int


class TurnEnd(Message):
    """The answer is complete."""

    type: Literal["turn_end"] = "turn_end"
    id: str | None = None
    turn: int


class Interrupted(Message):
    """Play nothing more of this turn or an earlier one."""

    type: Literal["interrupted"] = "interrupted"
    id: str | None = None
    turn: int


class Usage(Message):
    """Tokens of one turn, as the model counts them."""

    type: Literal["usage"] = "usage"
    id: str | None = None
    turn: int
    prompt_tokens: int
    response_tokens: int
    total_tokens: int


class Notice(Message):
    """Something to know, nothing to do."""

    type: Literal["notice"] = "notice"
    id: str | None = None
    code: str
    message: str


class Gap(Message):
    """What was lost, by sequence number."""

    type: Literal["gap"] = "gap"
    id: str | None = None
    kind: Literal["audio"]
    first: int
    last: int


DownlinkMessage = State | Transcript | TurnStart | TurnEnd | Interrupted | Usage | Notice | Gap
Downlink = Annotated[DownlinkMessage, Field(discriminator="type")]
DOWNLINK: TypeAdapter[DownlinkMessage] = TypeAdapter(Downlink)


class HistoryTurn(Message):
    """One side of a finished turn, on `session:{sid}:history`."""

    role: Role
    text: str
    turn: int
    time_ms: float
