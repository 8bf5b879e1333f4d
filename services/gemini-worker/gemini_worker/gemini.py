"""The Live API through google-genai: dial, send, receive. The only module that imports it.

Facts of the SDK that shape this file (google-genai 3.4): it talks ``v1`` unless told otherwise; the
handshake has no deadline and its first frame is not checked; ``receive`` ends after each turn;
received closes are `APIError`, closes met while sending are websockets' own; deflate is offered,
and costs more than all else.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from google import genai
from google.genai import errors, types
from google.genai.live import AsyncSession
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from gemini_worker.events import (
    AssistantWords,
    Audio,
    GoAway,
    HandleUpdate,
    Interrupted,
    LiveClosed,
    LiveEvent,
    Tokens,
    ToolCall,
    TurnComplete,
    UserWords,
)
from gemini_worker.models import capabilities_of
from shared.bus_messages import HistoryTurn
from shared.errors import ConfigurationError
from shared.options import SessionOptions

HANDSHAKE_S = 20.0
"""From dialling to `setupComplete`; the SDK itself would wait for ever."""

SEND_S = 10.0
"""An endpoint that takes longer to accept one message has stopped reading."""

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_AUDIO_FRAME = (
    b'{"realtime_input": {"audio": {"data": "',
    b'", "mime_type": "audio/pcm;rate=16000"}}}',
)
_PICTURE_FRAME = (b'{"realtime_input": {"video": {"data": "', b'", "mime_type": "image/jpeg"}}}')
"""What stands before and behind the data in the SDK's own frames."""

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_HISTORY_ROLES = {"user": "user", "assistant": "model"}
_RESOLUTIONS = {
    "low": types.MediaResolution.MEDIA_RESOLUTION_LOW,
    "medium": types.MediaResolution.MEDIA_RESOLUTION_MEDIUM,
    "high": types.MediaResolution.MEDIA_RESOLUTION_HIGH,
}


@dataclass(frozen=True, slots=True)
class Setup:
    """What one Live session is opened with."""

    options: SessionOptions
    instruction: str
    handle: str | None = None
    history: Sequence[HistoryTurn] = ()
    """Finished turns, for a fresh session that goes on where an earlier one broke."""


class LiveConnection:
    """One open Live session. Sends may run beside each other; there is one reader."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.sent_before = 0
        """Messages sent before the caller's own: the history of a fresh session."""

    async def send_audio(self, pcm16: bytes) -> None:
        """Send mono PCM16 at 16 000 Hz. Like all sends: `LiveClosed` if the connection is over."""
        await self._send_media(_AUDIO_FRAME, pcm16)

    async def send_picture(self, jpeg: bytes) -> None:
        """Send one picture; at most one a second is looked at."""
        await self._send_media(_PICTURE_FRAME, jpeg)

    async def send_text(self, text: str) -> None:
        """Send a typed question; the model answers at once."""
        await _sent(self._session.send_realtime_input(text=text))

    async def send_activity(self, *, active: bool) -> None:
        """Push-to-talk pressed or let go."""
        if active:
            await _sent(self._session.send_realtime_input(activity_start=types.ActivityStart()))
        else:
            await _sent(self._session.send_realtime_input(activity_end=types.ActivityEnd()))

    async def send_audio_end(self) -> None:
        """The microphone is off: speech ends now, not after a silence."""
        await _sent(self._session.send_realtime_input(audio_stream_end=True))

    async def refuse_tool(self, call_id: str, name: str) -> None:
        """Answer a call of a function that nobody declared; without an answer the model waits."""
        answer = types.FunctionResponse(
            id=call_id, name=name, response={"error": f"There is no function {name}."}
        )
        await _sent(self._session.send_tool_response(function_responses=[answer]))

    async def send_history(self, turns: Sequence[HistoryTurn]) -> None:
        """Tell a fresh session what was said before; it does not answer to that."""
        contents: list[types.Content | types.ContentDict] = [
            types.Content(role=_HISTORY_ROLES[turn.role], parts=[types.Part(text=turn.text)])
            for turn in turns
        ]
        await _sent(self._session.send_client_content(turns=contents, turn_complete=False))

    async def _send_media(self, frame: tuple[bytes, bytes], data: bytes) -> None:
        """Send one blob in a prebuilt frame.

        The SDK validates, converts, copies and serialises each message anew: of a worker's time
        that was more than half. Speech and pictures differ in their data alone, so they are written
        straight to the SDK's socket, byte for byte as the SDK would have (tests/gemini_worker).
        """
        before, after = frame
        text = before + base64.urlsafe_b64encode(data) + after
        await _sent(self._session._ws.send(text, text=True))  # noqa: SLF001 - see above

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Yield what the model says until the connection is over.

        Raises:
            LiveClosed: Always in the end, also after a normal close.
        """
        while True:
            try:
                async for message in self._session.receive():
                    for event in _events_in(message):
                        yield event
            except errors.APIError as exc:
                raise LiveClosed(exc.code or 1006, _reason_of(exc)) from exc
            except (ConnectionClosed, OSError) as exc:
                raise LiveClosed(1006, type(exc).__name__) from exc
            except (ValueError, TypeError, AttributeError) as exc:
                # The SDK's way of saying that it does not understand a frame.
                raise LiveClosed(1006, f"unreadable message: {type(exc).__name__}") from exc


class LiveEndpoint:
    """Where sessions are opened: Gemini, Vertex, or what `GOOGLE_GEMINI_BASE_URL` names."""

    def __init__(
        self, model: str, api_version: str, media_resolution: Literal["low", "medium", "high"]
    ) -> None:
        """Build the SDK's client from its own environment variables.

        Raises:
            ConfigurationError: If there is no key, or the SDK refuses its settings.
        """
        self.model = model
        self._capabilities = capabilities_of(model)
        self._resolution = _RESOLUTIONS[media_resolution]
        try:
            self._client = genai.Client(
                http_options=types.HttpOptions(
                    api_version=api_version, async_client_args=_websocket_options()
                )
            )
        except (ValueError, OSError) as exc:
            raise ConfigurationError(
                "There is no way to reach Gemini: set GEMINI_API_KEY (or the SDK's Vertex settings;"
                f" GOOGLE_GEMINI_BASE_URL names another endpoint). The SDK says: {exc}"
            ) from exc

    @asynccontextmanager
    async def dial(self, setup: Setup) -> AsyncIterator[LiveConnection]:
        """Open one Live session, and close it at the end.

        Raises:
            LiveClosed: If the endpoint cannot be reached or refuses the setup.
        """
        async with AsyncExitStack() as stack:
            connection = LiveConnection(await self._open(stack, setup))
            if setup.history and setup.handle is None:
                await connection.send_history(setup.history)
                connection.sent_before = 1
            yield connection

    async def _open(self, stack: AsyncExitStack, setup: Setup) -> AsyncSession:
        connecting = self._client.aio.live.connect(model=self.model, config=self._config(setup))
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                session = await stack.enter_async_context(connecting)
        except errors.APIError as exc:
            raise LiveClosed(exc.code or 1006, _reason_of(exc)) from exc
        except InvalidStatus as exc:
            raise LiveClosed(exc.response.status_code, "HTTP status at the handshake") from exc
        except ConnectionClosed as exc:
            received = exc.rcvd
            raise LiveClosed(
                received.code if received else 1006, received.reason if received else ""
            ) from exc
        except ssl.SSLError as exc:
            raise LiveClosed(
                1006, f"certificate not trusted ({exc.reason}); set SSL_CERT_FILE"
            ) from exc
        except (OSError, TimeoutError, InvalidHandshake) as exc:
            raise LiveClosed(1006, f"cannot be reached: {type(exc).__name__}") from exc
        except (ValueError, ValidationError) as exc:
            raise LiveClosed(1007, f"setup not accepted by the SDK: {exc}") from exc
        if session.setup_complete is None:
            # The SDK does not look at the first frame; whatever this was, it was not a welcome.
            raise LiveClosed(1006, "no setupComplete")
        return session

    def _config(self, setup: Setup) -> types.LiveConnectConfig:
        can = self._capabilities
        speech = types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=setup.options.voice)
            )
        )
        seeded = bool(setup.history) and setup.handle is None and can.seeding_needs_history_config
        return types.LiveConnectConfig(
            response_modalities=[types.Modality.AUDIO],
            speech_config=speech,
            media_resolution=self._resolution,
            system_instruction=setup.instruction,
            thinking_config=_thinking(can.thinking),
            input_audio_transcription=types.AudioTranscriptionConfig(),
            output_audio_transcription=types.AudioTranscriptionConfig(),
            session_resumption=types.SessionResumptionConfig(handle=setup.handle),
            context_window_compression=types.ContextWindowCompressionConfig(
                trigger_tokens=25_000,  # Google's own example: every turn bills the whole window
                sliding_window=types.SlidingWindow(target_tokens=8_000),
            ),
            realtime_input_config=_realtime(
                setup.options, all_input=can.all_input_coverage_for_push_to_talk
            ),
            history_config=types.HistoryConfig(initial_history_in_client_content=True)
            if seeded
            else None,
        )


def _realtime(options: SessionOptions, *, all_input: bool) -> types.RealtimeInputConfig | None:
    if options.turn_taking == "open_mic":
        return None
    return types.RealtimeInputConfig(
        automatic_activity_detection=types.AutomaticActivityDetection(disabled=True),
        turn_coverage=types.TurnCoverage.TURN_INCLUDES_ALL_INPUT if all_input else None,
    )


def _thinking(how: Literal["none", "budget", "level"]) -> types.ThinkingConfig | None:
    """Ask for the least thinking: somebody waits for the first word."""
    match how:
        case "budget":
            return types.ThinkingConfig(thinking_budget=0)
        case "level":
            return types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
        case "none":
            return None


def _websocket_options() -> dict[str, Any]:
    """Return what the SDK hands to ``websockets.connect``."""
    options: dict[str, Any] = {
        "compression": None,
        "max_size": MAX_MESSAGE_BYTES,
        "open_timeout": HANDSHAKE_S,
        "close_timeout": 1.0,
        "ping_interval": 20.0,
        "ping_timeout": 60.0,  # pongs queue behind bursts of speech
        "max_queue": 128,
    }
    if urlsplit(os.environ.get("GOOGLE_GEMINI_BASE_URL", "")).hostname in _THIS_MACHINE:
        # A system proxy is used even for this machine's own addresses, and none can reach them.
        # Elsewhere the name stays out: the SDK hands it to its HTTP client too, which wants more.
        options["proxy"] = None
    return options


async def _sent(sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(SEND_S):
            await sending
    except ConnectionClosed as exc:
        received = exc.rcvd
        raise LiveClosed(
            received.code if received else 1006, received.reason if received else ""
        ) from exc
    except (OSError, TimeoutError) as exc:
        raise LiveClosed(1006, f"stopped reading: {type(exc).__name__}") from exc


def _reason_of(exc: errors.APIError) -> str:
    return str(exc.details or exc.message or "")


def _events_in(message: types.LiveServerMessage) -> list[LiveEvent]:
    """Return what one message says, in the order in which it should take effect."""
    events: list[LiveEvent] = []
    content = message.server_content
    if content is not None:
        events += _events_in_content(content)
    usage = message.usage_metadata
    if usage is not None:
        events.append(
            Tokens(
                usage.prompt_token_count or 0,
                usage.response_token_count or 0,
                usage.total_token_count or 0,
            )
        )
    if content is not None and content.turn_complete:
        status = content.interaction_status
        events.append(TurnComplete(status is types.InteractionStatus.IN_PROGRESS))
    update = message.session_resumption_update
    if update is not None:
        handle = update.new_handle if update.resumable else None
        consumed = update.last_consumed_client_message_index
        events.append(HandleUpdate(handle or None, consumed))
    for call in (message.tool_call.function_calls or []) if message.tool_call else []:
        events.append(ToolCall(call.id or "", call.name or ""))
    if message.go_away is not None:
        events.append(GoAway(_seconds(message.go_away.time_left)))
    return events


def _events_in_content(content: types.LiveServerContent) -> list[LiveEvent]:
    events: list[LiveEvent] = []
    if content.input_transcription is not None and content.input_transcription.text:
        events.append(UserWords(content.input_transcription.text))
    if content.interrupted:
        events.append(Interrupted())
    if content.output_transcription is not None and content.output_transcription.text:
        events.append(AssistantWords(content.output_transcription.text))
    parts = (content.model_turn.parts or []) if content.model_turn else []
    blobs = [part.inline_data for part in parts if part.inline_data is not None]
    return events + [Audio(blob.data) for blob in blobs if blob.data]


def _seconds(duration: str | None) -> float:
    """Parse a duration as the API writes it, ``"9.5s"``; 0 if it is missing or strange."""
    try:
        return max(0.0, float((duration or "0s").removesuffix("s")))
    except ValueError:
        return 0.0
