"""What one client may say: of which size, how fast; and in which order it goes to Redis."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, time

from gateway.client_messages import CloseCode
from gateway.closing import Closing
from gateway.pictures import check_picture
from gateway.uplink import SPEECH, Uplink
from shared import limits
from shared.audio import UPLINK_RATE_HZ, pcm16_ms
from shared.bus_messages import Talk, Text, ToolResult
from shared.bus_messages import Uplink as Control
from shared.codec import HEADER_BYTES, Header, Kind, encode
from shared.errors import DecodeError
from shared.token_bucket import TokenBucket

_ABOUT_PICTURES = (Text, Talk, ToolResult)
"""What may be about the newest picture, which must be in Redis before it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one client may talk. A reconnect sends up to 20 s of speech at once."""

    audio_ms: TokenBucket = field(default_factory=lambda: TokenBucket(1_500, 30_000))
    pictures: TokenBucket = field(default_factory=lambda: TokenBucket(3, 6))
    messages: TokenBucket = field(default_factory=lambda: TokenBucket(30, 90))


class Intake:
    """Takes what a client says, and stores it."""

    def __init__(self, uplink: Uplink, epoch: int) -> None:
        """Store in ``uplink``, as the connection with this ``epoch``."""
        self._uplink, self._epoch = uplink, epoch
        self._pace = Pace()

    def put_speech_now(self, seq: int, entry: bytes) -> bool:
        """Store speech at once, if nothing speaks against it; tell whether it was."""
        audio_ms = _audio_ms(entry)
        if not audio_ms or not self._uplink.has_room or not self._has_time_for(audio_ms):
            return False
        self._uplink.append_speech(seq, entry)
        return True

    async def put_speech(self, seq: int, entry: bytes) -> None:
        """Store speech; ``entry`` is the whole frame.

        Raises:
            DecodeError: ``bad_audio``.
            Closing: If the client sends faster than anybody speaks.
        """
        audio_ms = _audio_ms(entry)
        if not audio_ms:
            raise DecodeError(
                "bad_audio",
                f"Audio frame {seq} has {len(entry) - HEADER_BYTES} bytes.",
                f"Send whole 16-bit samples, at most {limits.AUDIO_FRAME_BYTES} bytes (200 ms).",
                seq,
            )
        if not self._has_time_for(audio_ms):
            raise Closing(CloseCode.TOO_FAST, "audio comes faster than real time")
        await self._uplink.append(seq, entry, SPEECH)

    def put_picture(self, header: Header, jpeg: bytes) -> None:
        """Store a picture.

        Raises:
            DecodeError: ``bad_picture``, or ``rate_limited``.
        """
        check_picture(header, jpeg)
        if not self._pace.pictures.take(1, monotonic()):
            raise DecodeError(
                "rate_limited",
                f"Picture {header.seq} came too soon.",
                "Send at most 3 a second, and 6 at once.",
                header.seq,
            )
        self._uplink.append_picture(header, encode(header, jpeg))

    async def put_control(self, control: Control) -> None:
        """Store one control message.

        Raises:
            Closing: As in `count_message`.
        """
        self.count_message()
        if isinstance(control, _ABOUT_PICTURES):
            self._uplink.flush_pictures()
        header = Header(Kind.CONTROL, self._epoch, control.seq, time() * 1000)
        await self._uplink.append(
            control.seq, encode(header, control.model_dump_json().encode()), control.type
        )

    def count_message(self) -> None:
        """Count a message, be it stored or not.

        Raises:
            Closing: If the client sends too many.
        """
        if not self._pace.messages.take(1, monotonic()):
            raise Closing(CloseCode.TOO_FAST, "too many messages")

    def _has_time_for(self, audio_ms: float) -> bool:
        return self._pace.audio_ms.take(audio_ms, monotonic())


def _audio_ms(entry: bytes) -> float:
    """Return how long the speech of a frame takes; 0 if that is no speech, or too much of it."""
    pcm16_bytes = len(entry) - HEADER_BYTES
    if pcm16_bytes % 2 or not 0 < pcm16_bytes <= limits.AUDIO_FRAME_BYTES:
        return 0.0
    return pcm16_ms(pcm16_bytes, UPLINK_RATE_HZ)
