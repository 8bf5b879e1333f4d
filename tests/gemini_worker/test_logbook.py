"""Where a session stands is written down as it changes, and now and then if it does not."""

from __future__ import annotations

from gemini_worker.lease import Lease
from gemini_worker.logbook import CHECKPOINT_S, IDLE_CHECKPOINT_S, STILL_S, Logbook
from gemini_worker.sent import BEGINNING, Position
from gemini_worker.standing import Standing
from shared.bus import Bus
from shared.codec import StreamId
from tests.gemini_worker.shop import Shop
from tests.support.processes import until

NOON_S = 43_200.0


class Desk:
    """A logbook, and what it was told in return."""

    def __init__(self, bus: Bus, lease: Lease) -> None:
        self.bus, self.lease = bus, lease
        self.told: list[tuple[float, str]] = []
        standing = Standing.of(lease.fields, lambda _: "m", 0, 30.0)
        self.book = Logbook(lease, standing, lambda away_s, wish: self.told.append((away_s, wish)))

    async def answered(self, times: int) -> None:
        await until(lambda: len(self.told) >= times, f"{times} notes are answered")
        assert len(self.told) == times

    async def position(self) -> bytes | None:
        found: bytes | None = await self.bus.send("HGET", self.lease.keys.session, "position")
        return found


async def _desk(bus: Bus) -> Desk:
    _, _, lease = await Shop(bus).claimed("worker")
    return Desk(bus, lease)


async def test_what_changes_is_written_once_a_second(bus: Bus) -> None:
    """Looked at more often it waits; the newest position is the one that is written."""
    desk = await _desk(bus)
    wrote_s = NOON_S

    assert desk.book.write(wrote_s, BEGINNING) == wrote_s + CHECKPOINT_S
    for seq in range(1, 10):
        again_s = desk.book.write(wrote_s + seq / 10, Position(StreamId(1, seq), seq))
        assert again_s == wrote_s + CHECKPOINT_S
    desk.book.write(wrote_s + CHECKPOINT_S, Position(StreamId(1, 9), 9))

    await desk.answered(2)
    assert await desk.position() == b"1-9"


async def test_what_stands_still_is_looked_at_and_written_seldom(bus: Bus) -> None:
    """Nothing is written for it but that the worker is there, and the figures stay."""
    desk = await _desk(bus)
    now_s, looks = NOON_S, 0
    desk.book.write(now_s, Position(StreamId(1, 9), 9))
    await desk.answered(1)
    await desk.bus.send("HSET", desk.lease.keys.session, "position", "untouched")

    now_s += CHECKPOINT_S
    while now_s <= NOON_S + 3 * IDLE_CHECKPOINT_S:
        looks += 1
        now_s = desk.book.write(now_s, Position(StreamId(1, 9), 9))

    await desk.answered(4)
    assert looks <= 3 * IDLE_CHECKPOINT_S / STILL_S + 3
    assert await desk.position() == b"untouched"


async def test_a_change_after_a_rest_is_written_at_the_next_look(bus: Bus) -> None:
    """Which comes before the next note would have been due."""
    desk = await _desk(bus)
    desk.book.write(NOON_S, BEGINNING)
    again_s = desk.book.write(NOON_S + CHECKPOINT_S, BEGINNING)

    assert again_s == NOON_S + CHECKPOINT_S + STILL_S
    desk.book.write(again_s, Position(StreamId(1, 3), 3))

    await desk.answered(2)
    assert await desk.position() == b"1-3"


async def test_a_wish_is_heard_at_once(bus: Bus) -> None:
    """Who is called writes though nothing is due, and so learns who wants what."""
    desk = await _desk(bus)
    desk.book.write(NOON_S, BEGINNING)
    await desk.answered(1)
    await desk.bus.send("HSET", desk.lease.keys.session, "end_wish", "operator")

    desk.book.write(NOON_S + 0.1, BEGINNING)
    desk.book.hurry()
    desk.book.write(NOON_S + 0.2, BEGINNING)

    await desk.answered(2)
    assert [wish for _, wish in desk.told] == ["", "operator"]


async def test_it_is_known_for_how_long_nothing_has_changed(bus: Bus) -> None:
    """From the look that found the last change; before the first look, for no time at all."""
    desk = await _desk(bus)
    first, second = Position(StreamId(1, 1), 1), Position(StreamId(1, 2), 2)
    assert desk.book.still_s(NOON_S, BEGINNING) == 0.0

    desk.book.write(NOON_S, BEGINNING)
    desk.book.write(NOON_S + 2, first)
    for later_s in (10, 20, 30):
        desk.book.write(NOON_S + later_s, first)

    assert desk.book.still_s(NOON_S + 30, first) == 28.0
    assert desk.book.still_s(NOON_S + 30, second) == 0.0  # though nobody has written it yet
