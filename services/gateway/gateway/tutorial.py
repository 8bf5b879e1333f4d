"""The tutorial's door: the protocol of the page that this began with, on ``/``.

A thin translation in front of the same path, with the same limits, so that a page written for the
tutorial works unchanged: docs/protocol.md, "The tutorial's door".
"""

from __future__ import annotations

import asyncio
import binascii
import re
from hashlib import blake2b
from time import time
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import orjson
import pybase64
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway import metrics
from gateway.client_messages import CloseCode, Error
from gateway.closing import Closing
from gateway.door import HELLO_S, Door
from gateway.downlink import Downlink
from gateway.outbox import Item, Outbox
from gateway.session_store import Attachment
from shared.audio import UPLINK_RATE_HZ
from shared.bus_messages import DOWNLINK, Interrupted, Message, State, Transcript, TurnEnd
from shared.codec import HEADER_BYTES, Header, Kind, encode
from shared.errors import DecodeError
from shared.options import SessionOptions

CHUNK_BYTES = 3_200
"""100 ms: the tutorial's page sends speech in lumps of up to three seconds."""

SHORT_MESSAGE = 6_000
"""Characters: a chunk as base64 in JSON, and no picture."""

_AUDIO_TYPE = re.compile(r"audio/pcm(?:;\s*rate=(\d{4,6}))?")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")


class _Loose(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _GenerationConfig(_Loose):
    response_modalities: Annotated[list[Literal["AUDIO", "TEXT"]], Field(max_length=1)] = ["AUDIO"]


class _Setup(_Loose):
    generation_config: _GenerationConfig = _GenerationConfig()


class _First(_Loose):
    setup: _Setup


class _Chunk(_Loose):
    mime_type: Annotated[str, Field(max_length=60)]
    data: str | None = None  # the page names a picture before it has taken one


class _RealtimeInput(_Loose):
    media_chunks: Annotated[list[_Chunk], Field(max_length=16)]


class _Input(_Loose):
    realtime_input: _RealtimeInput


_CHUNK_KEYS = {"mime_type", "data"}

_FIRST: TypeAdapter[_First] = TypeAdapter(_First)
_INPUT: TypeAdapter[_Input] = TypeAdapter(_Input)


class Media(NamedTuple):
    """One chunk, decoded: 16 kHz speech or a JPEG."""

    kind: Literal["audio", "picture"]
    data: bytes


def parse_setup(message: str | bytes) -> bool:
    """Return whether the client wants text instead of speech.

    Raises:
        DecodeError: If it is not a setup, or holds a key that is not the client's to set.
    """
    return _validate(_FIRST, message).setup.generation_config.response_modalities == ["TEXT"]


def parse_input(message: str | bytes) -> list[Media]:
    """Return the media in one message, in order.

    Raises:
        DecodeError: If it is not such a message, or a chunk of another type or rate.
    """
    chunks = _validate(_INPUT, message).realtime_input.media_chunks
    return [_decode(chunk.mime_type, chunk.data) for chunk in chunks if chunk.data]


def one_chunk_in(message: str | bytes) -> Media | None:
    """Return what is in a message with a single chunk, as `parse_input` would; None if it is not.

    The page's models cost 10 µs for each chunk of speech, this 3.
    """
    try:
        content = orjson.loads(message)
        (chunk,) = content["realtime_input"]["media_chunks"]
        if (
            len(content) == len(content["realtime_input"]) == 1
            and chunk.keys() == _CHUNK_KEYS
            and chunk["data"]
        ):
            return _decode(chunk["mime_type"], chunk["data"])
    except (AttributeError, KeyError, TypeError, ValueError, DecodeError):
        pass  # of a shape that is not for here to judge
    return None


class Sentences:
    """Collects words until a sentence is whole: the tutorial's page shows each text as a line."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, text: str) -> list[str]:
        """Add words; return the sentences that they complete."""
        *whole, self._text = _SENTENCE_END.split(self._text + text)
        return [line for sentence in whole if (line := sentence.strip())]

    def flush(self) -> list[str]:
        """Return what is left."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []


class TutorialDoor(Door):
    """A client that speaks the tutorial's protocol."""

    name = "tutorial"

    async def greet(self) -> tuple[Attachment, Downlink, Outbox]:
        """Take `setup`; there is no answer to it in this protocol."""
        try:
            async with asyncio.timeout(HELLO_S):
                first = await self.socket.receive()
        except TimeoutError as exc:
            raise Closing(CloseCode.TOO_SLOW, f"no setup in {HELLO_S:.0f} s") from exc
        self._text_only = parse_setup(first)
        self._sentences = Sentences()
        self._seq = self._picture_seq = 0
        self._last_picture = b""
        held = await self.house.store.create("tutorial", SessionOptions(), self.name)
        metrics.OPENED.labels(self.name, "false").inc()
        return held, *self.open_downlink(held)

    def take_now(self, message: str | bytes) -> bool:
        """Take a message with one chunk of speech."""
        if len(message) > SHORT_MESSAGE:
            return False
        media = one_chunk_in(message)
        if media is None or media.kind != "audio" or len(media.data) > CHUNK_BYTES:
            return False
        seq = self._seq + 1
        if not self.intake.put_speech_now(seq, self._entry(seq, media.data)):
            return False
        self._seq = seq
        return True

    async def handle(self, message: str | bytes) -> None:
        """Take one `realtime_input`."""
        single = one_chunk_in(message)
        for media in parse_input(message) if single is None else [single]:
            if media.kind == "audio":
                await self._put_audio(media.data)
            else:
                self._put_picture(media.data)

    async def deliver(self, item: Item) -> None:
        """Send speech as base64, and the transcript of it sentence by sentence."""
        if isinstance(item.data, bytes):
            if not self._text_only:
                pcm16 = pybase64.b64encode_as_string(item.data[HEADER_BYTES:])
                await self.send(f'{{"audio":"{pcm16}"}}')
            return
        for line in self._lines(DOWNLINK.validate_json(item.data)):
            await self._send_json(line)

    async def tell(self, message: Message) -> None:
        """Send errors; the rest has no place in this protocol."""
        if isinstance(message, Error):
            await self._send_json({"error": message.model_dump(include=_ERROR_FIELDS)})

    def acknowledgement(self) -> None:
        """Return nothing: this protocol has no word for it."""

    def _lines(self, message: object) -> list[dict[str, Any]]:
        match message:
            case Transcript(role="assistant"):
                sentences = self._sentences.add(message.text)
                return [{"text": text} for text in sentences]
            case TurnEnd() | Interrupted():
                return [{"text": text} for text in self._sentences.flush()]
            case State(state="ended", reason=reason, message=text) if reason != "client":
                action = "Connect again to start a new conversation."
                return [{"error": {"code": reason, "message": text, "action": action}}]
        return []

    async def _put_audio(self, pcm16: bytes) -> None:
        if len(pcm16) % 2 or not pcm16:
            raise DecodeError(
                "bad_audio", f"An audio chunk has {len(pcm16)} bytes.", "Send whole 16-bit samples."
            )
        for at in range(0, len(pcm16), CHUNK_BYTES):
            chunk = pcm16[at : at + CHUNK_BYTES]
            self._seq += 1
            await self.intake.put_speech(self._seq, self._entry(self._seq, chunk))

    def _entry(self, seq: int, pcm16: bytes) -> bytes:
        header = Header(Kind.MICROPHONE, self.held.epoch, seq, time() * 1000)
        return encode(header, pcm16)

    def _put_picture(self, jpeg: bytes) -> None:
        # The page sends the newest picture with every piece of speech, changed or not.
        digest = blake2b(jpeg, digest_size=16).digest()
        if digest == self._last_picture:
            return
        header = Header(Kind.PICTURE, self.held.epoch, self._picture_seq + 1, time() * 1000)
        self.intake.put_picture(header, jpeg)
        self._picture_seq += 1
        self._last_picture = digest

    async def _send_json(self, message: dict[str, Any]) -> None:
        await self.send(orjson.dumps(message).decode())


_ERROR_FIELDS = {"code", "message", "action"}


T = TypeVar("T")


def _validate(adapter: TypeAdapter[T], message: str | bytes) -> T:
    try:
        return adapter.validate_json(message)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_input=False)[0]
        if error["type"] in {"json_invalid", "model_type"} and not error["loc"]:
            raise DecodeError(
                "bad_json", "A message is not a JSON object.", "Send one JSON object per message."
            ) from exc
        where = ".".join(str(part) for part in error["loc"]) or "message"
        raise DecodeError(
            "bad_message",
            f"{where}: {error['msg']}.",
            "Send setup once, then realtime_input with media_chunks; docs/protocol.md has both.",
        ) from exc


def _decode(mime_type: str, base64_data: str) -> Media:
    audio = _AUDIO_TYPE.fullmatch(mime_type)
    if audio is None and mime_type != "image/jpeg":
        raise DecodeError(
            "bad_message",
            f"There is no media type {mime_type!r} here.",
            "Send audio/pcm or image/jpeg.",
        )
    if audio is not None and audio[1] not in {None, str(UPLINK_RATE_HZ)}:
        raise DecodeError(
            "bad_audio",
            f"Audio comes at {audio[1]} Hz.",
            f"Send it at {UPLINK_RATE_HZ} Hz, as audio/pcm;rate={UPLINK_RATE_HZ}.",
        )
    try:
        data = pybase64.b64decode(base64_data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise DecodeError(
            "bad_message", "A chunk's data is not base64.", "Encode it as standard base64."
        ) from exc
    return Media("audio" if audio else "picture", data)
