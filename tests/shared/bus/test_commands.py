"""Commands to a real Redis: order, repetition, patience, load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Connection

from shared.bus import Bus, Script, commands, open_bus
from shared.bus.pipeline import Command, Pipeline
from shared.errors import BusError, BusOverloaded, BusUnavailable
from tests.support.hesitant_redis import HesitantRedis
from tests.support.processes import until
from tests.support.redis_server import RedisServer

ECHO = Script("leave")
"""A script without much to do: the group does not exist, and says so."""


def _append(bus: Bus, number: int) -> asyncio.Future[bytes]:
    return bus.send("XADD", "s", f"1-{number}", "m", "x")


async def _numbers(bus: Bus) -> list[int]:
    return [int(entry_id.split(b"-")[1]) for entry_id, _ in await bus.send("XRANGE", "s", "-", "+")]


async def test_commands_are_carried_out_in_the_order_of_the_calls(bus: Bus) -> None:
    """More commands than fit one round trip arrive in order, each with its own reply."""
    count = 3 * commands.MAX_UNDER_WAY

    replies = await asyncio.gather(*[_append(bus, number) for number in range(1, count + 1)])

    assert replies == [f"1-{number}".encode() for number in range(1, count + 1)]
    assert await _numbers(bus) == list(range(1, count + 1))


async def test_commands_of_one_turn_share_a_round_trip(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is queued before the loop turns leaves in one pipeline."""
    await bus.send("PING")
    sizes: list[int] = []
    write = Pipeline.write

    def counted(pipeline: Pipeline, commands: Sequence[Command]) -> None:
        sizes.append(len(commands))
        write(pipeline, commands)

    monkeypatch.setattr(Pipeline, "write", counted)

    await asyncio.gather(*[bus.send("INCR", "n") for _ in range(100)])

    assert sizes == [100]


async def test_a_refused_command_fails_alone(bus: Bus) -> None:
    """Redis' own text comes with the error, and its neighbours are carried out."""
    before, wrong, after = bus.send("SET", "k", 1), bus.send("LPUSH", "k", 1), bus.send("GET", "k")

    with pytest.raises(BusError, match="wrong kind of value"):
        await wrong

    assert (await before, await after) == (True, b"1")


async def test_a_reply_that_cannot_be_taken_leaves_the_others_theirs(bus: Bus) -> None:
    """Neither one that nobody knows the shape of, nor a fault of whoever is told of one."""

    def fail(_reply: object) -> None:
        raise ValueError("a fault")

    await bus.send("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    await bus.send("XADD", "s", "1-1", "m", "x")
    await bus.send("XREADGROUP", "GROUP", "g", "one", "STREAMS", "s", ">")
    bus.post("INCR", "n", then=fail)
    before = bus.send("INCR", "n")
    odd = bus.send("XCLAIM", "s", "g", "one", 0, "1-1", "JUSTID")  # ids, where entries are known
    after = bus.send("INCR", "n")

    assert await before == 2
    with pytest.raises(BusError, match="another shape"):
        await odd
    assert await after == 3


async def test_an_argument_that_cannot_be_sent_is_refused_at_the_call(bus: Bus) -> None:
    """A fault of ours is told to whoever made it, and its neighbours are carried out."""
    before = bus.send("SET", "k", 1)

    with pytest.raises(TypeError):
        bus.send("SET", "k", {})  # type: ignore[arg-type]

    assert await before is True


async def test_a_caller_that_gave_up_does_not_hurt_the_others(bus: Bus) -> None:
    """A cancelled reply is dropped; the batch is answered all the same."""
    given_up, waiting = bus.send("SET", "k", 1), bus.send("GET", "k")

    given_up.cancel()

    assert await waiting == b"1"


async def test_a_script_is_loaded_when_redis_does_not_know_it(bus: Bus) -> None:
    """First use, and use after Redis forgot its scripts, work without anybody noticing."""
    touch = Script("touch")
    keys = ["a", "b", "c", "d", "e"]
    assert await bus.run(touch, keys, 1, 60) == [b"gone", b""]

    await bus.send("SCRIPT", "FLUSH")
    replies = await asyncio.gather(*[bus.run(touch, keys, 1, 60) for _ in range(50)])

    assert replies == [[b"gone", b""]] * 50


async def test_scripts_keep_their_order_while_they_are_loaded(bus: Bus) -> None:
    """Calls that must wait for the script to be loaded are still carried out in their order."""
    publish = Script("publish")
    await bus.send("XADD", "down", "1-0", "m", "")
    await bus.send("SCRIPT", "FLUSH")

    statuses = await asyncio.gather(
        *[
            bus.run(publish, ["down", "live", "history"], f"1-{number}", "m", 9_999, "", 9)
            for number in range(1, 600)
        ]
    )

    assert set(statuses) == {b"ok"}
    entries = await bus.send("XRANGE", "down", "-", "+")
    assert [entry_id for entry_id, _ in entries] == [f"1-{n}".encode() for n in range(600)]


async def test_a_script_that_fails_says_so(bus: Bus) -> None:
    """An error within a script is the caller's, with Redis' text."""
    with pytest.raises(BusError, match="NOGROUP"):
        await bus.run(ECHO, ["dispatch"], "workers", "w")


async def test_nothing_is_lost_or_repeated_while_redis_is_away(
    redis_server: RedisServer, bus: Bus
) -> None:
    """What is sent while Redis is killed and started again is all there once, in order."""
    await asyncio.gather(*[_append(bus, number) for number in range(1, 11)])
    await redis_server.kill()

    replies = [_append(bus, number) for number in range(11, 601)]
    await until(lambda: bus.away_since is not None, "the bus notices")
    await redis_server.start()

    await asyncio.gather(*replies)
    assert await _numbers(bus) == list(range(1, 601))
    assert bus.away_since is None


async def test_an_append_whose_reply_was_lost_is_there_once(bus: Bus) -> None:
    """A repeated append is refused by its id: the caller learns that it is there already."""
    await _append(bus, 1)

    with pytest.raises(BusError, match="equal or smaller"):
        await _append(bus, 1)

    assert await _numbers(bus) == [1]


async def test_patience_ends(redis_server: RedisServer) -> None:
    """When Redis stays away for longer than patience, each waiting command is told, all at once.

    None of those behind in the queue may be carried out later: that would leave a hole.
    """
    async with open_bus(redis_server.url, name="test", patience_s=0.3) as bus:
        await bus.send("PING")
        await redis_server.kill()

        replies = [_append(bus, number) for number in range(1, 3 * commands.MAX_UNDER_WAY)]
        with pytest.raises(BusUnavailable) as told:
            await replies[0]

        assert 0.3 <= told.value.waited_s < 2.0
        assert all(isinstance(one.exception(), BusUnavailable) for one in replies)
        await redis_server.start()
        assert await _numbers(bus) == []


async def test_the_bus_is_back_after_patience_ended(redis_server: RedisServer) -> None:
    """A command after Redis came back is carried out, whatever failed before."""
    async with open_bus(redis_server.url, name="test", patience_s=0.1) as bus:
        await redis_server.kill()
        with pytest.raises(BusUnavailable):
            await _append(bus, 1)
        assert not await bus.ping()

        await redis_server.start()

        assert await _append(bus, 2) == b"1-2"
        assert await bus.ping()


async def test_too_many_waiting_commands_are_refused(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest is refused at once when the queue is full; those in it are carried out."""
    monkeypatch.setattr(commands, "MAX_WAITING", 10)

    replies = [_append(bus, number) for number in range(1, 13)]

    results = await asyncio.gather(*replies, return_exceptions=True)
    assert [type(one) for one in results[10:]] == [BusOverloaded, BusOverloaded]
    assert await _numbers(bus) == list(range(1, 11))


async def test_a_blocking_read_waits_for_news(bus: Bus) -> None:
    """A read that found nothing yet returns as soon as something is appended."""
    reading = asyncio.create_task(bus.read("XREAD", "BLOCK", 5_000, "STREAMS", "s", "0-0"))
    await until(lambda: _blocked(bus), "the read waits")

    await _append(bus, 1)

    assert await reading == [[b"s", [(b"1-1", {b"m": b"x"})]]]


async def _blocked(bus: Bus) -> bool:
    return bool((await bus.send("INFO", "clients"))["blocked_clients"])


async def test_a_blocking_read_does_not_wait_for_a_redis_that_is_away(
    redis_server: RedisServer, bus: Bus
) -> None:
    """The reader is told at once and decides itself when to try again."""
    reading = asyncio.create_task(bus.read("XREAD", "BLOCK", 5_000, "STREAMS", "s", "0-0"))
    await until(lambda: _blocked(bus), "the read waits")

    await redis_server.kill()

    with pytest.raises(BusUnavailable):
        await reading


async def test_a_blocking_read_that_redis_refuses_says_why(bus: Bus) -> None:
    """A group that is not there is told by Redis' own text."""
    with pytest.raises(BusError, match="NOGROUP"):
        await bus.read("XREADGROUP", "GROUP", "g", "w", "BLOCK", 10, "STREAMS", "s", ">")


async def test_leaving_ends_what_waits(redis_server: RedisServer) -> None:
    """Closing the bus while Redis is away cancels the commands that wait for it."""
    await redis_server.kill()
    async with open_bus(redis_server.url, name="test", patience_s=60) as bus:
        reply = _append(bus, 1)
        await until(lambda: bus.away_since is not None, "the bus notices")

    assert reply.cancelled()


@pytest.mark.parametrize(
    "refusal",
    ["LOADING Redis is loading the dataset", "READONLY You can't write against a read only"],
)
async def test_a_redis_that_gets_ready_in_mid_batch_loses_nothing(refusal: str) -> None:
    """Commands are carried out in order also where the first ones were refused for the moment."""
    redis = HesitantRedis(refusal, 4)
    await redis.start()
    async with open_bus(f"redis://127.0.0.1:{redis.port}/0", name="t", patience_s=20.0) as bus:
        waiting = [bus.send("XADD", "s", f"1-{number}", "m", "x") for number in range(1, 21)]
        await asyncio.gather(*waiting)
    await redis.stop()

    assert [command[2] for command in redis.done] == [f"1-{n}".encode() for n in range(1, 21)]


async def test_a_socket_that_closes_while_it_is_opened_is_no_fault(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uvloop says so by a RuntimeError: whoever opened it tries again, and nobody falls silent."""
    connect, failures = Connection.connect, 3

    async def hesitant(connection: Connection) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("unable to perform operation; the handler is closed")
        await connect(connection)  # type: ignore[no-untyped-call]

    heard = asyncio.Event()

    class Ear:
        def subscribed(self) -> None:
            heard.set()

        def published(self, message: bytes) -> None:
            """Hear."""

    monkeypatch.setattr(Connection, "connect", hesitant)
    async with open_bus(redis_server.url, name="test", patience_s=5.0) as bus:
        with pytest.raises(BusUnavailable):
            await bus.read("XREAD", "BLOCK", 1, "STREAMS", "s", "$")
        bus.subscriptions.add("a-channel", Ear())
        await asyncio.wait_for(heard.wait(), 5.0)
        assert await bus.send("PING")

    assert not failures
