"""One session, from claim to end: one Live connection after another.

A conversation outlives its connections. Each one begins where the newest handle stands: the uplink
is replayed from the id that was noted with it. Whatever ends a connection becomes a `Verdict` or a
`LiveClosed`, and the loop in `run` decides whether there will be another.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from enum import Enum

import structlog

from gemini_worker.departure import Verdict
from gemini_worker.events import LiveClosed
from gemini_worker.exchange import Exchange
from gemini_worker.gemini import LiveConnection, LiveEndpoint
from gemini_worker.gemini_setup import Setup, offered_tools
from gemini_worker.instructions import instruction_for
from gemini_worker.lease import Lease
from gemini_worker.recovery import GiveUp, Recovery
from gemini_worker.shift import Shift
from gemini_worker.standing import Standing
from shared.backoff import full_jitter_s
from shared.bus.commands import Arg
from shared.bus_messages import EndReason, Interrupted, Notice, State
from shared.errors import Fenced

REDIAL_BASE_S, REDIAL_CAP_S = 0.25, 4.0

log = structlog.get_logger()


class Outcome(Enum):
    """How a conversation ends at this worker, as its log has it."""

    OVER = "session over"
    HANDED_OVER = "session handed over"
    PARKED = "session parked"


class Conversation:
    """One session that this worker owns."""

    def __init__(self, lease: Lease, endpoint: LiveEndpoint, shift: Shift) -> None:
        self._lease, self._endpoint, self._shift = lease, endpoint, shift

    async def run(self) -> Outcome:
        """Hold the conversation; return what becomes of it.

        Raises:
            Fenced: If another worker owns the session by now.
            SessionGone: If its keys are gone.
            BusUnavailable: If Redis stays away.
        """
        self._standing = await self._take_up()
        self._recovery = Recovery(self._standing.model)
        while True:
            try:
                async with self._endpoint.dial(await self._setup()) as live:
                    verdict = await self._serve(live)
            except LiveClosed as closed:
                outcome = await self._recover(closed)
            else:
                outcome = await self._conclude(verdict)
            if outcome is not None:
                return outcome

    async def _take_up(self) -> Standing:
        """Tell the client where it stands; drop what a predecessor left unfinished."""
        last_turn, unfinished = await self._lease.last_turn()
        # One that was parked has left nothing unfinished, so for its client it only connects.
        is_resuming = self._lease.fields["state"] == "resuming"
        await self._lease.tell(State(state="resuming" if is_resuming else "connecting"))
        if unfinished:
            await self._lease.tell(Interrupted(turn=last_turn), last_turn)
        standing = Standing.of(
            self._lease.fields, self._endpoint.choose_model, last_turn, self._shift.rules.stall_s
        )
        wanted = standing.options.model
        if wanted not in {None, standing.model} and not self._lease.is_takeover:
            said = f"The model {wanted} is not offered here; {standing.model} answers instead."
            await self._lease.tell(Notice(code="model_not_offered", message=said))
        return standing

    async def _setup(self) -> Setup:
        """Return what the next connection opens with: the handle, or what was said so far."""
        standing = self._standing
        history = [] if standing.handle else await self._lease.history()
        tools = offered_tools(standing.model, standing.options)
        return Setup(
            standing.model,
            standing.options,
            instruction_for(standing.options, self._shift.rules.instructions, tools),
            standing.handle,
            [turn for turn in history if turn.turn != standing.left_out],
        )

    async def _serve(self, live: LiveConnection) -> Verdict:
        standing = self._standing
        standing.left_out = None
        await self._lease.checkpoint({"state": "live", "model": standing.model})
        await self._lease.tell(State(state="live", model=standing.model))
        log.info(
            "live",
            resumed=standing.handle is not None,
            replay_after=str(standing.replay_after.after),
        )
        exchange = Exchange(self._lease, live, standing, self._recovery, self._shift)
        return await exchange.run()

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
            case Verdict.PARK:
                return await self._park()
            case Verdict.ROTATE:
                log.info("rotating")
            case Verdict.STALLED:
                await self._heal()
            case Verdict.LEASE_LAPSED:
                log.warning("lease not renewed in time; waiting to know whose it is")
                # If it turns out to be lost, this task is cancelled.
                await self._shift.dispatch.renewed()
        return None

    async def _park(self) -> Outcome | None:
        """Let the session go until its client says something; None if it just has."""
        standing, known = self._standing, self._standing.counters
        if not await self._lease.park(known.heard_seq, known.seen_picture):
            log.info("not parked: something is unheard", heard=known.heard_seq)
            return None
        # Whoever claims it from here on says that it goes on, and this must not come behind that.
        with contextlib.suppress(Fenced):
            await self._lease.tell(State(state="parked", model=standing.model))
        return Outcome.PARKED

    async def _heal(self) -> None:
        """Go on with a fresh session: the model owes an answer and stays silent."""
        standing = self._standing
        log.warning("the model has stalled", cut=standing.stall.was_cut)
        if standing.stall.was_cut:
            standing.left_out = standing.turns.turn - 1
        standing.stall.heal()
        standing.handle = None
        await self._lease.tell(State(state="resuming"))
        said = "The model had stopped answering; it is asked anew."
        await self._lease.tell(Notice(code="model_stalled", message=said))

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
            self._standing.handle = None
        if decision.notice:
            await self._lease.tell(Notice(code="model_unreachable", message=decision.notice))
        return await self._sit_out(
            full_jitter_s(decision.attempt, base_s=REDIAL_BASE_S, cap_s=REDIAL_CAP_S)
        )

    async def _sit_out(self, wait_s: float) -> Outcome | None:
        """Wait between two dials; end if nobody wants the session any more."""
        await asyncio.sleep(wait_s)
        # A handle that was dropped is dropped for whoever comes next, too.
        known: dict[str, Arg] = {"state": "resuming", "handle": self._standing.handle or ""}
        idle_s, wish = await self._lease.checkpoint(known)
        if wish:
            return await self._conclude(Verdict.ENDED_BY_OPERATOR)
        if idle_s > self._shift.rules.grace_s:
            return await self._conclude(Verdict.IDLE)
        if self._shift.stopping.is_set():
            return await self._conclude(Verdict.HAND_OVER)
        return None

    async def _drop_answer(self) -> None:
        for output in self._standing.turns.abandon(time.time() * 1000):
            await self._lease.publish(output)
