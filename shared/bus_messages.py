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

MAX_CALL_CHARS = 64
MAX_EXCUSE_CHARS = 300
"""Why a tool could not be used, in a sentence for the model."""

MAX_LABEL_CHARS = 60
"""What stands beside a marked place."""

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
    """Sharing of a screen started, paused or stopped; ``picture`` is the newest sent before it.

    The gateway fills ``picture`` in: pictures have a stream of their own, and only their numbers
    tell whether one was taken before the sharing stopped. Paused counts as stopped.
    """

    type: Literal["share"] = "share"
    seq: Seq
    active: bool
    paused: bool = False
    surface: Annotated[str, Field(max_length=40)] | None = None
    picture: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None


class Played(Message):
    """How much of the assistant's turn the user has really heard, in ms."""

    type: Literal["played"] = "played"
    seq: Seq
    turn: Annotated[int, Field(ge=0, le=MAX_SEQ)]
    played_ms: Annotated[float, Field(ge=0, le=86_400_000)]


class Stop(Message):
    """The user wants this answer to stop."""

    type: Literal["stop"] = "stop"
    seq: Seq
    turn: Annotated[int, Field(ge=0, le=MAX_SEQ)]


class ToolResult(Message):
    """What became of a `Tool`; ``picture`` was sent just before, ``message`` is for the model."""

    type: Literal["tool_result"] = "tool_result"
    seq: Seq
    call: Annotated[str, Field(min_length=1, max_length=MAX_CALL_CHARS)]
    ok: bool
    picture: Seq | None = None
    message: Annotated[str, Field(max_length=MAX_EXCUSE_CHARS)] = ""


class End(Message):
    """The client ends the conversation."""

    type: Literal["end"] = "end"
    seq: Seq


UplinkMessage = Text | Talk | Microphone | Share | Played | Stop | ToolResult | End
Uplink = Annotated[UplinkMessage, Field(discriminator="type")]
UPLINK: TypeAdapter[Uplink] = TypeAdapter(Uplink)


# --- from the worker, on `session:{sid}:down` and its channel ------------------------------------

EndReason = Literal["client", "idle", "operator", "refused", "failed"]
Role = Literal["user", "assistant"]


class State(Message):
    """Where the session stands; ``queued`` comes from the gateway alone.

    ``parked``: nothing has happened for a while, and the next thing that the client says wakes it.
    """

    type: Literal["state"] = "state"
    id: str | None = None
    state: Literal["queued", "connecting", "live", "parked", "resuming", "ended"]
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


class Asked(Message):
    """A typed question, the client's own ``seq``, has come to be part of the turn that is on.

    Told again, perhaps in another turn, if the connection broke before it was answered.
    """

    type: Literal["asked"] = "asked"
    id: str | None = None
    turn: int
    seq: Seq
    text: str


class TurnStart(Message):
    """The assistant begins to answer, from ``picture``: the newest overview that it had by then."""

    type: Literal["turn_start"] = "turn_start"
    id: str | None = None
    turn: int
    picture: int | None = None


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


class Heard(Message):
    """The words of an interrupted turn that were really heard: they replace its transcript."""

    type: Literal["heard"] = "heard"
    id: str | None = None
    turn: int
    text: str


class PromptTokens(Message):
    """Of what the model was given; a kind that it did not report is 0."""

    text: int = 0
    audio: int = 0
    image: int = 0


class ResponseTokens(Message):
    """Of what the model said."""

    text: int = 0
    audio: int = 0


class TokenDetails(Message):
    """Tokens of one turn by kind."""

    prompt: PromptTokens = PromptTokens()
    response: ResponseTokens = ResponseTokens()


class Usage(Message):
    """Tokens of one turn, as the model counts them."""

    type: Literal["usage"] = "usage"
    id: str | None = None
    turn: int
    prompt_tokens: int
    response_tokens: int
    total_tokens: int
    details: TokenDetails = TokenDetails()


class Source(Message):
    """A page that an answer rests on."""

    title: Annotated[str, Field(max_length=300)]
    url: Annotated[str, Field(pattern=r"^https://[^\s/?#]", max_length=2_048)]


class Citations(Message):
    """Where the model has looked things up for this turn, besides what was told of it before."""

    type: Literal["citations"] = "citations"
    id: str | None = None
    turn: int
    sources: tuple[Source, ...]


class Region(Message):
    """Part of an overview, in its pixels from the top left."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class Place(Message):
    """A point of the overview with number ``frame``, in its pixels, and what is there."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    label: Annotated[str, Field(max_length=MAX_LABEL_CHARS)]
    frame: Seq


ToolName = Literal["look_closer", "point_at"]


class Tool(Message):
    """The model uses a tool of the client, which answers with `ToolResult`."""

    type: Literal["tool"] = "tool"
    id: str | None = None
    turn: int
    call: str
    name: ToolName
    args: Region | Place


class ToolCancelled(Message):
    """The model does not wait for this call any more."""

    type: Literal["tool_cancelled"] = "tool_cancelled"
    id: str | None = None
    call: str


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


DownlinkMessage = (
    State
    | Transcript
    | Asked
    | TurnStart
    | TurnEnd
    | Interrupted
    | Heard
    | Usage
    | Citations
    | Tool
    | ToolCancelled
    | Notice
    | Gap
)
Downlink = Annotated[DownlinkMessage, Field(discriminator="type")]
DOWNLINK: TypeAdapter[DownlinkMessage] = TypeAdapter(Downlink)


class HistoryTurn(Message):
    """One side of a finished turn, on `session:{sid}:history`."""

    role: Role
    text: str
    turn: int
    time_ms: float
