"""What a session asks of whoever thinks: the assistant, or the script."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from local_live.history import History
from local_live.vad import Detection, SpeechGate, Utterance
from local_live.wire import ToolResponse


class Source(NamedTuple):
    """A page that an answer rests on."""

    title: str
    uri: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of an answer: up to 100 ms of mono PCM16 at 24 000 Hz, and the words beginning in it.

    Joined, the texts of all pieces are the answer's transcript, spaces included.
    """

    pcm16: bytes
    text: str
    sources: tuple[Source, ...] = ()
    """Pages that the answer rests on, told with its last piece."""


class Tools(Protocol):
    """What the client can do in the middle of an answer."""

    @property
    def offered(self) -> frozenset[str]:
        """Names of the functions that it has declared."""
        ...

    async def call(self, name: str, args: dict[str, object]) -> ToolResponse:
        """Let the client do something, and wait for what becomes of it."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be answered."""

    text: str
    voiced_ms: int | None = None
    """How long somebody spoke; None when it was typed."""
    tool: ToolResponse | None = None
    """Set when a tool's result is to be told."""
    instruction: str = ""
    pictures_since: int = 0
    """Pictures that have come since the last turn began."""
    tools: Tools | None = None
    """None where there is nobody to ask."""
    searches: bool = False
    """Google search is allowed."""


class Brain(Protocol):
    """One session's listener and speaker."""

    keeps_pictures: bool
    """Whether it reads pictures, so that their bytes must be kept."""

    def new_gate(self, detection: Detection) -> SpeechGate:
        """Return the gate that finds utterances in this session's audio."""
        ...

    async def voiced(self, windows: bytes) -> list[bool]:
        """Tell for each window of the gate (PCM16 at 16 000 Hz) whether somebody speaks in it."""
        ...

    def notice_picture(self, history: History) -> None:
        """A new picture is in ``history``."""

    def notice_speech(self) -> None:
        """Somebody has begun to speak."""

    def notice_pause(self, utterance: Utterance) -> None:
        """This may be the whole utterance: recognition may begin on trial."""

    def notice_interruption(self, history: History, heard_ms: float) -> None:
        """The answer was cut off after about ``heard_ms`` of it, if it was played as it came."""

    async def transcribe(self, utterance: Utterance) -> str:
        """Return what was said; empty where there were no words."""
        ...

    def answer(self, question: Question, history: History) -> AsyncGenerator[Spoken, None]:
        """Speak the answer, piece by piece, as it is made."""
        ...

    async def close(self) -> None:
        """Let go of whatever is still being worked on for this session."""
