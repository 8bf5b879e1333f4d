"""The Live API through google-genai: dial, send, receive. Nobody else talks to it.

Facts of the SDK that shape this file (google-genai 3.4): it talks ``v1`` unless told otherwise; the
handshake has no deadline and its first frame is not checked; ``receive`` ends after each turn;
received closes are `APIError`, all others are websockets' own; deflate is offered, and costs more
than all else.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from google import genai
from google.genai import errors, types
from google.genai.live import AsyncSession
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.protocol import State

from gemini_worker.events import LiveClosed, LiveEvent
from gemini_worker.gemini_events import events_in
from gemini_worker.gemini_frame import client_frame, frame_in_pieces
from gemini_worker.gemini_media import picture_message, speech_message
from gemini_worker.gemini_setup import Policy, Setup, live_config
from gemini_worker.gemini_speech import speech_in
from gemini_worker.models import capabilities_of
from gemini_worker.tools import ToolAnswer
from shared.bus_messages import HistoryTurn
from shared.errors import ConfigurationError
from shared.garbage import give_back

HANDSHAKE_S = 20.0
"""From dialling to `setupComplete`; the SDK itself would wait for ever."""

SEND_S = 10.0
"""An endpoint that takes longer to accept one message has stopped reading."""

PING_S = 60.0
"""Between two pings. Whoever speaks notices a dead connection sooner; for the others it is enough
that nothing in between forgets the connection."""

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_HISTORY_ROLES = {"user": "user", "assistant": "model"}


class _HandedOver:
    """Stands where the SDK has a socket, and holds the message that it is to parse."""

    message: str | bytes = b""

    async def recv(self, decode: bool | None = None) -> str | bytes:  # noqa: ARG002 - the SDK's call
        """Return the message."""
        return self.message


class LiveConnection:
    """One open Live session. Sends may run beside each other; there is one reader."""

    def __init__(self, session: AsyncSession, *, schedules_tools: bool = False) -> None:
        self._session = session
        # What leaves and comes all the time goes past the SDK, on its own socket: `_write_now`
        # and `events` say why.
        self._socket = session._ws  # noqa: SLF001 - there is no other way to it
        self._handed_over = _HandedOver()
        self._parser = AsyncSession(
            api_client=session._api_client,  # noqa: SLF001 - the same
            websocket=self._handed_over,  # type: ignore[arg-type]
        )
        self._schedules_tools = schedules_tools
        self.sent_before = 0
        """Messages sent before the caller's own: the history of a fresh session."""

    def send_audio_now(self, pcm16: bytes) -> bool:
        """Send mono PCM16 at 16 000 Hz if the socket takes it at once; tell whether it did."""
        return self._write_now((client_frame(speech_message(pcm16)),))

    async def send_audio(self, pcm16: bytes) -> None:
        """Send mono PCM16 at 16 000 Hz. Like all sends: `LiveClosed` if the connection is over."""
        if not self.send_audio_now(pcm16):
            await _sent(self._socket.send(speech_message(pcm16), text=True))

    async def send_picture(self, jpeg: bytes) -> None:
        """Send one picture; at most one a second is looked at."""
        if not self._write_now(frame_in_pieces(*picture_message(jpeg))):
            _, pieces = picture_message(jpeg)
            await _sent(self._socket.send(b"".join(pieces), text=True))

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

    async def send_interruption(self) -> None:
        """Stop the answer that is being given; there is no message of its own for that."""
        await _sent(self._session.send_client_content(turn_complete=False))

    async def send_tool_answer(self, answer: ToolAnswer) -> None:
        """Answer a call of a function; without an answer the model waits, or calls again."""
        scheduling = types.FunctionResponseScheduling(answer.scheduling)
        response = types.FunctionResponse(
            id=answer.call_id,
            name=answer.name,
            response=dict(answer.response),
            scheduling=scheduling if self._schedules_tools else None,
        )
        await _sent(self._session.send_tool_response(function_responses=[response]))

    async def send_history(self, turns: Sequence[HistoryTurn]) -> None:
        """Tell a fresh session what was said before; it does not answer to that."""
        contents: list[types.Content | types.ContentDict] = [
            types.Content(role=_HISTORY_ROLES[turn.role], parts=[types.Part(text=turn.text)])
            for turn in turns
        ]
        await _sent(self._session.send_client_content(turns=contents, turn_complete=False))

    def _write_now(self, frame: Iterable[bytes]) -> bool:
        """Write a message past the SDK, if there is nothing to wait for; tell whether it was.

        The SDK validates, converts, copies and serialises each message anew: of a worker's time
        that was more than half. Speech and pictures differ in their data alone, so they are written
        straight to the SDK's socket, byte for byte as the SDK would have (tests/gemini_worker).
        """
        socket = self._socket
        if socket.state is not State.OPEN or socket.paused:
            return False
        try:
            for piece in frame:
                socket.transport.write(piece)
        except (OSError, RuntimeError):
            return False  # the connection is over, which whoever waits for it will be told
        return True

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Yield what the model says until the connection is over.

        Speech is read past the SDK; the SDK parses every message that holds anything else.

        Raises:
            LiveClosed: Always in the end, also after a normal close.
        """
        while True:
            try:
                message = await self._socket.recv(decode=False)
                events = speech_in(message)
                if events is None:
                    self._handed_over.message = message
                    events = events_in(await self._parser._receive())  # noqa: SLF001
                for event in events:
                    yield event
            except errors.APIError as exc:
                raise LiveClosed(exc.code or 1006, _reason_of(exc)) from exc
            except ConnectionClosed as exc:
                raise _closed(exc) from exc
            except OSError as exc:
                raise LiveClosed(1006, type(exc).__name__) from exc
            except (ValueError, TypeError, AttributeError) as exc:
                # The SDK's way of saying that it does not understand a frame.
                raise LiveClosed(1006, f"unreadable message: {type(exc).__name__}") from exc


class LiveEndpoint:
    """Where sessions are opened: Gemini, Vertex, or what `GOOGLE_GEMINI_BASE_URL` names."""

    def __init__(self, models: Sequence[str], api_version: str, policy: Policy) -> None:
        """Build the SDK's client from its own environment variables.

        Args:
            models: What a session may have, the default first.
            api_version: Version of the API.
            policy: What the operator has settled for every session.

        Raises:
            ConfigurationError: If there is no key, or the SDK refuses its settings.
        """
        self.models, self._policy = tuple(models), policy
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

    def choose_model(self, wanted: str | None) -> str:
        """Return ``wanted`` if a session may have it, else the default."""
        return wanted if wanted is not None and wanted in self.models else self.models[0]

    @asynccontextmanager
    async def dial(self, setup: Setup) -> AsyncIterator[LiveConnection]:
        """Open one Live session, and close it at the end.

        Raises:
            LiveClosed: If the endpoint cannot be reached or refuses the setup.
        """
        async with AsyncExitStack() as stack:
            schedules = capabilities_of(setup.model).tools == "scheduled"
            session = await self._open(stack, setup)
            connection = LiveConnection(session, schedules_tools=schedules)
            if setup.history and setup.handle is None:
                await connection.send_history(setup.history)
                connection.sent_before = 1
            yield connection

    async def _open(self, stack: AsyncExitStack, setup: Setup) -> AsyncSession:
        # uvloop takes 256 KB for a TLS connection and uses a fraction of it; what others left in
        # the rest would stay in memory for as long as the connection lasts.
        give_back()
        connecting = self._client.aio.live.connect(
            model=setup.model, config=live_config(setup, self._policy)
        )
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                session = await stack.enter_async_context(connecting)
        except errors.APIError as exc:
            raise LiveClosed(exc.code or 1006, _reason_of(exc)) from exc
        except InvalidStatus as exc:
            raise LiveClosed(exc.response.status_code, "HTTP status at the handshake") from exc
        except ConnectionClosed as exc:
            raise _closed(exc) from exc
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


def _websocket_options() -> dict[str, Any]:
    """Return what the SDK hands to ``websockets.connect``."""
    options: dict[str, Any] = {
        "compression": None,
        "max_size": MAX_MESSAGE_BYTES,
        "open_timeout": HANDSHAKE_S,
        "close_timeout": 1.0,
        "ping_interval": PING_S,
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
        raise _closed(exc) from exc
    except (OSError, TimeoutError) as exc:
        raise LiveClosed(1006, f"stopped reading: {type(exc).__name__}") from exc


def _closed(exc: ConnectionClosed) -> LiveClosed:
    return LiveClosed(exc.rcvd.code, exc.rcvd.reason) if exc.rcvd else LiveClosed(1006, "")


def _reason_of(exc: errors.APIError) -> str:
    return str(exc.details or exc.message or "")
