"""The protocols that a client of the bench speaks: what to send, and what was heard. Pure.

Each client has a tongue of its own, since some count.
"""

from __future__ import annotations

import base64
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from time import time
from typing import Any, ClassVar

import orjson
import pybase64

from shared.codec import Header, Kind, StreamId, decode

_NUMBER_AT = 6
"""Where the number stands in a picture: behind the head of the comment (bench/media.py)."""

_NUMBER = struct.Struct("<HI")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message said."""

    pcm16: bytes = b""
    is_ready: bool = False
    """From now on everything that the client says counts."""
    problem: str = ""


NOTHING = Heard()


@dataclass
class Tongue(ABC):
    """One client's side of a protocol."""

    jpeg: bytes
    pictures: int = 0
    says_when_ready: ClassVar[bool] = True

    @abstractmethod
    def opening(self) -> str:
        """Return the first message."""

    @abstractmethod
    def speech(self, pcm16: bytes) -> bytes | str:
        """Return the message for a chunk of speech; text if it is a string."""

    @abstractmethod
    def picture(self) -> bytes | str:
        """Return the message for the next picture; each differs from the one before."""

    @abstractmethod
    def heard(self, message: bytes) -> Heard:
        """Take one message of the server."""

    def unsettled(self) -> int:
        """Return how many messages the server has not confirmed yet."""
        return 0

    def faults(self) -> dict[str, int]:
        """Return what the numbers of the server's messages show to be wrong."""
        return {"holes": 0, "repeats": 0}


@dataclass
class Native(Tongue):
    """`overshoulder.v1`: binary media behind a header; everything is numbered and acknowledged."""

    ticket: str = ""
    seq: int = 0
    acked: int = 0
    holes: int = 0
    repeats: int = 0
    _last: StreamId | None = None

    def opening(self) -> str:
        """Say hello."""
        return orjson.dumps({"type": "hello", "ticket": self.ticket}).decode()

    def speech(self, pcm16: bytes) -> bytes:
        """Put the header before it."""
        self.seq += 1
        return Header(Kind.MICROPHONE, 0, self.seq, time() * 1000).pack() + pcm16

    def picture(self) -> bytes:
        """Put the header before it."""
        self.pictures += 1
        header = Header(Kind.PICTURE, 0, self.pictures, time() * 1000)
        behind = _NUMBER_AT + _NUMBER.size
        number = _NUMBER.pack(0, self.pictures)
        return b"".join((header.pack(), self.jpeg[:_NUMBER_AT], number, self.jpeg[behind:]))

    def heard(self, message: bytes) -> Heard:
        """Count, and take the sound."""
        if message[0] == Kind.ASSISTANT_AUDIO:
            header, pcm16 = decode(message)
            self.count(StreamId(header.epoch, header.seq))
            return Heard(pcm16)
        return self._told(orjson.loads(message))

    def unsettled(self) -> int:
        """Return what is not acknowledged."""
        return self.seq - self.acked

    def faults(self) -> dict[str, int]:
        """Return what the ids of the replies show."""
        return {"holes": self.holes, "repeats": self.repeats}

    def _told(self, message: dict[str, Any]) -> Heard:
        if "id" in message:
            self.count(StreamId.parse(message["id"]))
        match message["type"]:
            case "ack":
                self.acked = message["seq"]
            case "state" if message["state"] == "live":
                return Heard(is_ready=True)
            case "error" | "gap" | "interrupted" | "notice":
                return Heard(problem=str(message))
        return NOTHING

    def count(self, entry_id: StreamId) -> None:
        """Look for holes and repeats: numbers run on by one."""
        if self._last is not None:
            if entry_id <= self._last:
                self.repeats += 1
            else:
                self.holes += entry_id.seq - self._last.seq - 1
        self._last = max(entry_id, self._last or entry_id)


@dataclass
class Encoded(Tongue):
    """What the protocols that put base64 into JSON have in common."""

    _before: str = field(init=False)
    _behind: str = field(init=False)

    def __post_init__(self) -> None:
        behind = _NUMBER_AT + _NUMBER.size
        self._before = base64.b64encode(self.jpeg[:_NUMBER_AT]).decode()
        self._behind = base64.b64encode(self.jpeg[behind:]).decode()

    def encoded_picture(self) -> str:
        """Return the next picture as base64; only its number is encoded anew."""
        self.pictures += 1
        number = base64.b64encode(_NUMBER.pack(0, self.pictures)).decode()
        return self._before + number + self._behind


@dataclass
class Tutorial(Encoded):
    """The tutorial's own protocol, which has no word for being ready."""

    says_when_ready: ClassVar[bool] = False

    def opening(self) -> str:
        """Set up."""
        return '{"setup":{"generation_config":{"response_modalities":["AUDIO"]}}}'

    def speech(self, pcm16: bytes) -> str:
        """Put a chunk into a list of one."""
        return self._input("audio/pcm", base64.b64encode(pcm16).decode())

    def picture(self) -> str:
        """Put a picture into a list of one."""
        return self._input("image/jpeg", self.encoded_picture())

    def heard(self, message: bytes) -> Heard:
        """Take the sound."""
        answer = orjson.loads(message)
        if "error" in answer:
            return Heard(problem=str(answer["error"]))
        return Heard(pybase64.b64decode(answer["audio"])) if "audio" in answer else NOTHING

    @staticmethod
    def _input(mime_type: str, data: str) -> str:
        chunk = f'{{"mime_type":"{mime_type}","data":"{data}"}}'
        return f'{{"realtime_input":{{"media_chunks":[{chunk}]}}}}'


@dataclass
class Live(Encoded):
    """The Live API itself, without the SDK: the floor under all others."""

    def opening(self) -> str:
        """Ask for what the worker asks for."""
        return (
            '{"setup":{"model":"models/gemini-3.8-live","inputAudioTranscription":{},'
            '"outputAudioTranscription":{},"sessionResumption":{}}}'
        )

    def speech(self, pcm16: bytes) -> str:
        """Put a chunk into a blob."""
        return self._blob("audio", "audio/pcm;rate=16000", base64.b64encode(pcm16).decode())

    def picture(self) -> str:
        """Put a picture into a blob."""
        return self._blob("video", "image/jpeg", self.encoded_picture())

    def heard(self, message: bytes) -> Heard:
        """Take the sound."""
        answer = orjson.loads(message)
        if "setupComplete" in answer:
            return Heard(is_ready=True)
        parts = answer.get("serverContent", {}).get("modelTurn", {}).get("parts", [])
        return Heard(pybase64.b64decode(parts[0]["inlineData"]["data"])) if parts else NOTHING

    @staticmethod
    def _blob(kind: str, mime_type: str, data: str) -> str:
        blob = f'{{"data":"{data}","mimeType":"{mime_type}"}}'
        return f'{{"realtimeInput":{{"{kind}":{blob}}}}}'
