"""Subscriptions: one connection and one reader task for all channels of a process.

After a break redis-py subscribes again by itself, but nobody says what was missed. Redis confirms
every subscription, the first and each later one alike, so a subscriber fills its hole whenever it
is told `subscribed`: there is one path for starting and for having been away.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import structlog

from shared.backoff import full_jitter_s
from shared.bus.connect import TRANSIENT, Client, heed_cancellation

log = structlog.get_logger()


class Subscriber(Protocol):
    """What a channel's messages are given to; both methods must return at once."""

    def subscribed(self) -> None:
        """From now on messages arrive; what was published before must be fetched."""

    def published(self, message: bytes) -> None:
        """One message, in the order of publishing."""


class Subscriptions:
    """Channels of one process, each with one subscriber."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pubsub = client.pubsub()
        self._subscribers: dict[str, Subscriber] = {}
        self._any = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        """Held for each command: two that find redis-py without a connection would open one each,
        and what is subscribed on the first is never read and never given up."""
        self._stale = False
        """The connection broke since Redis last confirmed all channels."""

    async def add(self, channel: str, subscriber: Subscriber) -> None:
        """Subscribe; `Subscriber.subscribed` is called once Redis confirms.

        If Redis is away the subscription is made as soon as it is back.
        """
        self._subscribers[channel] = subscriber
        try:
            async with self._one_at_a_time:
                await self._pubsub.subscribe(channel)
        except TRANSIENT as exc:
            self._stale = True
            log.warning("subscribing waits for redis", cause=type(exc).__name__)
        self._any.set()

    async def remove(self, channel: str, subscriber: Subscriber) -> None:
        """Unsubscribe; harmless if the channel has another subscriber by now."""
        if self._subscribers.get(channel) is not subscriber:
            return
        del self._subscribers[channel]
        try:
            async with self._one_at_a_time:
                await self._pubsub.unsubscribe(channel)
        except TRANSIENT as exc:
            log.info("unsubscribing after redis went away", cause=type(exc).__name__)

    async def run(self) -> None:
        """Hand out messages until cancelled."""
        attempt = 0
        while True:
            await self._any.wait()
            try:
                if self._stale and self._subscribers:
                    # Again for all: the confirmations make each subscriber fill its hole.
                    async with self._one_at_a_time:
                        await self._pubsub.subscribe(*self._subscribers)
                    self._stale = False
                while self._subscribers or self._pubsub.channels:
                    await self._hand_out(await self._pubsub.get_message(timeout=None))
                    heed_cancellation()
                    attempt = 0
                self._any.clear()
            except TRANSIENT:
                self._stale = True
                await asyncio.sleep(full_jitter_s(attempt, base_s=0.05, cap_s=0.5))
                attempt += 1

    async def close(self) -> None:
        """Close the connection."""
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._client.aclose()

    async def _hand_out(self, message: dict[str, Any] | None) -> None:
        if message is None or message["channel"] is None:
            return
        channel = message["channel"].decode()
        subscriber = self._subscribers.get(channel)
        if subscriber is not None:
            if message["type"] == "subscribe":
                subscriber.subscribed()
            elif message["type"] == "message":
                subscriber.published(message["data"])
        elif message["type"] == "subscribe":
            # Left just before a break: redis-py has brought it back with all others.
            async with self._one_at_a_time:
                if channel not in self._subscribers:
                    await self._pubsub.unsubscribe(channel)
