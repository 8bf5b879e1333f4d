"""``python -m bench.echo``: a Live endpoint that costs next to nothing and answers at once.

It speaks as much of the Live API as clients of it need, over TLS. Every chunk of speech that asks
for it is answered with 100 ms of sound (bench/marks.py) in a message that is prebuilt but for its
mark; no clock and no model is involved, so that what a client measures is the way there and back.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pybase64
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench.marks import REPLY_BYTES, ReplyMark, Wish, marks_in
from local_live import tls

_MARK_ROOM_BYTES = 48
"""Of a reply, encoded anew each time: a multiple of three, so that base64 can be cut there."""

_SILENCE = base64.b64encode(bytes(REPLY_BYTES - _MARK_ROOM_BYTES))
_BEFORE = (
    b'{"serverContent":{"modelTurn":{"role":"model","parts":'
    b'[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"'
)
_BEHIND = _SILENCE + b'"}}]}}}'
_QUESTION = b'{"serverContent":{"inputTranscription":{"text":" What is this?"}}}'
_ANSWER = b'{"serverContent":{"outputTranscription":{"text":" That is a test."}}}'
_TURN_END = (
    b'{"serverContent":{"turnComplete":true},"usageMetadata":'
    b'{"promptTokenCount":500,"responseTokenCount":50,"totalTokenCount":550}}'
)
MAX_FRAME_BYTES = 4 * 1024 * 1024


class Conversation(WSListener):
    """One client of the endpoint."""

    def __init__(self) -> None:
        self._audio_bytes = self._pictures = self._messages = 0
        self._is_set_up = self._is_speaking = False
        self._opening: list[bytes] = []
        """What comes before the first sound of a turn, and """
        self._ending: list[bytes] = []
        """what comes after the last: as much as the setup asked for."""
        self._gives_handles = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one message of the client."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            message = frame.get_payload_as_bytes()
            if self._is_set_up:
                self._take(transport, message)
            else:
                self._set_up(transport, orjson.loads(message)["setup"])

    def _set_up(self, transport: WSTransport, setup: dict[str, Any]) -> None:
        asked = {name.replace("_", "").lower() for name in setup}
        if "inputaudiotranscription" in asked:
            self._opening.append(_QUESTION)
        if "outputaudiotranscription" in asked:
            self._opening.append(_ANSWER)
        self._ending.append(_TURN_END)
        if "sessionresumption" in asked:
            self._gives_handles = True
            self._go_on(setup.get("sessionResumption", setup.get("session_resumption")) or {})
        self._is_set_up = True
        transport.send(WSMsgType.BINARY, b'{"setupComplete":{}}')

    def _go_on(self, resumption: dict[str, Any]) -> None:
        """A handle is what it stands for, so that a session may go on at another worker."""
        if handle := resumption.get("handle"):
            self._audio_bytes, self._pictures = map(int, handle.split("."))

    def _handle(self) -> bytes:
        update = {
            "newHandle": f"{self._audio_bytes}.{self._pictures}",
            "resumable": True,
            "lastConsumedClientMessageIndex": self._messages - 1,
        }
        return orjson.dumps({"sessionResumptionUpdate": update})

    def _take(self, transport: WSTransport, message: bytes) -> None:
        """Find the data without parsing the rest: there is one blob in a message, or none."""
        self._messages += 1
        key = message.find(b'"data"')
        if key < 0:
            return
        start = message.index(b'"', key + 6) + 1
        end = message.index(b'"', start)
        if message.find(b"audio/pcm", end) < 0 and message.find(b"audio/pcm", 0, key) < 0:
            self._pictures += 1
            return
        # Both alphabets: the SDK writes the URL-safe one, and the tutorial's page the standard one.
        pcm16 = pybase64.urlsafe_b64decode(message[start:end])
        self._audio_bytes += len(pcm16)
        for mark in marks_in(pcm16):
            if mark.wish:
                self._reply(transport, mark.sent_ns)
            if mark.wish == Wish.LAST_REPLY:
                handles = [self._handle()] if self._gives_handles else []
                self._say(transport, [*self._ending, *handles])
                self._is_speaking = False

    def _reply(self, transport: WSTransport, sent_ns: int) -> None:
        if not self._is_speaking:
            self._is_speaking = True
            self._say(transport, self._opening)
        mark = ReplyMark(sent_ns, self._audio_bytes, self._pictures).pack()
        start = base64.b64encode(mark.ljust(_MARK_ROOM_BYTES, b"\0"))
        transport.send(WSMsgType.BINARY, _BEFORE + start + _BEHIND)

    def _say(self, transport: WSTransport, messages: Sequence[bytes]) -> None:
        for message in messages:
            transport.send(WSMsgType.BINARY, message)


def _greet(_request: WSUpgradeRequest) -> Conversation:
    """Accept whoever comes: any path, any key."""
    return Conversation()


async def serve(folder: Path) -> None:
    """Listen on a port that the system chooses, say which, and answer until cancelled."""
    context = tls.server_context(tls.prepare(folder, []))
    server = await ws_create_server(
        _greet, "127.0.0.1", 0, ssl=context, max_frame_size=MAX_FRAME_BYTES, backlog=1_024
    )
    print(f"listening on localhost:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.echo")
    parser.add_argument("folder", type=Path, help="for the certificates")
    uvloop.run(_until_told(parser.parse_args(arguments).folder))
    return 0


async def _until_told(folder: Path) -> None:
    serving = asyncio.ensure_future(serve(folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    sys.exit(main())
