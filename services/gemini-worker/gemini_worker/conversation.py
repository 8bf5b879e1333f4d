"""One session, from claim to end: joins Redis and the Live connection, and replaces the latter.

A conversation outlives its connections. Each one begins where the newest handle stands: the uplink
is replayed from the id that was noted with it. Whatever ends a connection becomes a `Verdict`, and
the loop in `run` decides whether there will be another.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from gemini_worker.events import GoAway, HandleUpdate, LiveClosed, Tokens, TurnComplete
from gemini_worker.gemini import LiveConnection, LiveEndpoint, Setup
from gemini_worker.instructions import instruction_for
from gemini_worker.lease import Dispatch, Lease
from gemini_worker.recovery import GiveUp, Recovery
from gemini_worker.stall import StallWatch
from gemini_worker.turn import TurnTracker
from gemini_worker.uplink import BEGINNING, ClientEnded, Counters, Position, Uplink
from shared.backoff import full_jitter_s
from shared.bus.commands import Arg
from shared.bus_messages import EndReason, Gap, Interrupted, Notice, State
from shared.codec import StreamId
from shared.errors import OvershoulderError
from shared.options import SessionOptions

CHECKPOINT_S = 1.0
QUIET_LOOK_S = 0.1
GO_AWAY_MARGIN_S = 3.0
"""Before the announced end, so that the replacement is there in time."""

REDIAL_BASE_S, REDIAL_CAP_S = 0.25, 4.0
LEASE_SAFETY = 0.8
"""Part of the lease after which a holder that could not renew it closes its Live connection."""

log = structlog.get_logger()


class Verdict(Enum):
    """Why a Live connection was left, where it was not the Live side that closed it."""

    ENDED_BY_CLIENT = auto()
    ENDED_BY_OPERATOR = auto()
    IDLE = auto()
    ROTATE = auto()
    HAND_OVER = auto()
    LEASE_LAPSED = auto()
    STALLED = auto()


class Outcome(Enum):
    """How a conversation ends at this worker."""

    OVER = auto()
    HANDED_OVER = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """Times of a conversation, in seconds, and what the operator tells every model."""

    grace_s: float
    drain_s: float
    lease_s: float
    stall_s: float
    instructions: str


class Conversation:
    """One session that this worker owns."""

    def __init__(
        self,
        lease: Lease,
        endpoint: LiveEndpoint,
        dispatch: Dispatch,
        rules: Rules,
        stopping: asyncio.Event,
    ) -> None:
        self._lease, self._endpoint, self._dispatch = lease, endpoint, dispatch
        self._rules, self._stopping = rules, stopping
        fields = lease.fields
        self._options = SessionOptions.model_validate_json(fields.get("options", "{}"))
        self._handle = fields.get("handle") or None
        self._handle_at = _stored_position(fields)
        self._counters = Counters(
            chunks=int(fields.get("chunks", 0)),
            frames=int(fields.get("frames", 0)),
            texts=int(fields.get("texts", 0)),
            hidden_picture=int(fields.get("hidden_picture", 0)),
        )
        self._recovery = Recovery(endpoint.model)
        self._turns = TurnTracker()
        self._stall = StallWatch(rules.stall_s)
        self._held_back: tuple[str, Position] | None = None
        """A handle that came after an interruption by nobody known yet; see `_receive`."""
        self._left_out: int | None = None
        """A turn that a fresh session is not told of, since its question is replayed."""
        self._go_away_at: float | None = None

    async def run(self) -> bool:
        """Hold the conversation; return whether it is over (or goes on at another worker).

        Raises:
            Fenced: If another worker owns the session by now.
            SessionGone: If its keys are gone.
            BusUnavailable: If Redis stays away.
        """
        await self._take_up()
        while True:
            try:
                async with self._endpoint.dial(await self._setup()) as live:
                    verdict = await self._hold(live)
            except LiveClosed as closed:
                outcome = await self._recover(closed)
            else:
                outcome = await self._conclude(verdict)
            if outcome is not None:
                return outcome is Outcome.OVER

    async def _take_up(self) -> None:
        """Tell the client where it stands; drop what a predecessor left unfinished."""
        last_turn, unfinished = await self._lease.last_turn()
        self._turns = TurnTracker(last_turn, _stored_tokens(self._lease.fields))
        if not self._lease.is_takeover:
            await self._lease.tell(State(state="connecting"))
            return
        await self._lease.tell(State(state="resuming"))
        if unfinished:
            await self._lease.tell(Interrupted(turn=last_turn), last_turn)

    async def _setup(self) -> Setup:
        """Return what the next connection opens with: the handle, or what was said so far."""
        history = [] if self._handle else await self._lease.history()
        history = [turn for turn in history if turn.turn != self._left_out]
        return Setup(
            self._options,
            instruction_for(self._options, self._rules.instructions),
            self._handle,
            history,
        )

    async def _hold(self, live: LiveConnection) -> Verdict:
        """Serve one connection until something ends it."""
        await self._lease.checkpoint({"state": "live", "model": self._endpoint.model})
        await self._lease.tell(State(state="live", model=self._endpoint.model))
        log.info("live", resumed=self._handle is not None, replay_after=str(self._handle_at.after))
        self._go_away_at = self._held_back = self._left_out = None
        uplink = Uplink(
            bus=self._lease.bus,
            keys=self._lease.keys,
            model=live,
            position=self._handle_at,
            push_to_talk=self._options.turn_taking == "push_to_talk",
            counters=self._counters,
            asked=self._asked,
            lost=self._tell_gap,
            sent_before=live.sent_before,
        )
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(run)
                    for run in (
                        self._send(uplink, verdict),
                        self._receive(live, uplink),
                        self._checkpoint(uplink, verdict),
                        self._look_for_quiet(verdict),
                    )
                ]
                result = await verdict
                for task in running:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise _most_telling(group) from group
        return result

    async def _send(self, uplink: Uplink, verdict: asyncio.Future[Verdict]) -> None:
        try:
            await uplink.run()
        except ClientEnded:
            _decide(verdict, Verdict.ENDED_BY_CLIENT)

    async def _receive(self, live: LiveConnection, uplink: Uplink) -> None:
        async for event in live.events():
            for output in self._turns.on(event, time.time() * 1000):
                await self._lease.publish(output)
            self._stall.on(event, _now_s())
            if self._held_back is not None and not self._stall.was_cut:
                await self._note_handle(*self._held_back)
                self._held_back = None
            match event:
                case HandleUpdate(handle=str(handle), consumed=consumed):
                    position = uplink.position_of(consumed)
                    if self._stall.was_cut:
                        # If nobody has spoken, the cut answer must be given anew, and for that its
                        # question must not be trimmed yet.
                        self._held_back = (handle, position)
                    else:
                        await self._note_handle(handle, position)
                case GoAway(left_s=left_s):
                    log.info("go away", left_s=left_s)
                    self._go_away_at = _now_s() + max(0.0, left_s - GO_AWAY_MARGIN_S)
                case TurnComplete(is_filler=False):
                    self._recovery.worked()
                    if self._handle is None:
                        # No handle to go on with: the history stands for what came before.
                        await self._note_handle("", uplink.position)

    async def _note_handle(self, handle: str, position: Position) -> None:
        self._handle, self._handle_at = handle or None, position
        await self._lease.checkpoint(
            {
                "handle": handle,
                "handle_position": str(position.after),
                "handle_seq": position.seq,
                "hidden_picture": self._counters.hidden_picture,
                "crashes": 0,
            },
            handle_position=position.after,
        )

    async def _checkpoint(self, uplink: Uplink, verdict: asyncio.Future[Verdict]) -> None:
        """Write down where the session stands once a second, and see who wants it to end."""
        while True:
            idle_s, wish = await self._lease.checkpoint(self._figures(uplink))
            if wish:
                _decide(verdict, Verdict.ENDED_BY_OPERATOR)
            elif idle_s > self._rules.grace_s:
                _decide(verdict, Verdict.IDLE)
            await asyncio.sleep(CHECKPOINT_S)

    def _figures(self, uplink: Uplink) -> dict[str, Arg]:
        return {
            "position": str(uplink.position.after),
            "chunks": self._counters.chunks,
            "frames": self._counters.frames,
            "texts": self._counters.texts,
            "heard_turn": self._counters.heard_turn,
            "heard_ms": self._counters.heard_ms,
            "turn": self._turns.turn,
            "tokens_prompt": self._turns.tokens.prompt,
            "tokens_response": self._turns.tokens.response,
            "tokens_total": self._turns.tokens.total,
        }

    async def _look_for_quiet(self, verdict: asyncio.Future[Verdict]) -> None:
        """Leave the connection for its replacement, or another worker, between two turns."""
        stop_at: float | None = None
        while True:
            now_s = _now_s()
            if self._dispatch.silent_s > self._rules.lease_s * LEASE_SAFETY:
                _decide(verdict, Verdict.LEASE_LAPSED)
            if self._stopping.is_set():
                stop_at = stop_at or now_s + self._rules.drain_s
                if self._turns.is_quiet or now_s >= stop_at:
                    _decide(verdict, Verdict.HAND_OVER)
            elif self._stall.is_stalled(now_s):
                _decide(verdict, Verdict.STALLED)
            elif self._go_away_at is not None and (
                (self._turns.is_quiet and self._handle) or now_s >= self._go_away_at
            ):
                _decide(verdict, Verdict.ROTATE)
            await asyncio.sleep(QUIET_LOOK_S)

    async def _conclude(self, verdict: Verdict) -> Outcome | None:
        """Do what a verdict asks for; None if another connection follows."""
        await self._drop_answer()
        match verdict:
            case Verdict.ENDED_BY_CLIENT:
                return await self._finish("client", None)
            case Verdict.ENDED_BY_OPERATOR:
                return await self._finish("operator", "The operator ended this conversation.")
            case Verdict.IDLE:
                return await self._finish("idle", "Nobody was there any more.")
            case Verdict.HAND_OVER:
                await self._lease.hand_over({"state": "resuming"})
                return Outcome.HANDED_OVER
            case Verdict.ROTATE:
                log.info("rotating")
            case Verdict.STALLED:
                await self._heal()
            case Verdict.LEASE_LAPSED:
                log.warning("lease not renewed in time; waiting to know whose it is")
                await self._wait_for_lease()
        return None

    async def _heal(self) -> None:
        """Go on with a fresh session: the model owes an answer and stays silent."""
        log.warning("the model has stalled", cut=self._stall.was_cut)
        if self._stall.was_cut:
            self._left_out = self._turns.turn - 1
        self._stall.heal()
        self._handle = None
        await self._lease.tell(State(state="resuming"))
        await self._lease.tell(
            Notice(
                code="model_stalled", message="The model had stopped answering; it is asked anew."
            )
        )

    async def _finish(self, reason: EndReason, message: str | None) -> Outcome:
        await self._lease.finish(reason, message)
        return Outcome.OVER

    async def _recover(self, closed: LiveClosed) -> Outcome | None:
        """The Live side ended the connection: wait and return None to dial again, else end."""
        decision = self._recovery.after(closed.code, closed.reason)
        log.warning("live connection over", code=closed.code, reason=closed.reason[:200])
        if isinstance(decision, GiveUp):
            return await self._finish(decision.reason, decision.message)
        await self._lease.tell(State(state="resuming"))
        await self._drop_answer()
        if decision.handle == "drop":
            self._handle = None
        if decision.notice:
            await self._lease.tell(Notice(code="model_unreachable", message=decision.notice))
        return await self._sit_out(
            full_jitter_s(decision.attempt, base_s=REDIAL_BASE_S, cap_s=REDIAL_CAP_S)
        )

    async def _sit_out(self, wait_s: float) -> Outcome | None:
        """Wait between two dials; end if nobody wants the session any more."""
        await asyncio.sleep(wait_s)
        idle_s, wish = await self._lease.checkpoint({"state": "resuming"})
        if wish:
            return await self._conclude(Verdict.ENDED_BY_OPERATOR)
        if idle_s > self._rules.grace_s:
            return await self._conclude(Verdict.IDLE)
        if self._stopping.is_set():
            return await self._conclude(Verdict.HAND_OVER)
        return None

    async def _wait_for_lease(self) -> None:
        """Wait until the leases are renewed again; a lease that was lost cancels this task."""
        await self._dispatch.renewed_within(self._rules.lease_s * LEASE_SAFETY)

    async def _drop_answer(self) -> None:
        for output in self._turns.abandon(time.time() * 1000):
            await self._lease.publish(output)

    def _asked(self, text: str) -> None:
        self._turns.asked(text)
        self._stall.asked(_now_s())

    async def _tell_gap(self, gap: Gap) -> None:
        log.warning("speech lost before it was read", first=gap.first, last=gap.last)
        await self._lease.tell(gap)


def _stored_position(fields: dict[str, str]) -> Position:
    """Return what the stored handle stands for; the beginning if there is none."""
    after = fields.get("handle_position")
    if not after:
        return BEGINNING
    return Position(StreamId.parse(after), int(fields.get("handle_seq", 0)))


def _stored_tokens(fields: dict[str, str]) -> Tokens:
    return Tokens(
        int(fields.get("tokens_prompt", 0)),
        int(fields.get("tokens_response", 0)),
        int(fields.get("tokens_total", 0)),
    )


def _decide(verdict: asyncio.Future[Verdict], decision: Verdict) -> None:
    """The first verdict counts."""
    if not verdict.done():
        verdict.set_result(decision)


def _most_telling(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ended a connection: a lost lease before a lost connection before a fault."""
    for kind in (OvershoulderError, LiveClosed):
        matching, _ = group.split(kind)
        if matching is not None:
            error: BaseException = matching
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            return error
    return group


def _now_s() -> float:
    return asyncio.get_running_loop().time()
