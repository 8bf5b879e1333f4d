"""The assistant's side of a session: one turn at a time, spoken, interrupted, completed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from local_live import replies
from local_live.brain import Brain, Question, Spoken
from local_live.desk import Delivery, Desk, TurnOptions
from local_live.faults import Fault
from local_live.history import History
from local_live.vad import Utterance
from local_live.wire import ToolResponse

OUTPUT_BYTES_PER_MS = 48


@dataclass(slots=True)
class _Turn:
    number: int
    utterance: Utterance | None
    """Speech that the client has not been told was understood."""
    text: str = ""
    audio_ms: float = 0.0
    chunks: int = 0
    started_s: float = 0.0
    pending_call: str = ""
    calls: int = 0
    mute: bool = False
    """Stalled by a fault: whatever ends it, nothing is said about it."""
    closing: bool = False
    strikes: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _TurnTools:
    """The client's functions, for one turn (`brain.Tools`)."""

    turns: Turns
    turn: _Turn
    offered: frozenset[str]

    async def call(self, name: str, args: dict[str, object]) -> ToolResponse:
        """Call one of them, and wait for its result."""
        return await self.turns.call(self.turn, name, args)


class _PhantomInterruptionError(Exception):
    """A fault interrupts the turn that is being spoken."""


class Turns:
    """Runs turns one after another in ``group``; the newest input wins."""

    def __init__(
        self,
        desk: Desk,
        brain: Brain,
        history: History,
        options: TurnOptions,
        delivery: Delivery,
        group: asyncio.TaskGroup,
    ) -> None:
        self._desk, self._brain, self._history = desk, brain, history
        self._options, self._delivery, self._group = options, delivery, group
        self._count = 0
        self._turn: _Turn | None = None
        self._task: asyncio.Task[None] | None = None
        self._next: Question | Utterance | None = None
        self._tool_result: asyncio.Future[ToolResponse] | None = None

    def begin(self, prompt: Question | Utterance) -> None:
        """Answer ``prompt``; behind the turn under way, where the client forbids interruptions."""
        if self._task is not None and not self._task.done():
            self._next = prompt
            return
        self._count += 1
        utterance = prompt if isinstance(prompt, Utterance) else None
        self._turn = _Turn(self._count, utterance)
        self._task = self._group.create_task(self._run(self._turn, prompt))

    async def interrupt(self) -> Utterance | None:
        """End the turn under way at once and tell the client; nothing happens between turns.

        Returns:
            Speech of that turn that was not even transcribed: it belongs before what comes next.
        """
        turn, task = self._turn, self._task
        if turn is None or task is None or task.done():
            return None
        if turn.closing:
            await asyncio.wait([task])
            return None
        task.cancel()
        await asyncio.wait([task])
        self._next = None
        if turn.utterance is not None or turn.mute:
            return turn.utterance
        self._brain.notice_interruption(self._history, self._heard_ms(turn))
        await self._say_interrupted(turn)
        return None

    async def phantom(self) -> None:
        """Claim an interruption that never was."""
        if self._task is not None and not self._task.done():
            await self.interrupt()
        else:
            await self._say_interrupted(_Turn(self._count, None))
        await self._hand_out_handle()

    def take_tool_response(self, response: ToolResponse) -> None:
        """Hand the result to the turn that waits for it; a late or unknown one is let go."""
        waiting = self._tool_result
        if waiting is not None and not waiting.done():
            turn = self._turn
            if turn is not None and response.call_id in {turn.pending_call, ""}:
                waiting.set_result(response)

    async def announce(self) -> None:
        """Hand out a handle for the moment, outside a turn."""
        await self._hand_out_handle()

    async def _run(self, turn: _Turn, prompt: Question | Utterance) -> None:
        question = await self._understand(turn, prompt)
        if question is None:
            # What this noise has cut off left the client without a handle.
            await self._hand_out_handle()
        else:
            try:
                await self._answer(turn, question)
            except _PhantomInterruptionError:
                turn.closing = True
                await self._say_interrupted(turn)
                await self._hand_out_handle()
        follower, self._next = self._next, None
        if follower is not None:
            self._task = None
            self.begin(follower)

    async def _understand(self, turn: _Turn, prompt: Question | Utterance) -> Question | None:
        if isinstance(prompt, Question):
            return prompt
        text = await self._brain.transcribe(prompt)
        turn.utterance = None
        if not text:
            turn.mute = True
            return None
        self._history.say("user", text)
        if self._options.hears_input:
            await self._desk.send(replies.input_transcription(text))
        return Question(text, prompt.voiced_ms, instruction=self._desk.instruction())

    async def _answer(self, turn: _Turn, question: Question) -> None:
        desk = self._desk
        place = desk.place(turn.number)
        turn.strikes = desk.faults.take_at(place, "turn")
        if self._options.wants_handles:
            await desk.send(replies.not_resumable())
        if desk.faults.take(place, "stall"):
            turn.mute = True
            await asyncio.Event().wait()
        if call := desk.faults.take(place, "tool_call"):
            answered = await self.call(turn, call.name, call.args)
            question = Question("", tool=answered, instruction=desk.instruction())
        tools = _TurnTools(self, turn, self._options.functions)
        question = replace(question, tools=tools, searches=self._options.searches)
        if late := desk.faults.take(place, "slow_first_audio"):
            await asyncio.sleep(late.seconds)
        slow = desk.faults.take(place, "slow_chunks")
        await self._speak(turn, question, slow.seconds if slow else 0.0)
        if self._options.hears_output:
            await desk.send(replies.transcription_finished())
        await desk.send(replies.generation_complete())
        if self._delivery.holds_turn_complete:
            await self._wait_until_ms(turn, turn.audio_ms)
        turn.closing = True
        await self._complete(turn)
        if self._next is None:
            await self._hand_out_handle()

    async def _speak(self, turn: _Turn, question: Question, slow_s: float) -> None:
        async with aclosing(self._brain.answer(question, self._history)) as pieces:
            async for piece in pieces:
                if slow_s:
                    await asyncio.sleep(slow_s)
                await self._strike_due(turn)
                await self._send_piece(turn, piece)
        await self._strike_due(turn)

    async def _send_piece(self, turn: _Turn, piece: Spoken) -> None:
        if not turn.chunks:
            turn.started_s = asyncio.get_running_loop().time()
        if self._delivery.pace:
            await self._wait_until_ms(turn, turn.audio_ms / self._delivery.pace)
        # Noted before the socket takes it: what may have left counts as said.
        turn.chunks += 1
        turn.text += piece.text
        turn.audio_ms += len(piece.pcm16) / OUTPUT_BYTES_PER_MS
        options = self._options
        await self._desk.send(
            replies.spoken(
                piece.pcm16, piece.text, transcribed=options.hears_output, sources=piece.sources
            )
        )

    def _heard_ms(self, turn: _Turn) -> float:
        """Return how much of the turn can have been heard: it is sent faster than it is played."""
        if not turn.chunks:
            return 0.0
        since_start_s = asyncio.get_running_loop().time() - turn.started_s
        return min(turn.audio_ms, since_start_s * 1000)

    async def _wait_until_ms(self, turn: _Turn, since_start_ms: float) -> None:
        ahead_s = turn.started_s + since_start_ms / 1000 - asyncio.get_running_loop().time()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)

    async def _strike_due(self, turn: _Turn) -> None:
        for fault in [one for one in turn.strikes if one.after_chunks <= turn.chunks]:
            turn.strikes.remove(fault)
            if fault.kind == "phantom_interrupted":
                raise _PhantomInterruptionError
            await self._desk.strike(fault)

    async def call(self, turn: _Turn, name: str, args: dict[str, object]) -> ToolResponse:
        """Call a function of the client's for ``turn``, and wait for its result."""
        turn.calls += 1
        turn.pending_call = f"call-{turn.number}-{turn.calls}"
        self._tool_result = asyncio.get_running_loop().create_future()
        await self._desk.send(replies.tool_call(turn.pending_call, name, args))
        response = await self._tool_result
        turn.pending_call = ""
        return replace(response, name=response.name or name)

    async def _say_interrupted(self, turn: _Turn) -> None:
        if turn.pending_call:
            await self._desk.send(replies.tool_call_cancellation(turn.pending_call))
        await self._desk.send(replies.interrupted())
        await self._complete(turn)

    async def _complete(self, turn: _Turn) -> None:
        intake = self._history.intake
        usage = intake.usage(turn.audio_ms)
        self._history.say("model", turn.text)
        intake.audio_ms += turn.audio_ms
        options = self._options
        await self._desk.send(
            replies.turn_complete(usage, idle=options.says_idle, vertex=options.vertex)
        )

    async def _hand_out_handle(self) -> None:
        if self._options.wants_handles:
            # Nothing is awaited between the snapshot and its index, so that they agree.
            handle = self._desk.handles.issue(self._history, self._desk.gate())
            frame = replies.resumable(handle, self._desk.consumed_index())
            await self._desk.send(frame)
