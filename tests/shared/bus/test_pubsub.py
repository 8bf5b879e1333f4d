"""Subscriptions on a real Redis: who is told what, also after a break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.bus import Bus, open_bus, pubsub
from tests.support.processes import until
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer


class Listener:
    """Remembers what a channel's subscriber is told."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.subscriptions = 0

    def subscribed(self) -> None:
        self.subscriptions += 1

    def published(self, message: bytes) -> None:
        self.heard.append(message)


async def _listen(bus: Bus, channel: str) -> Listener:
    listener = Listener()
    bus.subscriptions.add(channel, listener)
    await until(lambda: listener.subscriptions, f"{channel} is confirmed")
    return listener


async def test_each_channel_has_its_subscriber(bus: Bus) -> None:
    """Messages reach the subscriber of their channel, as bytes, in order, and nobody else."""
    one, two = await _listen(bus, "one"), await _listen(bus, "two")

    for number in range(50):
        await bus.send("PUBLISH", "one", bytes([number]))
    await bus.send("PUBLISH", "two", b"\xff\0")

    await until(lambda: two.heard, "the last one arrives")
    assert one.heard == [bytes([number]) for number in range(50)]
    assert two.heard == [b"\xff\0"]


async def test_the_first_subscribers_may_come_at_once(bus: Bus) -> None:
    """They share one connection: all are heard, and all can leave again."""
    names = [f"channel-{number}" for number in range(5)]
    listeners = await asyncio.gather(*(_listen(bus, name) for name in names))

    for name in names:
        await bus.send("PUBLISH", name, b"x")

    await until(lambda: all(one.heard == [b"x"] for one in listeners), "all hear", 5.0)
    for name, listener in zip(names, listeners, strict=True):
        bus.subscriptions.remove(name, listener)

    async def nobody_listens() -> bool:
        return not await bus.send("PUBSUB", "CHANNELS")

    await until(nobody_listens, "nobody is subscribed", 5.0)


async def test_a_subscriber_that_left_hears_nothing_more(bus: Bus) -> None:
    """After `remove` the channel is given up in Redis too."""
    listener = await _listen(bus, "one")

    bus.subscriptions.remove("one", listener)

    async def is_unsubscribed() -> bool:
        return bool(await bus.send("PUBLISH", "one", b"late") == 0)

    await until(is_unsubscribed, "nobody is subscribed")
    assert listener.heard == []


async def test_a_successor_is_not_removed_by_its_predecessor(bus: Bus) -> None:
    """When a client comes back on the same gateway, its old connection's end changes nothing."""
    old = await _listen(bus, "one")
    new = await _listen(bus, "one")

    bus.subscriptions.remove("one", old)
    await bus.send("PUBLISH", "one", b"x")

    await until(lambda: new.heard, "the new one hears")
    assert old.heard == []


async def test_the_last_leaves_and_another_comes(bus: Bus) -> None:
    """The reader task survives having nothing to read."""
    bus.subscriptions.remove("one", await _listen(bus, "one"))

    later = await _listen(bus, "two")
    await bus.send("PUBLISH", "two", b"x")

    await until(lambda: later.heard, "the later one hears")


async def test_a_cut_connection_is_told_to_every_subscriber(bus: Bus) -> None:
    """After Redis cut the connection, all channels are confirmed again: each may fill its hole."""
    listeners = [await _listen(bus, f"channel-{number}") for number in range(3)]
    before = [one.subscriptions for one in listeners]

    await bus.send("CLIENT", "KILL", "TYPE", "pubsub")

    await until(
        lambda: all(one.subscriptions > was for one, was in zip(listeners, before, strict=True)),
        "all are confirmed again",
    )
    await bus.send("PUBLISH", "channel-2", b"x")
    await until(lambda: listeners[2].heard == [b"x"], "messages come once again")


@pytest.mark.parametrize("joins", ["before", "while away"])
async def test_subscriptions_come_back_with_redis(
    redis_server: RedisServer, bus: Bus, joins: str
) -> None:
    """A Redis that was started again has all channels, also those asked for while it was away."""
    listener, first = Listener(), await _listen(bus, "first")
    if joins == "before":
        bus.subscriptions.add("one", listener)
    await redis_server.kill()
    if joins == "while away":
        bus.subscriptions.add("one", listener)

    confirmed = first.subscriptions
    await redis_server.start()

    await until(lambda: first.subscriptions > confirmed, "the first is confirmed again")
    await until(lambda: listener.subscriptions, "the other is confirmed")
    await bus.send("PUBLISH", "one", b"x")
    await until(lambda: listener.heard == [b"x"], "messages come")


async def test_leaving_while_redis_is_away_is_no_error(redis_server: RedisServer, bus: Bus) -> None:
    """A client that goes while Redis is away leaves nothing behind."""
    listener = await _listen(bus, "one")
    await redis_server.kill()

    bus.subscriptions.remove("one", listener)
    await redis_server.start()

    await bus.send("PUBLISH", "one", b"x")
    assert listener.heard == []


async def test_what_is_left_while_redis_is_away_is_not_subscribed_again(
    redis_server: RedisServer, bus: Bus
) -> None:
    """After a break only those channels are asked for that somebody listens to."""
    leaver, other = await _listen(bus, "one"), await _listen(bus, "two")
    await redis_server.kill()
    confirmed = other.subscriptions

    bus.subscriptions.remove("one", leaver)
    await redis_server.start()

    await until(lambda: other.subscriptions > confirmed, "the other is confirmed again")

    async def channels() -> bool:
        return bool(await bus.send("PUBSUB", "CHANNELS") == [b"two"])

    await until(channels, "only the other's channel is left", 5.0)


async def test_a_subscriber_that_fails_hurts_nobody_else(bus: Bus) -> None:
    """What one subscriber makes of a message cannot cut the others off."""

    class Clumsy(Listener):
        def published(self, message: bytes) -> None:
            raise ValueError(message)

    clumsy, other = Clumsy(), await _listen(bus, "two")
    bus.subscriptions.add("one", clumsy)
    await until(lambda: clumsy.subscriptions, "it is confirmed")

    await bus.send("PUBLISH", "one", b"x")
    await bus.send("PUBLISH", "two", b"x")

    await until(lambda: other.heard == [b"x"], "the other hears")
    assert other.subscriptions == 1


async def test_a_connection_that_fell_silent_is_given_up(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where packets vanish nothing is closed: a connection without answers is opened anew."""
    monkeypatch.setattr(pubsub, "PING_S", 0.1)
    listener = await _listen(bus, "one")

    await bus.send("CLIENT", "PAUSE", 500, "ALL")

    await until(lambda: listener.subscriptions > 1, "it is confirmed again", 5.0)


@pytest_asyncio.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[Proxy]:
    """A network between a bus and its Redis, for tests to break."""
    proxy = Proxy()
    await proxy.start(redis_server.port)
    yield proxy
    await proxy.stop()


@pytest.mark.parametrize("seed", range(5))
async def test_subscribing_while_the_network_breaks(bus: Bus, proxy: Proxy, seed: int) -> None:
    """Whoever comes, goes or is cut off when: one connection, with the channels that are wanted."""
    chance = random.Random(seed)
    wanted: dict[str, Listener] = {}
    url = f"redis://127.0.0.1:{proxy.port}/0"
    async with open_bus(url, name="broken", patience_s=5.0) as broken:
        for step in range(150):
            match chance.choice(["come", "come", "go", "cut", "mend", "wait"]):
                case "come":
                    wanted[f"channel-{step}"] = Listener()
                    broken.subscriptions.add(f"channel-{step}", wanted[f"channel-{step}"])
                case "go" if wanted:
                    name = chance.choice(list(wanted))
                    broken.subscriptions.remove(name, wanted.pop(name))
                case "cut":
                    proxy.cut()
                case "mend":
                    proxy.mend()
                case "wait":
                    await asyncio.sleep(chance.uniform(0.0, 0.02))
        proxy.mend()

        async def all_are_there() -> bool:
            names = {name.encode() for name in wanted}
            return names == set(await bus.send("PUBSUB", "CHANNELS"))

        await until(all_are_there, "what is wanted is subscribed, and nothing else", 10.0)
        assert (await bus.send("CLIENT", "LIST", "TYPE", "pubsub")).count(b"\n") == 1
        for name in wanted:
            assert await bus.send("PUBLISH", name, name) == 1
        await until(
            lambda: all(one.heard == [name.encode()] for name, one in wanted.items()),
            "each hears its own channel, once",
        )
        assert all(one.subscriptions for one in wanted.values())


async def test_a_network_that_hangs_up_is_not_stormed(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection that ends before Redis said a word is followed by a longer wait."""
    attempts: list[int] = []

    def wait(attempt: int, *, base_s: float, cap_s: float) -> float:
        attempts.append(attempt)
        return 0.0

    monkeypatch.setattr(pubsub, "full_jitter_s", wait)
    proxy.cut()
    url = f"redis://127.0.0.1:{proxy.port}/0"
    async with open_bus(url, name="broken", patience_s=5.0) as broken:
        listener = Listener()
        broken.subscriptions.add("one", listener)
        await until(lambda: len(attempts) >= 5, "it is tried again")
        proxy.mend()
        await until(lambda: listener.subscriptions, "it is confirmed")

    assert attempts == list(range(1, len(attempts) + 1))
