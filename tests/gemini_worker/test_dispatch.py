"""The table of leases in a real Redis: one worker at a time, whatever fails."""

from __future__ import annotations

import asyncio
import signal

import pytest

from gemini_worker.dispatch import Dispatch
from gemini_worker.lease import Lease, claim
from shared import keys, limits
from shared.bus import Bus
from shared.bus_messages import State
from shared.codec import decode
from shared.errors import BusError, Fenced
from tests.gemini_worker.shop import Shop, calm, word
from tests.support.processes import until
from tests.support.redis_server import RedisServer

_OWNER = "return redis.call('XPENDING', 'dispatch', 'workers', '-', '+', 1)[1][2]"


@pytest.fixture
def shop(bus: Bus) -> Shop:
    return Shop(bus)


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
    await old.publish(word())
    new = await shop.taken_over(entry, "one", "two")
    await new.publish(word())

    for writing in (
        old.publish(word()),
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
    await calm(shop.bus)

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
    await lease.publish(word())
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


async def test_a_worker_leaves_only_with_empty_hands(shop: Shop) -> None:
    """Deleting a consumer would delete its leases; with one in hand it stays for others."""
    dispatch, entry, _ = await shop.claimed("one")
    await dispatch.leave()
    assert len(await shop.bus.send("XINFO", "CONSUMERS", "dispatch", "workers")) == 1

    await dispatch.drop(entry)
    await dispatch.leave()

    assert await shop.bus.send("XINFO", "CONSUMERS", "dispatch", "workers") == []


async def test_a_redis_that_slept_costs_nobody_a_session(
    shop: Shop, bus: Bus, redis_server: RedisServer
) -> None:
    """After a pause all leases look old; the others let their holders renew first."""
    _, entry, _ = await shop.claimed("one")
    one, two = (Dispatch(bus, name, lease_s=1.0) for name in ("one", "two"))
    await one.renew([entry.entry_id])
    await calm(shop.bus)
    assert redis_server.process is not None
    redis_server.process.signal(signal.SIGSTOP)
    await asyncio.sleep(1.3)  # longer than the lease: this is the fault itself
    redis_server.process.signal(signal.SIGCONT)

    assert await two.take_over(10) == []
    assert await one.renew([entry.entry_id]) == []
    assert await two.take_over(10) == []


async def test_who_gives_way_does_so_once_the_table_is_calm(shop: Shop, bus: Bus) -> None:
    """While it was not, nobody could come first: what is old by then is not left over."""
    _, entry, _ = await shop.claimed("one")
    await shop.silence(entry, "one")
    hour_ms = 3_600_000
    await bus.send(
        *("XCLAIM", keys.DISPATCH, keys.DISPATCH_GROUP, "one", 0, entry.entry_id),
        *("IDLE", hour_ms),
    )
    now_s, _ = await bus.send("TIME")
    await bus.send("HSET", keys.PULSE, "calm_from", int(now_s) * 1000 - 1_000)
    fuller, emptier = await shop.worker("fuller"), await shop.worker("emptier")

    assert await fuller.take_over(10, after_s=60.0) == []

    assert await emptier.take_over(10) == [entry]


async def test_a_loss_that_was_no_crash_is_taken_back(shop: Shop) -> None:
    """A worker that finds its session with another one lives: nothing is counted against it."""
    _, entry, lease = await shop.claimed("one")
    successor = await shop.taken_over(entry, "one", "two")
    assert successor.fields["crashes"] == "1"

    await lease.forgive()

    assert await shop.bus.send("HGET", lease.keys.session, "crashes") == b"0"
    await successor.forgive()
    assert await shop.bus.send("HGET", lease.keys.session, "crashes") == b"0"
