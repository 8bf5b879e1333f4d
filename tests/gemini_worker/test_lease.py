"""Ownership of sessions in a real Redis: one worker at a time, whatever fails."""

from __future__ import annotations

import asyncio
import signal

import pytest

from gateway.session_store import Attachment, SessionStore
from gemini_worker.lease import Dispatch, Entry, Lease, claim
from gemini_worker.turn import Said, Speech
from shared import keys, limits
from shared.bus import Bus
from shared.bus_messages import HistoryTurn, State, Transcript, TurnEnd, TurnStart
from shared.codec import Kind, StreamId, decode
from shared.errors import BusError, Fenced, SessionGone
from shared.options import SessionOptions
from tests.support.processes import until
from tests.support.redis_server import RedisServer

LEASE_S = 60.0
"""Longer than any test: a worker falls silent only when a test says so."""


class Shop:
    """Sessions made by a gateway, and workers that want them."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.store = SessionStore(bus, "gateway-1")

    async def worker(self, name: str) -> Dispatch:
        dispatch = Dispatch(self.bus, name, LEASE_S)
        await dispatch.prepare()
        return dispatch

    async def session(self) -> Attachment:
        return await self.store.create("ann", SessionOptions(), "native")

    async def silence(self, entry: Entry, worker: str) -> None:
        """Let the lease of ``worker`` run out without waiting for it."""
        await Dispatch(self.bus, worker, LEASE_S).hand_back(entry)

    async def claimed(self, worker: str) -> tuple[Dispatch, Entry, Lease]:
        """Make a session and let ``worker`` take it."""
        dispatch = await self.worker(worker)
        await self.session()
        (entry,) = await dispatch.take_new(1)
        lease = await claim(self.bus, dispatch, entry, worker)
        assert lease is not None
        return dispatch, entry, lease

    async def taken_over(self, entry: Entry, old: str, new: str) -> Lease:
        """Let ``old`` fall silent and ``new`` take its session."""
        await self.silence(entry, old)
        dispatch = await self.worker(new)
        assert await dispatch.take_over(10) == [entry]
        lease = await claim(self.bus, dispatch, entry, new)
        assert lease is not None
        return lease


@pytest.fixture
def shop(bus: Bus) -> Shop:
    return Shop(bus)


_OWNER = "return redis.call('XPENDING', 'dispatch', 'workers', '-', '+', 1)[1][2]"


def _word(turn: int = 1, text: str = "x") -> Said:
    return Said(Transcript(turn=turn, role="assistant", text=text), turn)


async def _down(bus: Bus, lease: Lease) -> list[str]:
    return [i.decode() for i, _ in await bus.send("XRANGE", lease.keys.down, "-", "+")]


async def test_new_sessions_are_taken_in_their_order_by_one_worker_each(shop: Shop) -> None:
    """Two workers share the line: each session goes to one of them, the first come first."""
    one, two = await shop.worker("one"), await shop.worker("two")
    made = [await shop.session() for _ in range(3)]

    taken = [*await one.take_new(2), *await two.take_new(2)]

    assert [entry.session_id for entry in taken] == [held.session_id for held in made]
    assert await one.take_over(10) == []


async def test_sessions_made_before_the_first_worker_are_found(shop: Shop) -> None:
    """The group begins with the oldest entry, and making it twice does no harm."""
    held = await shop.session()

    dispatch = await shop.worker("one")
    await dispatch.prepare()

    assert [entry.session_id for entry in await dispatch.take_new(10)] == [held.session_id]


async def test_a_line_that_redis_lost_is_told(shop: Shop) -> None:
    """After Redis lost its data the worker learns that it must prepare again."""
    dispatch = await shop.worker("one")
    await shop.bus.send("FLUSHALL")

    with pytest.raises(BusError, match="NOGROUP"):
        await dispatch.take_new(1)


async def test_a_claim_gives_everything_that_is_known(shop: Shop) -> None:
    """The first claim has epoch 1, is no takeover, and carries the session's hash."""
    _, _, lease = await shop.claimed("one")

    assert (lease.epoch, lease.is_takeover) == (1, False)
    assert lease.fields["user"] == "ann"
    assert lease.fields["state"] == "connecting"
    assert 0 < await shop.bus.send("TTL", lease.keys.down) <= limits.SESSION_TTL_S


async def test_a_silent_workers_session_is_taken_over_and_it_is_fenced(shop: Shop) -> None:
    """The successor goes on with the numbers; the silent one can write nothing any more."""
    dispatch, entry, old = await shop.claimed("one")
    await old.publish(_word())
    new = await shop.taken_over(entry, "one", "two")
    await new.publish(_word())

    for writing in (
        old.publish(_word()),
        old.checkpoint({"state": "live"}),
        old.hand_over({}),
        old.finish("client", None),
    ):
        with pytest.raises(Fenced):
            await writing

    assert (new.epoch, new.is_takeover) == (2, True)
    assert await _down(shop.bus, new) == ["1-0", "1-1", "2-0", "2-2"]
    assert await shop.bus.send("HGET", new.keys.session, "state") == b"resuming"
    assert await dispatch.renew([entry.entry_id]) == [entry.entry_id]


async def test_renewing_does_not_steal_back(shop: Shop) -> None:
    """A worker that was thought dead learns that it lost its session, and changes nothing."""
    dispatch, entry, _ = await shop.claimed("one")
    await shop.taken_over(entry, "one", "two")

    assert await dispatch.renew([entry.entry_id]) == [entry.entry_id]

    assert await shop.bus.send("EVAL", _OWNER, 0) == b"two"


async def test_a_renewed_lease_is_not_taken_over(shop: Shop) -> None:
    """A sign of life just before the end keeps the session."""
    dispatch, entry, _ = await shop.claimed("one")
    await shop.silence(entry, "one")

    assert await dispatch.renew([entry.entry_id]) == []

    assert await (await shop.worker("two")).take_over(10) == []


async def test_renewing_what_is_over_tells_so(shop: Shop) -> None:
    """An entry that was taken off the table is lost for its holder."""
    dispatch, entry, _ = await shop.claimed("one")
    await dispatch.drop(entry)

    assert await dispatch.renew([entry.entry_id, "0-1"]) == [entry.entry_id, "0-1"]


async def test_a_renewal_without_an_answer_lapses(bus: Bus, redis_server: RedisServer) -> None:
    """While Redis does not answer, the leases count as lapsed; with its answer they hold again."""
    dispatch = Dispatch(bus, "one", lease_s=0.5)
    await dispatch.prepare()
    assert redis_server.process is not None
    redis_server.process.signal(signal.SIGSTOP)
    renewing = asyncio.create_task(dispatch.renew([]))
    await until(lambda: dispatch.has_lapsed, "the leases have lapsed")

    redis_server.process.signal(signal.SIGCONT)

    assert await renewing == []
    await dispatch.renewed()
    assert not dispatch.has_lapsed


async def test_a_session_handed_back_is_taken_at_once(shop: Shop) -> None:
    """On purpose is not a crash: the next worker need not wait, and nothing is counted."""
    dispatch, entry, lease = await shop.claimed("one")
    await lease.hand_over({"state": "resuming"})
    await dispatch.hand_back(entry)

    two = await shop.worker("two")
    assert await two.take_over(10) == [entry]
    successor = await claim(shop.bus, two, entry, "two")

    assert successor is not None
    assert (successor.is_takeover, successor.fields["crashes"]) == (True, "0")


async def test_only_the_holder_hands_back(shop: Shop) -> None:
    """A worker that lost the session cannot make its successor look silent."""
    dispatch, entry, _ = await shop.claimed("one")
    await shop.taken_over(entry, "one", "two")

    await dispatch.hand_back(entry)

    assert await (await shop.worker("three")).take_over(10) == []


@pytest.mark.parametrize("n_alive", [5, 130])
async def test_a_dead_workers_session_is_found_behind_many_living_ones(
    shop: Shop, n_alive: int
) -> None:
    """Redis looks at a few entries per call; a worker with little room sees all in the end."""
    alive, dead = await shop.worker("alive"), await shop.worker("dead")
    for _ in range(n_alive + 1):
        await shop.session()
    while len(await alive.take_new(n_alive)) == 0:
        pass
    (entry,) = await dead.take_new(1)
    await shop.silence(entry, "dead")
    rescuer = await shop.worker("rescuer")

    found = [one for _ in range(2) for one in await rescuer.take_over(1)]

    assert found == [entry]


async def test_a_second_entry_for_a_session_is_dropped(shop: Shop) -> None:
    """An append to the line that was repeated does not give a session two workers."""
    dispatch, _, lease = await shop.claimed("one")
    await shop.bus.send("XADD", keys.DISPATCH, "*", "session", lease.entry.session_id)
    two = await shop.worker("two")
    (duplicate,) = await two.take_new(10)

    assert await claim(shop.bus, two, duplicate, "two") is None

    assert await shop.bus.send("XLEN", keys.DISPATCH) == 1
    await lease.publish(_word())
    assert await dispatch.renew([lease.entry.entry_id]) == []


@pytest.mark.parametrize("how", ["ended", "expired"])
async def test_a_session_that_is_over_is_dropped_from_the_line(shop: Shop, how: str) -> None:
    """An ended session, or one whose keys ran out, gets no worker and leaves no key behind."""
    dispatch, held = await shop.worker("one"), await shop.session()
    if how == "ended":
        await shop.bus.send("HSET", held.keys.session, "state", "ended")
    else:
        await shop.bus.send("DEL", *held.keys.stored())
    (entry,) = await dispatch.take_new(1)

    assert await claim(shop.bus, dispatch, entry, "one") is None

    assert await shop.bus.send("XLEN", keys.DISPATCH) == 0
    assert await shop.bus.send("EXISTS", held.keys.down) == 0


async def test_a_session_on_which_workers_die_is_given_up(shop: Shop) -> None:
    """After three crashes in a row the next claim ends the session and tells the client."""
    _, entry, lease = await shop.claimed("worker-0")
    for number in range(limits.MAX_CRASHES):
        lease = await shop.taken_over(entry, f"worker-{number}", f"worker-{number + 1}")
    await shop.silence(entry, f"worker-{limits.MAX_CRASHES}")
    last = await shop.worker("last")
    (again,) = await last.take_over(1)

    assert await claim(shop.bus, last, again, "last") is None

    (_, fields) = (await shop.bus.send("XREVRANGE", lease.keys.down, "+", "-"))[0]
    state = State.model_validate_json(decode(fields[b"m"])[1])
    assert (state.state, state.reason) == ("ended", "failed")
    assert await shop.bus.send("XLEN", keys.DISPATCH) == 0


async def test_a_checkpoint_with_a_handle_forgives_crashes(shop: Shop) -> None:
    """A worker that got as far as a handle did not die on the session."""
    _, entry, lease = await shop.claimed("one")
    lease = await shop.taken_over(entry, "one", "two")
    assert lease.fields["crashes"] == "1"
    await lease.checkpoint({"crashes": 0})

    lease = await shop.taken_over(entry, "two", "three")

    assert lease.fields["crashes"] == "1"


async def test_what_is_said_is_stored_and_published_alike(shop: Shop) -> None:
    """Speech and words get consecutive ids, in the header and in the message itself."""
    _, _, lease = await shop.claimed("one")
    heard: list[bytes] = []

    class Ear:
        def subscribed(self) -> None:
            heard.clear()

        def published(self, message: bytes) -> None:
            heard.append(message)

    await shop.bus.subscriptions.add(lease.keys.live, Ear())
    for output in (
        Said(TurnStart(turn=1), 1),
        Speech(1, b"\1\0"),
        _word(),
        Said(TurnEnd(turn=1), 1),
    ):
        await lease.publish(output)

    stored = await shop.bus.send("XRANGE", lease.keys.down, "(1-0", "+")
    frames = [fields[b"m"] for _, fields in stored]
    assert [entry_id for entry_id, _ in stored] == [b"1-1", b"1-2", b"1-3", b"1-4"]
    assert [decode(frame)[0].kind for frame in frames] == [16, Kind.ASSISTANT_AUDIO, 16, 16]
    assert [(decode(f)[0].epoch, decode(f)[0].seq) for f in frames] == [
        (1, n) for n in (1, 2, 3, 4)
    ]
    assert Transcript.model_validate_json(decode(frames[2])[1]).id == "1-3"
    await until(lambda: heard == frames, "all of it is heard")


async def test_a_finished_turn_is_remembered_with_its_message(shop: Shop) -> None:
    """History and message come by one script, under one id."""
    _, _, lease = await shop.claimed("one")
    turn = HistoryTurn(role="assistant", text="A sheet.", turn=1, time_ms=1.0)

    await lease.publish(Said(Transcript(turn=1, role="assistant", text="", final=True), 1, turn))

    assert await lease.history() == [turn]
    ((entry_id, _),) = await shop.bus.send("XRANGE", lease.keys.history, "-", "+")
    assert entry_id == b"1-1"


async def test_a_message_whose_reply_was_lost_is_there_once(shop: Shop) -> None:
    """A repeated call finds its message stored, and nothing is published twice."""
    _, _, lease = await shop.claimed("one")
    await lease.publish(_word())
    lease._seq = 0

    await lease.publish(_word())

    assert await _down(shop.bus, lease) == ["1-0", "1-1"]


async def test_a_message_that_redis_has_no_room_for_is_an_error(shop: Shop) -> None:
    """A Redis that is full says so, instead of the message being taken for stored."""
    _, _, lease = await shop.claimed("one")
    await shop.bus.send("CONFIG", "SET", "maxmemory", 1)

    with pytest.raises(BusError, match="maxmemory"):
        await lease.publish(_word())


async def test_the_stream_of_replies_is_bounded(shop: Shop) -> None:
    """Two minutes of speech are kept, and a little more."""
    _, _, lease = await shop.claimed("one")

    for _ in range(limits.DOWN_MAX_ENTRIES + 400):
        await lease.publish(_word())

    entries = await shop.bus.send("XLEN", lease.keys.down)
    assert limits.DOWN_MAX_ENTRIES <= entries < limits.DOWN_MAX_ENTRIES + 200


async def test_writing_to_a_session_that_is_gone_is_told(shop: Shop) -> None:
    """Keys that ran out stay gone: nothing is written back without an end."""
    _, _, lease = await shop.claimed("one")
    await shop.bus.send("DEL", *lease.keys.stored())

    for writing in (lease.publish(_word()), lease.checkpoint({"state": "live"})):
        with pytest.raises(SessionGone):
            await writing

    assert await shop.bus.send("EXISTS", *lease.keys.stored()) == 0


async def test_a_checkpoint_keeps_alive_and_trims_what_the_handle_holds(shop: Shop) -> None:
    """Fields are written, keys live on, and of the uplink what the handle stands for goes."""
    _, _, lease = await shop.claimed("one")
    held = Attachment(lease.entry.session_id, "ann", 1)
    for seq in range(1, 6):
        await shop.store.append(held, seq, b"x")
    await shop.bus.send("EXPIRE", lease.keys.up, 5)
    seen_ms = int(lease.fields["seen_ms"])
    await shop.bus.send("HSET", lease.keys.session, "seen_ms", seen_ms - 7_000)

    idle_s, wish = await lease.checkpoint({"handle": "h1"}, handle_position=StreamId(1, 3))

    assert 7.0 <= idle_s < 17.0
    assert wish == ""
    assert await shop.bus.send("HGET", lease.keys.session, "handle") == b"h1"
    left = await shop.bus.send("XRANGE", lease.keys.up, "-", "+")
    assert [entry_id for entry_id, _ in left] == [b"1-3", b"1-4", b"1-5"]
    assert await shop.bus.send("TTL", lease.keys.up) > 5


async def test_a_wish_to_end_reaches_the_holder(shop: Shop) -> None:
    """What an operator writes into the hash comes back with the next checkpoint."""
    _, _, lease = await shop.claimed("one")
    await shop.bus.send("HSET", lease.keys.session, "end_wish", "operator")

    assert (await lease.checkpoint({}))[1] == "operator"


async def test_the_end_deletes_what_was_said(shop: Shop) -> None:
    """Content goes, a tombstone without the handle stays for a minute, and the client is told."""
    dispatch, entry, lease = await shop.claimed("one")
    await lease.checkpoint({"handle": "h1", "handle_position": "1-0"})
    await lease.publish(_word())

    await lease.finish("idle", "Nobody was there any more.")
    await dispatch.drop(entry)

    names = lease.keys
    assert await shop.bus.send("EXISTS", names.up, names.frames, names.history) == 0
    tombstone = await shop.bus.send("HGETALL", names.session)
    assert tombstone[b"state"] == b"ended"
    assert not {b"handle", b"handle_position", b"options"} & set(tombstone)
    for name in (names.session, names.down):
        assert 0 < await shop.bus.send("TTL", name) <= limits.TOMBSTONE_S
    (_, fields) = (await shop.bus.send("XREVRANGE", names.down, "+", "-"))[0]
    assert State.model_validate_json(decode(fields[b"m"])[1]).reason == "idle"
    assert await shop.bus.send("ZSCORE", keys.SESSIONS, entry.session_id) is None


async def test_ending_twice_is_no_error(shop: Shop) -> None:
    """A reply that was lost makes the end happen twice, to the same effect."""
    _, _, lease = await shop.claimed("one")

    await lease.finish("client", None)
    await lease.finish("client", None)
    await shop.bus.send("DEL", lease.keys.session)
    await lease.finish("client", None)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([], (0, False)),
        ([_word(1)], (1, True)),
        ([_word(1), Said(TurnEnd(turn=1), 1)], (1, False)),
        ([_word(1), Said(TurnEnd(turn=1), 1), Speech(2, b"\0\0")], (2, True)),
        ([Said(State(state="live"), 0), Said(State(state="live"), 0)], (0, False)),
    ],
)
async def test_a_successor_finds_the_turn_that_was_on(
    shop: Shop, said: list[Said | Speech], found: tuple[int, bool]
) -> None:
    """The newest turn, and whether its answer was finished, are read from the replies."""
    _, _, lease = await shop.claimed("one")
    for output in said:
        await lease.publish(output)

    assert await lease.last_turn() == found


async def test_a_worker_leaves_only_with_empty_hands(shop: Shop) -> None:
    """Deleting a consumer would delete its leases; with one in hand it stays for others."""
    dispatch, entry, _ = await shop.claimed("one")
    await dispatch.leave()
    assert len(await shop.bus.send("XINFO", "CONSUMERS", "dispatch", "workers")) == 1

    await dispatch.drop(entry)
    await dispatch.leave()

    assert await shop.bus.send("XINFO", "CONSUMERS", "dispatch", "workers") == []
