"""The assistant: hears, reads the screen, answers by rule, speaks; all of it on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local_live import answering, hearing, seeing, speaking
from local_live.asking import GO_ON, Answer
from local_live.brain import Question, Spoken
from local_live.errors import ModelUnavailable
from local_live.history import History, Memory
from local_live.looking import ONE_MOMENT, CannotRead, Look
from local_live.models import ModelThread
from local_live.pictures import Picture
from local_live.vad import Detection, Sensitivity, SpeechGate, Utterance, loud_windows

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from onnxruntime import InferenceSession
    from rapidocr import RapidOCR

CANNOT_READ = "I can't read your screen: text recognition does not work here."
CANNOT_HEAR = "(speech that could not be recognised)"
TYPE_INSTEAD = "I can't understand speech here: speech recognition does not work. Please type."
MAX_PHRASES = 64
MAX_PHRASE_CHARS = 60
READ_AHEAD_REST = 2.0
"""Rest between readings ahead, in lengths of the last one: a third of a core at most."""


class Assistant:
    """The models, one of each, and what its sessions share. Loads nothing until there is one."""

    def __init__(self, speech_model: str, voice_model: str, *, threads: int) -> None:
        name, load_voice = speaking.voice_loader(voice_model)
        self.detector: ModelThread[InferenceSession] = ModelThread(
            "speech detection", hearing.load_detector
        )
        self.recogniser: ModelThread[WhisperModel] = ModelThread(
            "speech recognition", hearing.recogniser_loader(speech_model, threads)
        )
        # Reading ahead must not slow down hearing and speaking.
        self.ocr: ModelThread[RapidOCR] = ModelThread(
            "text recognition", seeing.ocr_loader(threads), niceness=5
        )
        self.voice: ModelThread[speaking.Voice] = ModelThread(
            f"voice ({name})", load_voice, unload=lambda voice: voice.close()
        )
        self.reader = seeing.Reader(self.ocr)
        self._phrases: OrderedDict[str, bytes] = OrderedDict()
        self._warming: asyncio.Task[None] | None = None

    def new_brain(self) -> AssistantBrain:
        """Return a brain for one session; the first one has the models loaded."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._warm_up())
        return AssistantBrain(self)

    async def speak(self, owner: object, text: str) -> bytes:
        """Return ``text`` as speech; nothing where there is no voice. Phrases are remembered."""
        known = self._phrases.get(text)
        if known is not None:
            return known
        try:
            pcm16 = await self.voice.run(owner, lambda voice: voice.speak(text))
        except ModelUnavailable:
            return b""
        if len(text) <= MAX_PHRASE_CHARS:
            self._phrases[text] = pcm16
            if len(self._phrases) > MAX_PHRASES:
                self._phrases.popitem(last=False)
        return pcm16

    async def close(self) -> None:
        """Let go of the models and end the voice's process."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait([self._warming])
        for model in (self.detector, self.recogniser, self.ocr, self.voice):
            await model.close()

    async def _warm_up(self) -> None:
        await self.detector.warm_up()
        await asyncio.gather(
            self.recogniser.warm_up(),
            self.ocr.warm_up(),
            *(self.speak(self, text) for text in (answering.INTRODUCTION, GO_ON, ONE_MOMENT)),
        )


class AssistantBrain:
    """One session's share of the assistant."""

    keeps_pictures = True

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._detector = hearing.SpeechDetector()
        self._sensitivity: Sensitivity = "normal"
        self._trial: tuple[Utterance, asyncio.Task[str]] | None = None
        self._wanted: tuple[Picture, ...] = ()
        self._hurry = asyncio.Event()
        self._ahead: asyncio.Task[None] | None = None
        self._answer = _Answer(Answer((), Memory()))

    def new_gate(self, detection: Detection) -> SpeechGate:
        """Return a gate for the detector's windows."""
        self._sensitivity = detection.sensitivity
        return hearing.new_gate(detection)

    async def voiced(self, windows: bytes) -> list[bool]:
        """Ask the detector; go by loudness where there is none."""
        if not windows:
            return []
        try:
            return await self._assistant.detector.run(
                self, lambda model: self._detector.voiced(model, windows, self._sensitivity)
            )
        except ModelUnavailable:
            return loud_windows(windows, hearing.WINDOW_MS, self._sensitivity)

    def notice_picture(self, history: History) -> None:
        """Read ahead, at a pace that leaves the machine to others."""
        self._wanted = history.pictures
        if self._ahead is None or self._ahead.done():
            self._ahead = asyncio.create_task(self._read_ahead())

    def notice_speech(self) -> None:
        """Read what the screen shows now: a question about it is being asked."""
        self._hurry.set()

    def notice_pause(self, utterance: Utterance) -> None:
        """Recognise on trial: if the silence lasts, the words are there at its end."""
        self._drop_trial()
        self._trial = (utterance, asyncio.create_task(self._recognise(utterance)))

    def notice_interruption(self, history: History, heard_ms: float) -> None:
        """Remember what was sent and not heard any more: "go on" begins there."""
        history.memory = self._answer.memory(heard_ms)

    async def transcribe(self, utterance: Utterance) -> str:
        """Return what was said."""
        trial, self._trial = self._trial, None
        if trial is not None:
            tried, task = trial
            # Only silence may have come since, or the words are not all there.
            if tried.voiced_ms == utterance.voiced_ms:
                return await task
            task.cancel()
        return await self._recognise(utterance)

    async def answer(self, question: Question, history: History) -> AsyncGenerator[Spoken, None]:
        """Answer clause by clause; what is cut off can be asked for with "go on"."""
        answer = self._answer = _Answer(Answer((), history.memory or Memory()))
        # Two clauses ahead: enough to never run dry, little enough to be thrown away.
        ready: asyncio.Queue[_Clause | Exception | None] = asyncio.Queue(maxsize=2)
        maker = asyncio.create_task(self._make(question, history, answer, ready))
        try:
            while (clause := await ready.get()) is not None:
                if isinstance(clause, Exception):
                    raise clause
                for piece in speaking.pieces(clause.pcm16, clause.text):
                    yield piece
                answer.note(clause)
        finally:
            maker.cancel()
            await asyncio.wait([maker])
            history.memory = answer.memory(answer.length_ms)

    async def close(self) -> None:
        """Let go of whatever is still being worked on for this session."""
        self._drop_trial()
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.wait([self._ahead])

    async def _make(
        self,
        question: Question,
        history: History,
        answer: _Answer,
        ready: asyncio.Queue[_Clause | Exception | None],
    ) -> None:
        """Find the answer and have it spoken, into ``ready``; None at its end."""
        try:
            first = True
            async for sentence, counts in self._sentences(question, history, answer):
                parts = speaking.clauses(sentence)
                for number, text in enumerate(parts, 1):
                    is_last = number == len(parts)
                    pcm16 = await self._assistant.speak(self, text)
                    if pcm16 and is_last:
                        pcm16 += speaking.silence(speaking.SENTENCE_GAP_MS)
                    shown = text if first else f" {text}"
                    first = False
                    await ready.put(_Clause(shown, pcm16, ends_sentence=is_last and counts))
            await ready.put(None)
        except Exception as exc:  # noqa: BLE001 - handed to whoever waits for the answer
            await ready.put(exc)

    async def _sentences(
        self, question: Question, history: History, answer: _Answer
    ) -> AsyncGenerator[tuple[str, bool], None]:
        """Give what is to be said; with each sentence, whether it belongs to the answer proper."""
        before = history.turns[:-1]
        introduces = not any(turn.role == "model" for turn in before)
        if introduces:
            yield answering.INTRODUCTION, False
        if question.text == CANNOT_HEAR:
            answer.whole = Answer((TYPE_INSTEAD,), history.memory or Memory())
        else:
            look = Look(self._assistant.reader, self, question, history)
            try:
                async for said in look.find(before):
                    yield said, False
            except CannotRead:
                yield CANNOT_READ, False
                return
            answer.whole = look.answer
            await look.point()
        for sentence in answer.whole.sentences:
            # Who asks first of all who is there has been told already.
            if not (introduces and sentence == answering.INTRODUCTION):
                yield sentence, True
            else:
                answer.ends_ms.append(answer.length_ms)

    async def _recognise(self, utterance: Utterance) -> str:
        try:
            return await self._assistant.recogniser.run(
                self, lambda model: hearing.recognise(model, utterance.pcm16)
            )
        except ModelUnavailable:
            return CANNOT_HEAR

    async def _read_ahead(self) -> None:
        loop = asyncio.get_running_loop()
        while self._wanted:
            pictures, self._wanted = self._wanted, ()
            started_s = loop.time()
            with contextlib.suppress(ModelUnavailable):
                await self._assistant.reader.read(self, pictures)
            rest_s = READ_AHEAD_REST * (loop.time() - started_s)
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._hurry.wait()

    def _drop_trial(self) -> None:
        if self._trial is not None:
            self._trial[1].cancel()
            self._trial = None


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    pcm16: bytes
    ends_sentence: bool


@dataclass(slots=True)
class _Answer:
    """An answer while it is being given."""

    whole: Answer
    """All that is to be said; nothing until that is known, and the memory as it was."""
    length_ms: float = 0.0
    ends_ms: list[float] = field(default_factory=list)
    """Where each sentence of ``whole`` that has been sent ends in the sound of the turn."""

    def note(self, clause: _Clause) -> None:
        """Take note that ``clause`` was sent."""
        self.length_ms += len(clause.pcm16) / speaking.BYTES_PER_MS
        if clause.ends_sentence:
            self.ends_ms.append(self.length_ms)

    def memory(self, heard_ms: float) -> Memory:
        """Return what to remember after ``heard_ms``: with "go on" the rest comes first."""
        n_heard = sum(end_ms <= heard_ms for end_ms in self.ends_ms)
        unheard = tuple(one for one in self.whole.sentences[n_heard:] if one != GO_ON)
        memory = self.whole.memory
        return Memory((*unheard, *memory.remaining), memory.last_answer)
