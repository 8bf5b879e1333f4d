"""Handles, snapshots, and what is remembered of a conversation."""

from __future__ import annotations

import pytest

from local_live.errors import Refused
from local_live.history import MAX_PICTURES, HandleStore, History, Ledger
from local_live.pictures import Picture
from local_live.vad import GateTimes, SpeechGate

GATE = SpeechGate(GateTimes(20, start_ms=20, silence_ms=200))


def conversation(limit: int = 100) -> History:
    return History("models/m", Ledger(limit))


def test_snapshot_does_not_change_with_the_conversation() -> None:
    """What is said and received after the handle is not in what it restores."""
    store, history = HandleStore(), conversation()
    history.say("user", "one")
    history.ledger.append({"kind": "text", "text": "one"})
    handle = store.issue(history, GATE)

    history.say("user", "two")
    history.ledger.append({"kind": "text", "text": "two"})
    history.intake.audio_ms += 100
    restored = History.resumed(store.find(handle))

    assert [turn.text for turn in restored.turns] == ["one"]
    assert restored.ledger.items == [{"kind": "text", "text": "one"}]
    assert restored.intake.audio_ms == 0
    assert restored.parent == history.history_id


def test_handle_can_be_resumed_twice() -> None:
    """Older handles stay good, and two resumptions do not share their future."""
    store, history = HandleStore(), conversation()
    handle = store.issue(history, GATE)

    first, second = (History.resumed(store.find(handle)) for _ in range(2))
    first.say("user", "only here")
    first.ledger.append({"kind": "text"})

    assert second.turns == []
    assert second.ledger.items == []


def test_handle_expires() -> None:
    """After its time a handle is not found, with Google's words."""
    now_s = 0.0
    store = HandleStore(ttl_s=7_200, clock=lambda: now_s)
    handle = store.issue(conversation(), GATE)

    now_s = 7_200.0
    store.find(handle)
    now_s = 7_200.5
    with pytest.raises(Refused) as caught:
        store.find(handle)

    assert (caught.value.code, caught.value.reason) == (
        1008,
        "BidiGenerateContent session not found",
    )


def test_store_keeps_the_newest_handles() -> None:
    """Beyond the limit the oldest goes."""
    store, history = HandleStore(limit=2), conversation()
    oldest, *newest = [store.issue(history, GATE) for _ in range(3)]

    for handle in newest:
        store.find(handle)
    with pytest.raises(Refused):
        store.find(oldest)


def test_store_bounds_the_pictures_that_it_holds() -> None:
    """Handles with large pictures push out older ones before the memory is full."""
    store, history = HandleStore(max_picture_bytes=250), conversation()
    history.see(Picture("d", 8, 8, bytes(100)))
    oldest, *newest = [store.issue(history, GATE) for _ in range(3)]

    for handle in newest:
        store.find(handle)
    with pytest.raises(Refused):
        store.find(oldest)


def test_long_ledger_forgets_its_beginning_and_says_so() -> None:
    """The bound holds within a quarter, and positions stay true."""
    ledger = Ledger(limit=8)
    for number in range(30):
        ledger.append({"n": number})

    assert len(ledger.items) <= 10
    assert ledger.dropped + len(ledger.items) == ledger.length() == 30
    assert ledger.copy_until(29).items[-1] == {"n": 28}
    assert ledger.copy_until(3).items == []


def test_tokens_are_counted_by_kind() -> None:
    """25 tokens for a second of sound, 256 for a picture, one for four letters."""
    history = conversation()
    history.say("user", "12345678")
    history.intake.audio_ms = 2_000
    history.see(Picture("d", 8, 8, b""))

    usage = history.intake.usage(response_ms=4_000)

    assert (usage.prompt_text, usage.prompt_audio, usage.prompt_video) == (2, 50, 256)
    assert usage.response_audio == 100
    assert usage.prompt == 308


def test_the_newest_pictures_are_kept() -> None:
    """An overview and its close-ups are known together; older ones are forgotten, not uncounted."""
    history = conversation()
    for number in range(MAX_PICTURES + 2):
        history.see(Picture(str(number), 8, 8, b""), "low")

    assert [one.digest for one in history.pictures] == [str(n) for n in range(2, MAX_PICTURES + 2)]
    assert history.picture is history.pictures[-1]
    assert history.intake.picture_tokens == 64 * (MAX_PICTURES + 2)
