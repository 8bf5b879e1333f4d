"""One client: talks in real time whatever happens, and comes back by docs/protocol.md."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.chaos import media
from bench.chaos.codes import ENDED, NEVER_AGAIN, NO_CLOSE_FRAME, wait_s
from bench.chaos.record import Absence, Hidden, Record, Sent
from bench.chaos.script import Moment
from shared.audio import DOWNLINK_RATE_HZ, pcm16_ms
from shared.codec import Header, Kind, StreamId, decode
from tests.support.client import ORIGIN, SUBPROTOCOL

OPEN_S = 5.0
READY_S = 20.0
"""A gateway whose Redis is away says so after 15 s."""

PLAYED_MS = 1_000.0
"""How often it says how much it has heard."""


@dataclass(frozen=True, slots=True)
class _Picture:
    number: int
    after: int
    """Number of the last message said before it."""
    frame: bytes


class Client:
    """A conversation over one connection after another."""

    def __init__(
        self,
        number: int,
        *,
        ticket: Callable[[], str],
        gateways: Callable[[], list[str]],
        script: Iterator[Moment],
    ) -> None:
        self.number = number
        self.tag = f"[chaos-{number:03}]"
        self.record = Record()
        self.session_id = ""
        self.is_ready = asyncio.Event()
        self.is_over = asyncio.Event()
        self.is_live = False
        """The model has listened at least once."""
        self.silent_from_s = float("inf")
        """When it had said its last word, by the loop's clock."""
        self._ticket, self._gateways, self._script = ticket, gateways, script
        self._token = ""
        self._seq = self._chunks = self._picture_seq = 0
        self._outgoing: dict[int, str | bytes] = {}
        """What is not acknowledged, by number."""
        self._picture: _Picture | None = None
        """The newest one, until it is acknowledged or sharing stops."""
        self._heard_turn, self._heard_ms = 0, 0.0
        self._more = asyncio.Event()
        self._cut = asyncio.Event()
        self._away_s = 0.0
        self._abandoned: ClientConnection | None = None
        self._left_ms: float | None = None
        self._said_end = False

    @property
    def is_acknowledged(self) -> bool:
        """Tell whether everything that was said is stored."""
        return not self._outgoing

    # --- what it says ---

    async def talk(self, stop: asyncio.Event, quiet_s: float) -> None:
        """Follow the script at the pace of real time until ``stop``; then be quiet a while."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        quiet_left = round(quiet_s / media.CHUNK_S)
        while quiet_left and not self.is_over.is_set():
            if stop.is_set():
                quiet_left -= 1
                self._speak(loud=False)
            else:
                self._act(next(self._script))
            due_s += media.CHUNK_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))
        self.silent_from_s = loop.time()

    def end(self) -> None:
        """Say that the conversation is over."""
        self._said_end = True
        self._say("end")

    def cut_network(self, away_s: float) -> None:
        """Nothing of this connection gets through any more; try again after ``away_s``."""
        self._away_s = away_s
        self._cut.set()

    def _act(self, moment: Moment) -> None:
        self.record.breaks.seen(asyncio.get_running_loop().time(), is_on=moment.is_break)
        if moment.is_break:
            return
        if moment.share is not None:
            self._share(active=moment.share)
        if moment.shows:
            self._show()
        if moment.question is not None:
            self._say("text", text=moment.question, picture=self._picture_seq)
            self.record.sent.append(Sent(self._seq, "text", moment.question))
        self._speak(loud=moment.loud)

    def _share(self, *, active: bool) -> None:
        self._say("share", active=active)
        if not active:
            self._picture = None
            self.record.hidden.append(Hidden(len(self.record.sent), self._picture_seq))

    def _show(self) -> None:
        self._picture_seq += 1
        jpeg = media.picture(self.number, self._picture_seq)
        self.record.pictures[media.digest(jpeg)] = self._picture_seq
        header = Header(Kind.PICTURE, 0, self._picture_seq, time() * 1000)
        self._picture = _Picture(self._picture_seq, self._seq, header.pack() + jpeg)

    def _speak(self, *, loud: bool) -> None:
        self._chunks += 1
        pcm16 = media.chunk(self.number, self._chunks, loud=loud)
        self._seq += 1
        header = Header(Kind.MICROPHONE, 0, self._seq, time() * 1000)
        self._outgoing[self._seq] = header.pack() + pcm16
        self.record.sent.append(Sent(self._seq, "audio", media.digest(pcm16)))
        self._more.set()

    def _say(self, message_type: str, **fields: Any) -> None:
        self._seq += 1
        message = {"type": message_type, "seq": self._seq, **fields}
        self._outgoing[self._seq] = orjson.dumps(message).decode()
        self._more.set()

    # --- its connections ---

    async def stay_connected(self) -> None:
        """Hold the conversation over as many connections as it takes, until it is over."""
        attempt = 0
        while not self.is_over.is_set():
            self.is_ready.clear()
            try:
                code = await self._connection()
            except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                code = NO_CLOSE_FRAME
            attempt = 0 if self.is_ready.is_set() else attempt + 1
            self._left_ms = self._left_ms or time() * 1000
            if code in NEVER_AGAIN:
                self._conclude(code)
            else:
                await asyncio.sleep(wait_s(code, attempt))

    def _conclude(self, code: int) -> None:
        if code != ENDED or not self._said_end:
            self.record.problems.append(f"closed with {code}")
        self.is_over.set()

    async def _connection(self) -> int:
        """Serve one connection; return its close code."""
        self._cut.clear()
        socket = await connect(
            random.choice(self._gateways()),
            subprotocols=[SUBPROTOCOL],
            origin=ORIGIN,
            compression=None,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=1.0,
            ping_interval=None,
        )
        try:
            last_seq = await self._check_in(socket)
            sending = asyncio.create_task(self._send(socket, last_seq))
            reading = asyncio.create_task(self._read(socket))
            cutting = asyncio.create_task(self._cut.wait())
            try:
                await asyncio.wait({reading, cutting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, reading, cutting):
                    task.cancel()
                await asyncio.gather(sending, reading, cutting, return_exceptions=True)
        except BaseException:
            socket.transport.abort()
            raise
        if self._cut.is_set():
            return await self._vanish(socket)
        return socket.close_code or NO_CLOSE_FRAME

    async def _vanish(self, socket: ClientConnection) -> int:
        """Leave without a word: the gateway sees neither packets nor the end of the connection."""
        socket.transport.pause_reading()
        self._left_ms = time() * 1000
        self._abandoned = socket
        await asyncio.sleep(self._away_s)
        return NO_CLOSE_FRAME

    async def _check_in(self, socket: ClientConnection) -> int:
        """Say hello; return the number of the last message that is stored."""
        await socket.send(orjson.dumps(self._hello()).decode())
        async with asyncio.timeout(READY_S):
            while True:
                message = orjson.loads(await socket.recv())
                if message["type"] == "ready":
                    break
                self._take(message)
        if self.session_id and not message["resumed"]:
            self.record.problems.append("its session is lost")
            self.is_over.set()
            return 0
        self.session_id, self._token = message["session"], message["token"]
        self._acknowledged(message["last_seq"], message["last_picture"])
        if self._left_ms is not None:
            last = self.record.received[-1] if self.record.received else StreamId(0, 0)
            self.record.absences.append(Absence(last, self._left_ms, time() * 1000))
            self._left_ms = None
        if self._abandoned is not None:
            self._abandoned.transport.abort()
            self._abandoned = None
        self.is_ready.set()
        return int(message["last_seq"])

    def _hello(self) -> dict[str, Any]:
        hello: dict[str, Any] = {"type": "hello", "ticket": self._ticket()}
        if not self.session_id:
            return {**hello, "options": {"instructions": self.tag}}
        resume = {"session": self.session_id, "token": self._token}
        if self.record.received:
            resume["last"] = str(self.record.received[-1])
        return {**hello, "resume": resume}

    async def _send(self, socket: ClientConnection, last_seq: int) -> None:
        """Send what is not stored, then whatever is said."""
        shown = 0
        try:
            while True:
                picture = self._picture
                if picture is not None and picture.number > shown and picture.after <= last_seq:
                    shown = picture.number
                    await socket.send(picture.frame)
                elif (message := self._outgoing.get(last_seq + 1)) is not None:
                    await socket.send(message)
                    last_seq += 1
                else:
                    self._more.clear()
                    await self._more.wait()
        except ConnectionClosed:
            return

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    self._hear(*decode(data))
                else:
                    self._take(orjson.loads(data))
        except ConnectionClosed:
            return

    def _hear(self, header: Header, pcm16: bytes) -> None:
        """Take speech, and say now and then how much of it was played."""
        self.record.received.append(StreamId(header.epoch, header.seq))
        if header.turn != self._heard_turn:
            self._heard_turn, self._heard_ms = header.turn, 0.0
        before_ms = self._heard_ms
        self._heard_ms += pcm16_ms(len(pcm16), DOWNLINK_RATE_HZ)
        if before_ms // PLAYED_MS != self._heard_ms // PLAYED_MS:
            self._say("played", turn=header.turn, played_ms=self._heard_ms)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self.record.received.append(StreamId.parse(message["id"]))
        match message["type"]:
            case "ack":
                self._acknowledged(message["seq"], message["picture"])
                self.record.stored.seen(asyncio.get_running_loop().time())
            case "state" if message["state"] == "live":
                self.is_live = True
            case "notice":
                self.record.notices.append(message["code"])
            case "error" if message["code"] != "unavailable":
                self.record.problems.append(str(message))
            case "gap":
                self.record.problems.append(str(message))
            case "state" if message["state"] == "ended" and not self._said_end:
                self.record.problems.append(str(message))

    def _acknowledged(self, seq: int, picture: int) -> None:
        for number in [number for number in self._outgoing if number <= seq]:
            del self._outgoing[number]
        if self._picture is not None and self._picture.number <= picture:
            self._picture = None
