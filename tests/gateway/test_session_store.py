"""A client's session in a real Redis: create, come back, append, keep alive."""

from __future__ import annotations

import asyncio

import pytest

from gateway.session_store import FORGET_ENTRIES, Attachment, SessionStore
from shared import keys, limits
from shared.bus import Bus
from shared.codec import START, Header, Kind, StreamId, encode
from shared.errors import BusError, SessionGone, Superseded
from shared.keys import SessionKeys, is_session_id
from shared.options import SessionOptions
from tests.support.replies import told


@pytest.fixture
def store(bus: Bus) -> SessionStore:
    """A store of one gateway."""
    return SessionStore(bus, "gateway-1")


async def _create(store: SessionStore, user: str = "ann") -> Attachment:
    return await store.create(user, SessionOptions(voice="Puck"), "native")


def _entry(held: Attachment, seq: int, kind: Kind = Kind.MICROPHONE) -> bytes:
    return encode(Header(kind, held.epoch, seq, 0.0), b"\0\0")


async def _say(store: SessionStore, held: Attachment, *seqs: int) -> None:
    for seq in seqs:
        assert await told(store.append, held, seq, _entry(held, seq)) is not None


async def _again(store: SessionStore, held: Attachment, epoch: int | None = None) -> Attachment:
    back = await store.attach(held.session_id, held.user, epoch or held.epoch)
    assert back is not None
    return back


async def test_a_new_session_waits_in_line(bus: Bus, store: SessionStore) -> None:
    """A session has its hash, its place in `dispatch` and in the index, and each key an end."""
    held = await _create(store)

    assert is_session_id(held.session_id)
    fields = (await bus.send("HGETALL", held.keys.session)).items()
    stored = {name.decode(): value.decode() for name, value in fields}
    assert stored.items() >= {"user": "ann", "state": "queued", "gateway": "gateway-1"}.items()
    assert SessionOptions.model_validate_json(stored["options"]).voice == "Puck"
    ((_, entry),) = await bus.send("XRANGE", keys.DISPATCH, "-", "+")
    assert entry == {b"session": held.session_id.encode()}
    assert await bus.send("ZSCORE", keys.SESSIONS, held.session_id)
    for name in (held.keys.session, held.keys.up, held.keys.frames):
        assert 0 < await bus.send("TTL", name) <= limits.SESSION_TTL_S


async def test_who_comes_back_goes_on_after_what_is_stored(store: SessionStore) -> None:
    """Attaching tells the last number of speech and of pictures, over several connections."""
    first = await _create(store)
    assert (await _again(store, first)).last_seq == 0
    second = await _again(store, first, 2)
    await _say(store, second, 1, 2, 3)
    await told(store.append_picture, second, 1, _entry(second, 1, Kind.PICTURE))

    third = await _again(store, second)
    await _say(store, third, 4)
    fourth = await _again(store, third)
    fifth = await _again(store, fourth)

    assert [(one.last_seq, one.last_picture) for one in (third, fourth, fifth)] == [
        *((3, 1), (4, 1), (4, 1))
    ]
    assert [one.epoch for one in (first, second, third, fourth, fifth)] == [1, 3, 4, 5, 6]


async def test_the_old_connection_can_add_nothing(bus: Bus, store: SessionStore) -> None:
    """From the moment somebody came back, Redis refuses what the old connection sends."""
    old = await _create(store)
    await _say(store, old, 1)
    new = await _again(store, old)

    for refused in (
        told(store.append, old, 2, _entry(old, 2)),
        told(store.append_picture, old, 1, _entry(old, 1)),
    ):
        with pytest.raises(BusError, match="equal or smaller") as refusal:
            await refused
        with pytest.raises(Superseded):
            await store.why_refused(old, old.keys.up, refusal.value)

    await _say(store, new, 2)
    assert (await told(store.touch, old)).status == "superseded"
    assert (await told(store.touch, new)).status == "ok"


async def test_a_repeated_append_is_there_already(store: SessionStore) -> None:
    """A number whose reply was lost is refused and then known to be stored."""
    held = await _create(store)
    await _say(store, held, 1, 2)

    with pytest.raises(BusError) as refusal:
        await told(store.append, held, 2, _entry(held, 2))

    await store.why_refused(held, held.keys.up, refusal.value)


async def test_another_refusal_is_passed_on(store: SessionStore) -> None:
    """Only Redis' word about ids is looked into."""
    held = await _create(store)

    with pytest.raises(BusError, match="OOM"):
        await store.why_refused(held, held.keys.up, BusError("OOM command not allowed"))


@pytest.mark.parametrize(
    ("session", "user", "epoch"),
    [
        pytest.param(None, "bob", 1, id="another user"),
        pytest.param(None, "", 1, id="nobody"),
        pytest.param("B" * 22, "ann", 1, id="another session"),
        pytest.param(None, "ann", 0, id="a token from before the first"),
        pytest.param(None, "ann", 2, id="a token from the future"),
    ],
)
async def test_nobody_else_comes_back(
    bus: Bus, store: SessionStore, session: str | None, user: str, epoch: int
) -> None:
    """Another user, session or token gets nothing, and leaves no trace."""
    held = await _create(store)
    before = await bus.send("HGETALL", held.keys.session)

    assert await store.attach(session or held.session_id, user, epoch) is None

    assert await bus.send("HGETALL", held.keys.session) == before
    assert await bus.send("EXISTS", SessionKeys.of("B" * 22).session) == 0


async def test_an_old_token_holds_until_a_newer_one_was_used(store: SessionStore) -> None:
    """A `ready` that got lost locks nobody out; a stolen token is worth nothing after its use."""
    first = await _create(store)
    second = await _again(store, first)

    lost_ready = await _again(store, first)
    third = await store.attach(first.session_id, "ann", second.epoch)

    assert lost_ready.epoch == 3
    assert third is not None
    assert await store.attach(first.session_id, "ann", first.epoch) is None


@pytest.mark.parametrize("trim_to", ["handle", "nothing before the marker"])
async def test_who_comes_back_after_a_trim_goes_on_alike(
    bus: Bus, store: SessionStore, trim_to: str
) -> None:
    """What the model has was trimmed away; the numbers go on all the same."""
    first = await _create(store)
    await _say(store, first, 1, 2, 3)
    second = await _again(store, first)

    position = "1-3" if trim_to == "handle" else f"{second.epoch}-0"
    await bus.send("XTRIM", first.keys.up, "MINID", position)

    assert (await _again(store, second)).last_seq == 3


async def test_only_the_newest_pictures_are_kept(bus: Bus, store: SessionStore) -> None:
    """Pictures push each other out and never speech, and their count goes on."""
    held = await _create(store)
    await _say(store, held, 1)

    for seq in range(1, 21):
        await told(store.append_picture, held, seq, _entry(held, seq, Kind.PICTURE))

    assert await bus.send("XLEN", held.keys.frames) == limits.FRAMES_MAX_ENTRIES
    back = await _again(store, held)
    assert (back.last_seq, back.last_picture) == (1, 20)


@pytest.mark.parametrize("chunk_ms", [20, 40, 100, 200])
async def test_speech_that_nobody_reads_is_bounded(
    bus: Bus, store: SessionStore, chunk_ms: int
) -> None:
    """The oldest falls out: two minutes are kept, or what 3 000 short chunks hold, under 5 MB."""
    held = await _create(store)
    chunk = encode(Header(Kind.MICROPHONE, 1, 1, 0.0), bytes(32 * chunk_ms))
    kept = min(limits.UP_MAX_ENTRIES, 120_000 // chunk_ms)

    await asyncio.gather(*[told(store.append, held, seq, chunk) for seq in range(1, kept + 401)])

    # Redis trims whole nodes, of up to a hundred entries.
    assert kept <= await bus.send("XLEN", held.keys.up) < kept + 100
    assert await bus.send("MEMORY", "USAGE", held.keys.up, "SAMPLES", 0) < 5_000_000


async def test_an_ended_session_is_over_for_its_client(bus: Bus, store: SessionStore) -> None:
    """Nothing can be appended, nobody comes back, and touching it tells how it stands."""
    held = await _create(store)
    await bus.send("HSET", held.keys.session, "state", "ended")
    await bus.send("DEL", held.keys.up, held.keys.frames)

    assert await told(store.append, held, 1, _entry(held, 1)) is None
    assert await told(store.append_picture, held, 1, _entry(held, 1)) is None
    assert await store.attach(held.session_id, "ann", 1) is None
    assert (await told(store.touch, held)).status == "ended"
    with pytest.raises(SessionGone):
        await store.why_refused(held, held.keys.up, BusError("equal or smaller"))

    await bus.send("DEL", held.keys.session)
    assert (await told(store.touch, held)).status == "gone"
    assert (await store.state(held))[0] == "ended"
    assert await bus.send("EXISTS", held.keys.session, held.keys.up) == 0


async def test_touching_keeps_alive_and_tells_the_newest(bus: Bus, store: SessionStore) -> None:
    """Every key lives on, the client counts as seen, and the gateway learns what was said."""
    held = await _create(store)
    assert (await told(store.touch, held)).newest_down == START
    await bus.send("XADD", held.keys.down, "2-7", "m", "x")
    for name in (*held.keys.stored()[:4],):
        await bus.send("EXPIRE", name, 5)
    await bus.send("HSET", held.keys.session, "seen_ms", 1)

    pulse = await told(store.touch, held)

    assert pulse.newest_down == StreamId(2, 7)
    for name in held.keys.stored()[:4]:
        assert await bus.send("TTL", name) > 5
    assert int(await bus.send("HGET", held.keys.session, "seen_ms")) > 1


async def test_who_was_away_is_told_how_long(bus: Bus, store: SessionStore) -> None:
    """The time since the client was last seen comes with the attachment."""
    held = await _create(store)
    seen_ms = int(await bus.send("HGET", held.keys.session, "seen_ms"))
    await bus.send("HSET", held.keys.session, "seen_ms", seen_ms - 30_000)

    back = await _again(store, held)

    assert 30_000 <= back.away_ms < 40_000


async def test_what_was_said_is_read_after_an_id(bus: Bus, store: SessionStore) -> None:
    """Reading goes on after the id that the client has, over epochs, in pieces."""
    held = await _create(store)
    for entry_id in ("1-0", "1-1", "1-2", "2-0", "2-3"):
        await bus.send("XADD", held.keys.down, entry_id, "m", entry_id)

    assert await store.down_after(held, StreamId(1, 1), 2) == [
        *((StreamId(1, 2), b"1-2"), (StreamId(2, 0), b"2-0"))
    ]
    assert await store.down_after(held, StreamId(2, 3), 2) == []
    assert await store.newest_down(held) == StreamId(2, 3)


async def test_only_speech_is_forgotten(bus: Bus, store: SessionStore) -> None:
    """Up to an id, never the newest, in pieces, and only by the connection that has the session."""
    held = await _create(store)
    count = FORGET_ENTRIES + 20
    for seq in range(1, count + 1):
        kind = Kind.CONTROL if seq % 2 else Kind.ASSISTANT_AUDIO
        entry = encode(Header(kind, 1, seq, 0.0), b"{}")
        await bus.send("XADD", held.keys.down, f"1-{seq}", "m", entry)
    newest = StreamId(1, count)

    done = await told(store.forget, held, START, newest)
    assert done == StreamId(1, FORGET_ENTRIES)
    assert await told(store.forget, held, done, newest) == newest

    kept = [entry_id.seq for entry_id, _ in await store.down_after(held, START, count)]
    assert kept == [*range(1, count, 2), count]
    await _again(store, held)
    done_too: list[StreamId] = []
    store.forget(held, START, newest, done_too.append)
    assert len(await store.down_after(held, START, count)) == len(kept)
    assert done_too == []


async def test_history_comes_with_the_id_that_finished_it(bus: Bus, store: SessionStore) -> None:
    """Finished turns, and where on `down` the rest begins; nothing for a fresh session."""
    held = await _create(store)
    assert await store.history(held) == ([], START)
    turn = '{"role":"user","text":"Hi","turn":1,"time_ms":0.0}'
    await bus.send("XADD", held.keys.history, "1-9", "m", turn)

    (remembered,), finished = await store.history(held)

    assert (remembered.text, finished) == ("Hi", StreamId(1, 9))
