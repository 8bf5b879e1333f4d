"""From a real Redis to one client's outbox: in order, without holes or repeats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from gateway.downlink import Downlink
from gateway.outbox import Item, Outbox
from gateway.session_store import Attachment, SessionStore
from gemini_worker.dispatch import Dispatch, Entry
from gemini_worker.lease import Lease, claim
from gemini_worker.turn import Said, Speech
from shared.bus import Bus
from shared.bus_messages import HistoryTurn, Interrupted, Notice, Transcript, TurnStart
from shared.codec import START, Header, Kind, StreamId, encode
from shared.options import SessionOptions
from tests.gemini_worker.shop import calm
from tests.support.processes import until
from tests.support.replies import told

CHUNK = bytes(4_800)
"""100 ms of the assistant's speech."""


@dataclass
class Talk:
    """A session with a worker that speaks and a gateway that listens."""

    bus: Bus
    store: SessionStore
    held: Attachment
    dispatch: Dispatch
    entry: Entry
    lease: Lease
    calls: list[int] = field(default_factory=list)
    """The bell rang."""

    async def say(self, *texts: str, turn: int = 1) -> None:
        for text in texts:
            await self.lease.publish(Said(Transcript(turn=turn, role="assistant", text=text), turn))

    async def speak(self, chunks: int, turn: int = 1) -> None:
        for _ in range(chunks):
            await self.lease.publish(Speech(turn, CHUNK))

    async def interrupt(self, turn: int = 1) -> None:
        await self.lease.publish(Said(Interrupted(turn=turn), turn))

    async def take_over(self) -> None:
        """Give the session to another worker."""
        await self.dispatch.hand_back(self.entry)
        await calm(self.bus)
        (entry,) = await self.dispatch.take_over(1)
        lease = await claim(self.bus, self.dispatch, entry, "worker")
        assert lease is not None
        self.lease = lease

    @asynccontextmanager
    async def heard(
        self, after: StreamId = START, *, subscribe: bool = True
    ) -> AsyncIterator[tuple[Downlink, list[Item]]]:
        """Listen as a gateway does; yield the way down and what left for the client."""
        downlink = Downlink(self.store, self.held, Outbox(), after, lambda: self.calls.append(1))
        items: list[Item] = []

        async def drain() -> None:
            while True:
                items.append(await downlink.next())

        tasks = [asyncio.create_task(run()) for run in (downlink.fill, drain)]
        if subscribe:
            self.bus.subscriptions.add(self.held.keys.live, downlink)
        try:
            yield downlink, items
        finally:
            self.bus.subscriptions.remove(self.held.keys.live, downlink)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def talk(bus: Bus) -> Talk:
    store = SessionStore(bus, "gateway-1")
    held = await store.create("ann", SessionOptions(), "native")
    dispatch = Dispatch(bus, "worker", 60.0)
    await dispatch.prepare()
    (entry,) = await dispatch.take_new(1)
    lease = await claim(bus, dispatch, entry, "worker")
    assert lease is not None
    return Talk(bus, store, held, dispatch, entry, lease)


async def _numbers(items: list[Item], *expected: int) -> None:
    def arrived() -> bool:
        return len(items) >= len(expected)

    await until(arrived, f"{expected}; got {[one.id.seq for one in items]}", 5.0)
    assert [one.id.seq for one in items] == list(expected)


async def test_what_was_said_before_is_fetched_and_the_rest_comes(talk: Talk) -> None:
    """A client that connects gets what was said already, then what is said now, each once."""
    await talk.say("a", "b")

    async with talk.heard() as (_, items):
        await _numbers(items, 1, 2)
        await talk.say("c")
        await _numbers(items, 1, 2, 3)


async def test_a_client_goes_on_after_its_last_id(talk: Talk) -> None:
    """What the client has is not sent again."""
    await talk.say("a", "b", "c")

    async with talk.heard(StreamId(1, 2)) as (_, items):
        await talk.say("d")
        await _numbers(items, 3, 4)


async def test_many_are_fetched_in_order_while_more_are_said(talk: Talk) -> None:
    """More than one read's worth, with the worker talking all the time, arrives in order."""
    await talk.say(*["x"] * 250)

    async with talk.heard() as (_, items):
        await talk.say(*["y"] * 50)
        await _numbers(items, *range(1, 301))


async def test_a_message_missed_by_the_subscription_is_fetched(talk: Talk) -> None:
    """A hole in the numbers is seen with the next message and filled before it."""
    async with talk.heard() as (downlink, items):
        await talk.say("a")
        await _numbers(items, 1)
        talk.bus.subscriptions.remove(talk.held.keys.live, downlink)
        await talk.say("b", "c")
        header = Header(Kind.CONTROL, 1, 3, 0.0)
        downlink.published(encode(header, b"{}"))

        await _numbers(items, 1, 2, 3)


async def test_a_missed_last_message_is_noticed_by_the_pulse(talk: Talk) -> None:
    """When nothing follows, the newest id in Redis tells that something is missing."""
    async with talk.heard(subscribe=False) as (downlink, items):
        await talk.say("a", "b")

        downlink.noticed((await told(talk.store.touch, talk.held)).newest_down)

        await _numbers(items, 1, 2)
        downlink.noticed(StreamId(1, 2))
        downlink.noticed(START)
        await talk.say("c")
        downlink.published(await _stored(talk, "1-3"))
        await _numbers(items, 1, 2, 3)


async def _stored(talk: Talk, entry_id: str) -> bytes:
    ((_, fields),) = await talk.bus.send("XRANGE", talk.held.keys.down, entry_id, entry_id)
    frame: bytes = fields[b"m"]
    return frame


async def test_repeats_are_passed_over(talk: Talk) -> None:
    """A message that is published and fetched, or published twice, leaves once."""
    async with talk.heard() as (downlink, items):
        await talk.say("a", "b")
        await _numbers(items, 1, 2)

        for entry_id in ("1-1", "1-2", "1-2"):
            downlink.published(await _stored(talk, entry_id))
        downlink.subscribed()
        await talk.say("c")

        await _numbers(items, 1, 2, 3)


async def test_cut_subscriptions_lose_nothing(talk: Talk) -> None:
    """With the connection of pub/sub cut again and again, everything arrives once, in order."""
    async with talk.heard() as (_, items):
        for _ in range(10):
            await talk.say("x", "y", "z")
            await talk.bus.send("CLIENT", "KILL", "TYPE", "pubsub")
            await talk.say("x", "y", "z")

        await _numbers(items, *range(1, 61))


async def test_numbers_run_on_over_a_takeover(talk: Talk) -> None:
    """Another worker's messages follow without a hole, and its marker is not one of them."""
    async with talk.heard() as (_, items):
        await talk.say("a")
        await talk.take_over()
        await talk.say("b")

        await _numbers(items, 1, 2)
        assert [one.id for one in items] == [StreamId(1, 1), StreamId(2, 2)]


async def test_an_older_epoch_is_dropped(talk: Talk) -> None:
    """What a worker that lost the session still publishes does not reach the client."""
    async with talk.heard() as (downlink, items):
        await talk.take_over()
        await talk.say("b")
        await _numbers(items, 1)

        downlink.published(encode(Header(Kind.CONTROL, 1, 99, 0.0), b'{"type":"notice"}'))
        await talk.say("c")

        await _numbers(items, 1, 2)


async def test_speech_that_does_not_fit_waits_in_redis(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full outbox the rest stays in Redis and is fetched as the client hears on."""
    now_ms = 1_000.0
    monkeypatch.setattr("gateway.downlink.time_ms", lambda: now_ms)
    async with talk.heard() as (downlink, items):
        await talk.speak(100)
        await until(lambda: len(items) >= 21, "two seconds are sent", 5.0)
        held_here = len(downlink._outbox)

        assert len(items) == 21
        assert held_here <= 20
        while len(items) < 100:
            now_ms += 1_000.0
            downlink.cut(0)
            downlink._changed.set()
            sent = len(items)
            await until(lambda n=sent: len(items) > n, "more is sent", 5.0)  # type: ignore[misc]

        await _numbers(items, *range(1, 101))


async def test_an_interruption_overtakes_the_speech_that_waits(talk: Talk) -> None:
    """Ten seconds of speech behind, the interruption drops them at once, here and in Redis."""
    async with talk.heard() as (_, items):
        await talk.speak(100)
        await until(lambda: len(items) >= 21, "two seconds are sent", 5.0)

        await talk.interrupt()
        await talk.speak(2, turn=2)

        await until(lambda: items[-1].id.seq == 103, "the next turn's speech is sent", 1.5)
    spoken = [one.id.seq for one in items if one.audio_ms]
    assert spoken[-2:] == [102, 103]
    assert max(spoken[:-2]) < 30
    assert 101 in [one.id.seq for one in items]


async def test_the_bell_rings_for_whoever_has_lost_the_session(talk: Talk) -> None:
    """The connection before hears at once of one that comes back; nothing is sent for that."""
    async with talk.heard() as (_, items):
        await talk.say("a")
        await _numbers(items, 1)

        assert await talk.store.attach(talk.held.session_id, talk.held.user, 1) is not None

        await until(lambda: bool(talk.calls), "it is called")
        assert len(items) == 1


async def test_speech_that_was_played_is_forgotten(talk: Talk) -> None:
    """Redis keeps the words, and the speech that the client may still miss: it gets all of that."""
    await talk.lease.publish(Said(TurnStart(turn=1), 1))
    await talk.speak(15)
    await talk.say("words")
    async with talk.heard() as (downlink, items):
        await _numbers(items, *range(1, 18))

        downlink.played(1, 1_050.0)
        downlink.forget_played()
        downlink.forget_played()

    assert await _kept(talk) == [0, 1, *range(12, 18)]
    async with talk.heard(StreamId(1, 11)) as (_, items):
        await _numbers(items, *range(12, 18))


async def test_a_worker_goes_on_after_what_is_forgotten(talk: Talk) -> None:
    """The newest entry stays, so the numbers of the next worker run on."""
    await talk.lease.publish(Said(TurnStart(turn=1), 1))
    await talk.speak(5)
    async with talk.heard() as (downlink, items):
        await _numbers(items, *range(1, 7))
        downlink.played(2, 0.0)
        downlink.forget_played()
        assert await _kept(talk) == [0, 1, 6]

        await talk.take_over()
        assert await talk.lease.last_turn() == (1, True)
        await talk.say("b")

        await _numbers(items, *range(1, 8))


async def test_turns_that_are_finished_are_forgotten_whole(talk: Talk) -> None:
    """Once the client plays the next turn, the history alone has the words of the one before."""
    await talk.lease.publish(Said(TurnStart(turn=1), 1))
    await talk.speak(3)
    final = Transcript(turn=1, role="assistant", text="", final=True)
    words = HistoryTurn(role="assistant", text="words", turn=1, time_ms=0.0)
    await talk.lease.publish(Said(final, 1, words))
    await talk.lease.publish(Said(TurnStart(turn=2), 2))
    await talk.speak(3, turn=2)
    await talk.say("more", turn=2)
    async with talk.heard() as (downlink, items):
        await _numbers(items, *range(1, 11))

        downlink.played(1, 300.0)
        downlink.forget_played()
        assert await _kept(talk) == [0, 1, *range(5, 11)]
        downlink.played(2, 200.0)
        downlink.forget_played()

    assert await _kept(talk) == [5, 6, 9, 10]
    assert await talk.lease.last_turn() == (2, True)


async def test_what_fell_out_unheard_is_told(talk: Talk) -> None:
    """An answer that outran its client by more than Redis holds says so where it is missing."""
    await talk.say("a", "b", "c", "d")
    await talk.bus.send("XTRIM", talk.held.keys.down, "MINID", "1-3")

    async with talk.heard(StreamId(1, 1)) as (_, items):
        await until(lambda: len(items) == 3, "the rest is there", 5.0)

    notice, third, _ = items
    assert isinstance(notice.data, str)
    assert json.loads(notice.data)["code"] == "answer_lost"
    assert third.id == StreamId(1, 3)


async def test_what_was_forgotten_is_not_told(talk: Talk) -> None:
    """A page that was reloaded misses nothing where Redis let speech go on purpose."""
    await talk.say("a", "b", "c", "d")
    await talk.bus.send("XDEL", talk.held.keys.down, "1-2", "1-3")
    downlink = Downlink(talk.store, talk.held, Outbox(), START, lambda: None, StreamId(1, 3))
    downlink.subscribed()
    filling = asyncio.create_task(downlink.fill())

    items = [await downlink.next() for _ in range(2)]

    filling.cancel()
    assert [one.id.seq for one in items] == [1, 4]


async def _kept(talk: Talk) -> list[int]:
    entries = await talk.bus.send("XRANGE", talk.held.keys.down, "-", "+")
    return [StreamId.parse(entry_id).seq for entry_id, _ in entries]


async def test_other_messages_are_passed_on_as_they_are(talk: Talk) -> None:
    """The client gets the worker's JSON, with its id, byte by byte as Redis has it."""
    async with talk.heard() as (_, items):
        await talk.lease.publish(Said(Notice(code="n", message="\u00e4"), 0))

        await _numbers(items, 1)
        assert items[0].data == '{"type":"notice","id":"1-1","code":"n","message":"\u00e4"}'
