"""What crosses the browser socket besides what crosses Redis: greetings, acks, errors, close codes.

docs/protocol.md describes all of it, and its samples are read by the tests.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from shared import limits
from shared.bus_messages import (
    MAX_TEXT_CHARS,
    End,
    HistoryTurn,
    Message,
    Microphone,
    Played,
    Seq,
    Share,
    Stop,
    Talk,
    Text,
    ToolResult,
    Uplink,
)
from shared.errors import DecodeError
from shared.options import SessionOptions

SUBPROTOCOL = "overshoulder.v1"


class CloseCode(IntEnum):
    """Why a socket was closed. 4000 to 4499: come back. 4500 to 4999: do not."""

    GOING_AWAY = 1012
    BUSY = 1013
    OUT_OF_STEP = 4400
    TICKET_REFUSED = 4401
    TOO_SLOW = 4408
    TOO_FAST = 4429
    PROTOCOL_ERROR = 4500
    ENDED = 4501
    TAKEN_OVER = 4509


class Resume(Message):
    """Go on with a session; without ``last`` the client has lost what was said (a reload)."""

    session: Annotated[str, Field(max_length=64)]
    token: Annotated[str, Field(max_length=128)]
    last: Annotated[str, Field(max_length=32)] | None = None


class Hello(Message):
    """First message of a client."""

    type: Literal["hello"] = "hello"
    ticket: Annotated[str, Field(max_length=2_048)]
    options: SessionOptions = SessionOptions()
    resume: Resume | None = None


class Ping(Message):
    """Asks for a `Pong`."""

    type: Literal["ping"] = "ping"
    time_ms: Annotated[float, Field(allow_inf_nan=False)]


class Limits(Message):
    """Bounds that a client keeps to."""

    audio_frame_bytes: int = limits.AUDIO_FRAME_BYTES
    picture_bytes: int = limits.PICTURE_BYTES
    picture_side_px: int = limits.PICTURE_SIDE_PX[1]
    text_chars: int = MAX_TEXT_CHARS
    unacked_audio_s: float = limits.UNACKED_AUDIO_S
    resume_s: float = limits.GRACE_S


class Ready(Message):
    """Checked in; ``last_seq`` and ``last_picture`` are stored already."""

    type: Literal["ready"] = "ready"
    session: str
    token: str
    resumed: bool
    last_seq: int
    last_picture: int
    history: list[HistoryTurn] = Field(default_factory=list)
    limits: Limits = Limits()


class Ack(Message):
    """Everything up to ``seq`` and ``picture`` is stored."""

    type: Literal["ack"] = "ack"
    seq: int
    picture: int


class Pong(Message):
    """Answer to `Ping`, with its time."""

    type: Literal["pong"] = "pong"
    time_ms: float


class Error(Message):
    """What is wrong, and what to do."""

    type: Literal["error"] = "error"
    code: str
    message: str
    action: str
    seq: int | None = None


ClientMessage = Hello | Ping | Uplink
CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[
        Hello | Ping | Text | Talk | Microphone | Share | Played | Stop | ToolResult | End,
        Field(discriminator="type"),
    ]
)


class _Numbered(Message):
    model_config = ConfigDict(extra="ignore")

    seq: Seq


_NUMBERED: TypeAdapter[_Numbered] = TypeAdapter(_Numbered)
_NO_OBJECT = {"json_invalid", "dict_type"}

MAX_ERROR_CHARS = 200
"""Of an error's text: it may repeat what the client sent, and that may be long."""


def parse(text: str) -> ClientMessage:
    """Parse one text frame.

    Raises:
        DecodeError: ``bad_json`` or ``bad_message``; the text names the field, and ``seq`` is the
            message's number if it has one.
    """
    try:
        return CLIENT.validate_json(text)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_input=False)[0]
        if error["type"] in _NO_OBJECT and not error["loc"]:
            raise DecodeError(
                "bad_json",
                "A text frame is not a JSON object.",
                "Send one JSON object per text frame.",
            ) from exc
        where = ".".join(str(part) for part in error["loc"]) or "message"
        raise DecodeError(
            "bad_message",
            f"{where}: {error['msg']}"[:MAX_ERROR_CHARS] + ".",
            "Send one of the messages in docs/protocol.md, with its fields and no others.",
            _number_in(text),
        ) from exc


def _number_in(text: str) -> int | None:
    """Return the sequence number of a message that is wrong otherwise, if it has one."""
    try:
        return _NUMBERED.validate_json(text).seq
    except ValidationError:
        return None
