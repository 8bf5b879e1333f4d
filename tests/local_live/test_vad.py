"""Where utterances begin and end."""

from __future__ import annotations

import numpy as np

from local_live.vad import (
    GateTimes,
    SpeechEnded,
    SpeechEvent,
    SpeechGate,
    SpeechPaused,
    SpeechStarted,
    Utterance,
    loud_windows,
    to_16k,
)
from tests.local_live.samples import quiet, tone

TIMES = GateTimes(
    window_ms=20, start_ms=60, silence_ms=200, pause_ms=100, preroll_ms=40, max_ms=2_000
)


def feed(gate: SpeechGate, pcm16: bytes, piece_bytes: int = 1_000) -> list[SpeechEvent]:
    """Give the gate sound in pieces that do not fit its windows."""
    events: list[SpeechEvent] = []
    for start in range(0, len(pcm16), piece_bytes):
        piece = pcm16[start : start + piece_bytes]
        events += gate.advance(piece, loud_windows(gate.whole_windows(piece), 20))
    return events


def test_utterance_has_its_preroll_and_its_silence() -> None:
    """What was just before the first voiced window belongs to it; quiet consonants stand there."""
    events = feed(SpeechGate(TIMES), quiet(500) + tone(300) + quiet(400))

    started, paused, ended = events
    assert started == SpeechStarted()
    assert isinstance(paused, SpeechPaused)
    assert isinstance(ended, SpeechEnded)
    assert ended.utterance.voiced_ms == 300
    assert ended.utterance.pcm16 == quiet(40) + tone(300) + quiet(200)
    assert paused.utterance.pcm16 == quiet(40) + tone(300) + quiet(100)


def test_click_is_no_speech() -> None:
    """Sound shorter than `start_ms` begins nothing."""
    assert feed(SpeechGate(TIMES), quiet(100) + tone(40) + quiet(400)) == []


def test_short_silence_is_a_pause_within_the_utterance() -> None:
    """Speech that goes on after a pause is one utterance, and may pause again."""
    events = feed(SpeechGate(TIMES), tone(100) + quiet(140) + tone(100) + quiet(300))

    assert [type(event) for event in events] == [
        SpeechStarted,
        SpeechPaused,
        SpeechPaused,
        SpeechEnded,
    ]


def test_endless_speech_is_cut() -> None:
    """An utterance has a greatest length, and what follows is the next one."""
    events = feed(SpeechGate(TIMES), tone(4_100) + quiet(300))

    ended = [event.utterance for event in events if isinstance(event, SpeechEnded)]
    assert [one.voiced_ms for one in ended] == [2_000, 2_000, 100]


def test_copy_goes_its_own_way() -> None:
    """A copy made in mid-utterance ends it with what it hears itself."""
    gate = SpeechGate(TIMES)
    feed(gate, tone(200))

    copied = gate.copy()
    feed(gate, quiet(300))
    (ended,) = [one for one in feed(copied, tone(100) + quiet(300)) if isinstance(one, SpeechEnded)]

    assert not gate.speaking
    assert ended.utterance.voiced_ms == 300


def test_push_to_talk_ignores_silence() -> None:
    """In manual mode nothing but the signals begins or ends an utterance."""
    gate = SpeechGate(TIMES, manual=True)

    events = [*feed(gate, tone(300)), *gate.press(), *feed(gate, tone(100) + quiet(400))]
    events += gate.release()

    started, ended = events
    assert started == SpeechStarted()
    assert isinstance(ended, SpeechEnded)
    assert ended.utterance.voiced_ms == 100
    assert gate.release() == []


def test_earlier_speech_stands_before_the_later() -> None:
    """Two utterances that belong together are joined in order."""
    later = Utterance(b"ba", 20)

    assert later.after(Utterance(b"ab", 10)) == Utterance(b"abba", 30)
    assert later.after(None) is later


def test_other_rates_are_brought_to_16_khz() -> None:
    """A 300 Hz tone at 48 000 Hz is the same tone at 16 000 Hz, a third as many samples."""
    at = np.arange(4_800) / 48_000
    given = np.rint(np.sin(2 * np.pi * 300 * at) * 8_000).astype("<i2").tobytes()

    resampled = to_16k(given, 48_000)

    difference = np.frombuffer(resampled, "<i2").astype(int) - np.frombuffer(tone(100), "<i2")
    assert np.abs(difference).max() <= 1
