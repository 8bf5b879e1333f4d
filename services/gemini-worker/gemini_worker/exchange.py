"""One Live connection of a conversation: both directions, until something ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import structlog

from gemini_worker.departure import Departure, Moment, Verdict
from gemini_worker.events import (
    GoAway,
    HandleUpdate,
    LiveClosed,
    LiveEvent,
    ToolCall,
    ToolCallsCancelled,
    TurnComplete,
)
from gemini_worker.gemini import LiveConnection
from gemini_worker.gemini_setup import offered_tools
from gemini_worker.lease import Lease
from gemini_worker.logbook import Logbook
from gemini_worker.recovery import Recovery
from gemini_worker.sent import Position, Sent
from gemini_worker.shift import Shift
from gemini_worker.standing import Standing
from gemini_worker.tools import Calls, ToolAnswer
from gemini_worker.turn import Output, Question
from gemini_worker.uplink import ClientEnded, Uplink
from shared.bus_messages import Gap
from shared.errors import OvershoulderError

log = structlog.get_logger()


class Exchange:
    """Serves one connection. `run` returns why it was left."""

    def __init__(
        self,
        lease: Lease,
        live: LiveConnection,
        standing: Standing,
        recovery: Recovery,
        shift: Shift,
    ) -> None:
        self._lease, self._live, self._standing = lease, live, standing
        self._recovery, self._shift = recovery, shift
        self._verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._departure = Departure(shift.rules)
        self._held_back: tuple[str, Position] | None = None
        """A handle that came after an interruption by nobody known yet; see `_note_handle`."""
        self._answer_began = standing.replay_after
        """How far the uplink was sent when the newest answer began: what came later is not part of
        what it answers."""
        self._logbook = Logbook(lease, standing, self._noted)
        self._away_s = 0.0
        """Since a gateway last saw the client."""
        self._covers_answer = True
        """The newest handle stands for the newest answer too: leaving now repeats nothing."""
        self._calls = Calls(
            offered_tools(standing.model, standing.options), standing.shown, self._new_call_id
        )
        self._uplink = Uplink(
            bus=lease.bus,
            keys=lease.keys,
            model=live,
            sent=Sent(
                standing.replay_after,
                before=live.sent_before,
                resumed=standing.handle is not None,
            ),
            push_to_talk=standing.options.turn_taking == "push_to_talk",
            counters=standing.counters,
            desk=self,
            calls=self._calls,
            shown=standing.shown,
        )

    async def run(self) -> Verdict:
        """Carry the conversation over this connection until something ends it.

        Raises:
            LiveClosed: If the Live side ended it.
            Fenced, SessionGone, BusUnavailable: If the session is no longer ours to serve.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                running = [tasks.create_task(run()) for run in (self._send, self._receive)]
                with self._shift.rounds.joined_by(self._look):
                    verdict = await self._verdict
                for task in running:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise _most_telling(group) from group
        finally:
            self._standing.settle(self._uplink.position)
            # These know this object in turn. Cut here, the connection and its buffers go at once;
            # else they stay until garbage is collected, which may take hours.
            del self._live, self._uplink, self._logbook, self._calls
        if self._lease.lost is not None:
            raise self._lease.lost
        return verdict

    async def _send(self) -> None:
        try:
            await self._uplink.run()
        except ClientEnded:
            self._decide(Verdict.ENDED_BY_CLIENT)

    async def _receive(self) -> None:
        standing = self._standing
        async for event in self._live.events():
            self._stir()
            was_answering = standing.turns.is_answering
            await self._publish(standing.turns.on(event, time.time() * 1000))
            if standing.turns.is_answering and not was_answering:
                self._answer_began = self._uplink.position
                self._covers_answer = False
            standing.stall.on(event, _now_s())
            if self._held_back is not None and not standing.stall.was_cut:
                held_back, self._held_back = self._held_back, None
                await self._note_handle(*held_back)
            await self._act_on(event)

    async def _act_on(self, event: LiveEvent) -> None:
        """Do what an event asks of this side, besides telling the client."""
        standing = self._standing
        match event:
            case HandleUpdate(handle=str(handle), consumed=consumed):
                await self._note_handle(handle, self._uplink.sent.stands_for(consumed))
            case ToolCall():
                await self._use_tool(event)
            case ToolCallsCancelled(call_ids=call_ids):
                for cancelled in self._calls.cancel(call_ids):
                    await self._lease.tell(cancelled, standing.turns.turn)
            case GoAway(left_s=left_s):
                log.info("go away", left_s=left_s)
                self._departure.announced(left_s, _now_s())
            case TurnComplete(is_filler=False):
                self._recovery.worked()
                if not standing.had_handle:
                    # No handle yet: the history stands for what led to this answer. Nothing is
                    # trimmed, since the first handle may come next and stand for less.
                    standing.replay_after = self._answer_began
                    await self._lease.checkpoint(standing.resumption())

    async def _use_tool(self, call: ToolCall) -> None:
        """Ask the client for what the model wants, or refuse it."""
        turn = self._standing.turns.turn
        reply = self._calls.begin(call, turn, _now_s())
        if isinstance(reply, ToolAnswer):
            log.warning("the model's call is refused", name=call.name, why=reply.response["error"])
            await self._uplink.answer(reply)
        else:
            await self._lease.tell(reply, turn)

    def _new_call_id(self) -> str:
        """Return an id that no other call of the session has, at any worker."""
        self._standing.calls_begun += 1
        return f"{self._lease.epoch}.{self._standing.calls_begun}"

    async def _note_handle(self, handle: str, position: Position) -> None:
        """Go on from this handle next time.

        After an interruption it is held back until somebody was heard: if nobody has spoken, the
        cut answer must be given anew, and for that its question must still be there.
        """
        if self._standing.stall.was_cut:
            self._held_back = (handle, position)
            return
        standing = self._standing
        standing.handle, standing.had_handle, standing.replay_after = handle, True, position
        self._covers_answer = True
        await self._lease.checkpoint(standing.resumption(), handle_position=position.after)

    def _look(self, now_s: float) -> float:
        """See to what is late, and whether it is time to go; return when to look again."""
        if self._lease.lost is not None:
            self._decide(Verdict.LEASE_LOST)
        for answer in self._calls.expire(now_s):
            log.warning("the client has left a call unanswered", name=answer.name)
            self._tasks.create_task(self._uplink.answer(answer))
        moment = self._moment(now_s)
        verdict = self._departure.due(now_s, moment)
        if verdict is not None:
            self._decide(verdict)
        again_s = self._logbook.write(now_s, self._uplink.position)
        if self._is_eventful:
            return now_s
        still_s = self._logbook.still_s(now_s, self._uplink.position)
        if (
            moment.is_quiet
            and self._standing.may_rest
            and self._departure.may_park(still_s, self._away_s)
        ):
            self._decide(Verdict.PARK)
        rest_s = self._departure.rest_in_s(still_s)
        return again_s if rest_s is None else min(again_s, now_s + rest_s)

    @property
    def _is_eventful(self) -> bool:
        """Tell whether something may be due at any moment."""
        return (
            self._shift.stopping.is_set()
            or self._shift.moving.is_set()
            or not self._standing.turns.is_quiet
            or self._calls.is_pending
            or self._departure.is_near
            or self._standing.stall.is_waiting
        )

    def _stir(self) -> None:
        self._shift.rounds.stir(self._look)

    def _noted(self, away_s: float, wish: str) -> None:
        self._away_s = away_s
        if wish:
            self._decide(Verdict.ENDED_BY_OPERATOR)
        elif away_s > self._shift.rules.grace_s:
            self._decide(Verdict.IDLE)

    def _moment(self, now_s: float) -> Moment:
        standing, shift = self._standing, self._shift
        return Moment(
            is_quiet=standing.turns.is_quiet
            and not self._calls.is_pending
            and (self._covers_answer or not standing.had_handle),
            has_handle=standing.handle is not None,
            has_lapsed=shift.dispatch.has_lapsed,
            is_stopping=shift.stopping.is_set(),
            is_moving=shift.moving.is_set(),
            is_stalled=standing.stall.is_stalled(now_s),
        )

    def _decide(self, decision: Verdict) -> None:
        """The first verdict counts."""
        if not self._verdict.done():
            self._verdict.set_result(decision)

    async def _publish(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self._lease.say(output)
        if self._lease.is_crowded:
            await self._lease.settled()
        if self._lease.lost is not None:
            raise self._lease.lost

    # What the uplink tells (`uplink.Desk`)

    @property
    def is_answering(self) -> bool:
        """Tell whether an answer is being given."""
        return self._standing.turns.is_answering

    def asked(self, question: Question) -> None:
        """Take note of a typed question: an answer is owed."""
        self._stir()
        for output in self._standing.turns.asked(question):
            self._lease.say(output)
        self._standing.stall.asked(_now_s())

    def saw(self, overview: int) -> None:
        """Take note of what the next answer is based on."""
        self._standing.turns.picture = overview

    def called(self) -> None:
        """Look at once who wants what."""
        self._logbook.hurry()
        self._stir()

    async def lost(self, gap: Gap) -> None:
        """Tell the client what never reached the model."""
        log.warning("speech lost before it was read", first=gap.first, last=gap.last)
        await self._lease.tell(gap)

    async def stopped(self, turn: int) -> bool:
        """End a turn at once; tell whether the model is still at it."""
        self._stir()
        turns = self._standing.turns
        is_at_it = turn == turns.turn and not turns.is_quiet
        if is_at_it:
            self._standing.stall.stopped()
        await self._publish(turns.stop(turn, time.time() * 1000))
        return is_at_it

    async def played(self, turn: int, played_ms: float) -> None:
        """Tell, and remember, what was heard of a turn that was cut off."""
        await self._publish(self._standing.turns.played(turn, played_ms, time.time() * 1000))


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
    return time.monotonic()
