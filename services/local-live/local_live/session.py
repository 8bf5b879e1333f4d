"""One connection of a client: what comes in, in order, and when it must end."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from local_live import profiles, replies, vad, wire
from local_live.brain import Brain, Question
from local_live.desk import Delivery, TurnOptions
from local_live.errors import (
    DEADLINE_EXPIRED,
    INTERNAL,
    INTERNAL_ERROR,
    INVALID_KEY,
    POLICY,
    SESSION_NOT_FOUND,
    UNSUPPORTED_DATA,
    LocalLiveError,
    Refused,
)
from local_live.faults import Fault, Faults, Place
from local_live.history import HandleStore, History, Ledger
from local_live.opening import Setup
from local_live.pictures import open_picture
from local_live.taken_in import Prepared, ledger_item
from local_live.turns import Turns

GO_AWAY_S = 50.0
"""How long before its end a connection is told so; what Google was seen to give."""
MAX_REASON_BYTES = 123

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What is the same for all sessions of a process."""

    connection_s: float = 600.0
    ledger_items: int = 0
    strict: bool = False
    refuses_marked_keys: bool = False
    delivery: Delivery = field(default_factory=Delivery)


@dataclass(frozen=True, slots=True)
class Caller:
    """What the handshake said."""

    number: int
    """Number of the connection since the process began, from 1."""
    version: str
    vertex: bool
    key_is_marked: bool
    """The key asks to be refused; heeded in scripted mode only."""


class Session:
    """Reads one client's frames, and holds its conversation while the connection lasts."""

    def __init__(
        self,
        socket: ServerConnection,
        caller: Caller,
        setup: Setup,
        brain: Brain,
        settings: SessionSettings,
        shelf: tuple[Faults, HandleStore],
    ) -> None:
        self.session_id = secrets.token_hex(8)
        self.caller, self.setup = caller, setup
        self.faults, self.handles = shelf
        self.history = History(setup.model, Ledger(settings.ledger_items))
        self.received = 0
        """Messages taken in after `setup`."""
        self._socket, self._brain, self._settings = socket, brain, settings
        self._profile: profiles.Profile
        self._gate = brain.new_gate(setup.detection)
        self._instruction = setup.instruction
        self._pictures_since_turn = 0
        self._carried: vad.Utterance | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._group: asyncio.TaskGroup
        self._turns: Turns

    async def run(self) -> None:
        """Serve the client until either side ends the connection.

        Raises:
            Refused: If the client is to be turned away; the connection is still open.
        """
        await self._check()
        try:
            async with asyncio.TaskGroup() as self._group:
                self._turns = self._new_turns()
                self._group.create_task(self._end_in_time())
                await self._open()
                await self._read()
        except* ConnectionClosed:
            pass
        except* LocalLiveError as group:
            raise _first_of(group) from None
        finally:
            await self._brain.close()

    # What a turn needs of its session (`turns.Desk`)

    async def send(self, frame: bytes) -> None:
        """Put one frame on the socket."""
        await self._socket.send(frame)

    def place(self, turn: int) -> Place:
        """Say where turn number ``turn`` happens; 0 for outside a turn."""
        return Place(self.caller.number, self.session_id, self.setup.instruction, turn)

    def instruction(self) -> str:
        """Return the system instruction as it is now."""
        return self._instruction

    def gate(self) -> vad.SpeechGate:
        """Return the gate as it stands."""
        return self._gate

    def consumed_index(self) -> int | None:
        """Return the index of the client's last message that is in the history."""
        return self.received - 1 if self.received else None

    async def strike(self, fault: Fault) -> None:
        """Let ``fault`` happen to this connection now."""
        log.info("fault", session=self.session_id, kind=fault.kind)
        if fault.kind == "drop":
            self._socket.transport.abort()
        elif fault.kind == "close":
            self._group.create_task(self._socket.close(fault.code, fault.reason))
        elif fault.kind == "go_away":
            self._group.create_task(self._go_away(fault.seconds))
        elif fault.kind == "stop_reading":
            self._group.create_task(self._stop_reading(fault.seconds))
        elif fault.kind == "phantom_interrupted":
            await self._turns.phantom()

    # Opening and ending

    async def _check(self) -> None:
        if self._settings.refuses_marked_keys and self.caller.key_is_marked:
            raise Refused(UNSUPPORTED_DATA, INVALID_KEY)
        self._profile = profiles.profile_of(self.setup.model, self.caller.version)
        profiles.check_setup(self._profile, self.setup.fields, strict=self._settings.strict)
        here = self.place(0)
        if late := self.faults.take(here, "delay_setup"):
            await asyncio.sleep(late.seconds)
        if refusal := self.faults.take(here, "refuse_setup"):
            raise Refused(refusal.code, refusal.reason)
        if self.setup.handle:
            if self.faults.take(here, "dead_handle"):
                raise Refused(POLICY, SESSION_NOT_FOUND)
            self._resume()

    def _resume(self) -> None:
        snapshot = self.handles.find(self.setup.handle)
        if profiles.short_name(snapshot.model) == profiles.short_name(self.setup.model):
            self.history = History.resumed(snapshot)
            self._gate = snapshot.gate.copy()

    async def _open(self) -> None:
        await self.send(replies.setup_complete(self.session_id))
        if self.setup.handle:
            if self.history.parent is None or self.faults.take(self.place(0), "fail_resumed"):
                # Google accepts such a handle, and then fails.
                raise Refused(INTERNAL, INTERNAL_ERROR)
            await self._turns.announce()
        for fault in self.faults.take_at(self.place(0), "setup"):
            await self.strike(fault)

    def _new_turns(self) -> Turns:
        setup = self.setup
        options = TurnOptions(
            wants_handles=setup.wants_handles,
            hears_input=setup.hears_input,
            hears_output=setup.hears_output,
            says_idle=self._profile.says_idle,
            vertex=self.caller.vertex,
            functions=setup.functions,
            searches=setup.searches,
        )
        delivery = self._settings.delivery
        return Turns(self, self._brain, self.history, options, delivery, self._group)

    async def _end_in_time(self) -> None:
        notice_s = min(GO_AWAY_S, self._settings.connection_s / 2)
        await asyncio.sleep(self._settings.connection_s - notice_s)
        await self._go_away(notice_s)

    async def _go_away(self, time_left_s: float) -> None:
        await self.send(replies.go_away(time_left_s))
        await asyncio.sleep(time_left_s)
        raise Refused(INTERNAL, DEADLINE_EXPIRED)

    async def _stop_reading(self, seconds: float) -> None:
        self._may_read.clear()
        await asyncio.sleep(seconds)
        self._may_read.set()

    # What comes in

    async def _read(self) -> None:
        while True:
            raw = await self._socket.recv()
            await self._may_read.wait()
            frame = wire.parse_frame(raw)
            profiles.check_frame(self._profile, frame)
            await self._take(frame)

    async def _take(self, frame: wire.ClientFrame) -> None:
        """Take in one frame, whole: what a handle holds is never half of it."""
        if any(_begins_turn(given) for given in frame.inputs):
            self._carried = await self._turns.interrupt() or self._carried
        prepared = [await self._prepare(given) for given in frame.inputs]
        self.received += 1
        events = [
            event
            for given, more in zip(frame.inputs, prepared, strict=True)
            for event in self._record(given, more)
        ]
        for event in events:
            await self._act(event)
        for given in frame.inputs:
            self._begin(given)
        if any(isinstance(given, wire.Content) and not given.complete for given in frame.inputs):
            await self._turns.announce()

    async def _prepare(self, given: wire.ClientInput) -> Prepared:
        """Do what takes time, before anything of the session changes."""
        if isinstance(given, wire.AudioIn):
            pcm16 = vad.to_16k(given.pcm16, given.rate_hz)
            return Prepared(pcm16, await self._brain.voiced(self._gate.whole_windows(pcm16)))
        pictures: tuple[wire.PictureIn, ...] = ()
        if isinstance(given, wire.PictureIn):
            pictures = (given,)
        elif isinstance(given, wire.Content):
            pictures = tuple(picture for turn in given.turns for picture in turn.pictures)
        keep = self._brain.keeps_pictures
        return Prepared(pictures=[open_picture(one, keep_data=keep) for one in pictures])

    def _record(self, given: wire.ClientInput, prepared: Prepared) -> list[vad.SpeechEvent]:
        """Write one input into the history; return what it means for the speech under way."""
        history = self.history
        if self._settings.ledger_items:
            history.ledger.append(ledger_item(given, prepared))
        for picture in prepared.pictures:
            history.see(picture, self.setup.resolution)
            self._pictures_since_turn += 1
            self._brain.notice_picture(history)
        match given:
            case wire.AudioIn():
                history.intake.audio_ms += len(prepared.pcm16) / vad.BYTES_PER_MS
                return self._gate.advance(prepared.pcm16, prepared.voiced)
            case wire.TextIn():
                history.say("user", given.text)
            case wire.Content():
                for turn in given.turns:
                    history.say("model" if turn.role == "model" else "user", turn.text)
            case wire.ActivityStart():
                return self._gate.press()
            case wire.ActivityEnd() | wire.AudioStreamEnd():
                return self._gate.release()
        return []

    async def _act(self, event: vad.SpeechEvent) -> None:
        match event:
            case vad.SpeechStarted():
                self._brain.notice_speech()
                if self.setup.interruptible:
                    unheard = await self._turns.interrupt()
                    self._carried = unheard.after(self._carried) if unheard else self._carried
            case vad.SpeechPaused(utterance):
                self._brain.notice_pause(utterance.after(self._carried))
            case vad.SpeechEnded(utterance):
                whole, self._carried = utterance.after(self._carried), None
                self._pictures_since_turn = 0
                self._turns.begin(whole)

    def _begin(self, given: wire.ClientInput) -> None:
        """Begin the turn that ``given`` asks for, if it does."""
        if isinstance(given, wire.ToolResponse):
            self._turns.take_tool_response(given)
        elif isinstance(given, wire.ContextUpdate):
            self._instruction = given.instruction
        elif isinstance(given, wire.TextIn):
            self._ask(given.text)
        elif isinstance(given, wire.Content) and given.complete:
            asked = [turn.text for turn in given.turns if turn.role != "model"]
            said = [turn.text for turn in self.history.turns if turn.role == "user"]
            if text := (asked or said or [""])[-1]:
                self._ask(text)

    def _ask(self, text: str) -> None:
        self._turns.begin(
            Question(
                text,
                instruction=self._instruction,
                pictures_since=self._pictures_since_turn,
            )
        )
        self._pictures_since_turn = 0


async def close_refused(socket: ServerConnection, refused: LocalLiveError) -> None:
    """Close with the code and reason that ``refused`` carries; 1011 for anything unforeseen."""
    if isinstance(refused, Refused):
        reason = refused.reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        await socket.close(refused.code, reason)
    else:
        await socket.close(INTERNAL, INTERNAL_ERROR)


def _begins_turn(given: wire.ClientInput) -> bool:
    # Any clientContent cancels what is being said, even one that asks for no answer.
    return isinstance(given, (wire.TextIn, wire.Content))


def _first_of(group: BaseExceptionGroup[LocalLiveError]) -> LocalLiveError:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, LocalLiveError)  # noqa: S101 - what `except*` has filtered
    return first
