"""What the owner of a session writes to a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from gateway.session_store import Attachment
from gemini_worker.lease import Lease
from gemini_worker.turn import Said, Speech
from shared import keys, limits
from shared.bus import Bus
from shared.bus_messages import HistoryTurn, State, Transcript, TurnEnd, TurnStart
from shared.codec import Kind, StreamId, decode
from shared.errors import BusError, SessionGone
from tests.gemini_worker.shop import Shop, word
from tests.support.processes import until
from tests.support.replies import told


@pytest.fixture
def shop(bus: Bus) -> Shop:
    return Shop(bus)


async def _down(bus: Bus, lease: Lease) -> list[str]:
    return [i.decode() for i, _ in await bus.send("XRANGE", lease.keys.down, "-", "+")]


async def test_what_is_said_is_stored_and_published_alike(shop: Shop) -> None:
    """Speech and words get consecutive ids, in the header and in the message itself."""
    _, _, lease = await shop.claimed("one")
    heard: list[bytes] = []
    listens = asyncio.Event()

    class Ear:
        def subscribed(self) -> None:
            listens.set()

        def published(self, message: bytes) -> None:
            heard.append(message)

    shop.bus.subscriptions.add(lease.keys.live, Ear())
    await listens.wait()
    for output in (
        Said(TurnStart(turn=1), 1),
        Speech(1, b"\1\0"),
        word(),
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
    await lease.publish(word())
    lease._seq = 0

    await lease.publish(word())

    assert await _down(shop.bus, lease) == ["1-0", "1-1"]


async def test_a_message_that_redis_has_no_room_for_is_an_error(shop: Shop) -> None:
    """A Redis that is full says so, instead of the message being taken for stored."""
    _, _, lease = await shop.claimed("one")
    await shop.bus.send("CONFIG", "SET", "maxmemory", 1)

    with pytest.raises(BusError, match="maxmemory"):
        await lease.publish(word())


@pytest.mark.parametrize("piece_ms", [0, 40, 100, 250])
async def test_the_stream_of_replies_is_bounded(shop: Shop, piece_ms: int) -> None:
    """Four minutes of speech are kept, however it is cut, and never more than 6 000 entries."""
    _, _, lease = await shop.claimed("one")
    piece = Speech(1, bytes(48 * piece_ms)) if piece_ms else word()
    kept = 240_000 // piece_ms if piece_ms else limits.DOWN_MAX_ENTRIES

    for _ in range(13):
        await asyncio.gather(*(lease.publish(piece) for _ in range(500)))

    entries = await shop.bus.send("XLEN", lease.keys.down)
    assert kept <= entries < limits.DOWN_MAX_ENTRIES + 200
    assert await shop.bus.send("MEMORY", "USAGE", lease.keys.down, "SAMPLES", 0) < 14_500_000


async def test_writing_to_a_session_that_is_gone_is_told(shop: Shop) -> None:
    """Keys that ran out stay gone: nothing is written back without an end."""
    _, _, lease = await shop.claimed("one")
    await shop.bus.send("DEL", *lease.keys.stored())

    for writing in (lease.publish(word()), lease.checkpoint({"state": "live"})):
        with pytest.raises(SessionGone):
            await writing

    assert await shop.bus.send("EXISTS", *lease.keys.stored()) == 0


async def test_a_checkpoint_keeps_alive_and_trims_what_the_handle_holds(shop: Shop) -> None:
    """Fields are written, keys live on, and of the uplink what the handle stands for goes."""
    _, _, lease = await shop.claimed("one")
    held = Attachment(lease.entry.session_id, "ann", 1)
    for seq in range(1, 6):
        await told(shop.store.append, held, seq, b"x")
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
    await lease.publish(word())

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
        ([word(1)], (1, True)),
        ([word(1), Said(TurnEnd(turn=1), 1)], (1, False)),
        ([word(1), Said(TurnEnd(turn=1), 1), Speech(2, b"\0\0")], (2, True)),
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
