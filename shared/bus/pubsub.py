"""Subscriptions: one connection for all channels of a process, and no task per message.

Redis forgets the channels of a connection that breaks, and nobody says what was missed. It confirms
every subscription, the first and each later one alike, so a subscriber fills its hole whenever it
is told `subscribed`: there is one path for starting and for having been away.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import structlog

from shared.backoff import full_jitter_s
from shared.bus.connect import TRANSIENT, Client
from shared.bus.connection import Connection, open_connection, pack

PING_S = 5.0
"""How often the connection is asked whether it lives; one that has not answered by the next time is
given up. A network that swallows packets closes nothing."""

_PING = pack(("PING",))

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
        self._subscribers: dict[bytes, Subscriber] = {}
        self._connection: Connection | None = None
        self._any = asyncio.Event()
        self._broken = asyncio.Event()
        self._is_confirmed = False
        """Redis has said something on this connection."""
        self._is_asked = False
        """A ping has not been answered yet."""

    def add(self, channel: str, subscriber: Subscriber) -> None:
        """Subscribe; `Subscriber.subscribed` is called once Redis confirms.

        If Redis is away the subscription is made as soon as it is back.
        """
        self._subscribers[channel.encode()] = subscriber
        self._say("SUBSCRIBE", channel)
        self._any.set()

    def remove(self, channel: str, subscriber: Subscriber) -> None:
        """Unsubscribe; harmless if the channel has another subscriber by now."""
        if self._subscribers.get(channel.encode()) is subscriber:
            del self._subscribers[channel.encode()]
            self._say("UNSUBSCRIBE", channel)

    async def run(self) -> None:
        """Hold the connection, from the first subscription on, until cancelled."""
        await self._any.wait()
        attempt = 0
        while True:
            self._broken.clear()
            self._is_confirmed = False
            try:
                self._connection = await open_connection(self._client, self._take_all, self._lost)
            except TRANSIENT as exc:
                if attempt == 0:
                    log.warning("subscriptions wait for redis", cause=type(exc).__name__)
            else:
                if self._subscribers:
                    self._say("SUBSCRIBE", *self._subscribers)
                await self._watch(self._connection)
            # One that let us in and hung up before it said a word was none.
            attempt = 0 if self._is_confirmed else attempt + 1
            await asyncio.sleep(full_jitter_s(attempt, base_s=0.05, cap_s=0.5))

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        await self._client.aclose()

    async def _watch(self, connection: Connection) -> None:
        """Wait until the connection is over, or no longer answers."""
        self._is_asked = False
        while connection.is_open:
            try:
                await asyncio.wait_for(self._broken.wait(), PING_S)
            except TimeoutError:
                if self._is_asked:
                    log.warning("redis has fallen silent to subscriptions")
                    connection.close()
                    return
                self._is_asked = True
                connection.write([_PING])

    def _say(self, command: str, *channels: str | bytes) -> None:
        # All writing is done here, by whoever has something to say, and only on a connection that
        # is whole; one that is not yet is told of all channels once it is.
        if self._connection is not None and self._connection.is_open:
            self._connection.write([pack((command, *channels))])

    def _lost(self, _error: Exception) -> None:
        self._broken.set()

    def _take_all(self, replies: list[Any]) -> None:
        self._is_confirmed, self._is_asked = True, False
        for reply in replies:
            self._take(reply)

    def _take(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            log.error("redis refuses a subscription", cause=str(reply))
            return
        kind, channel, *payload = reply
        subscriber = self._subscribers.get(channel)
        if subscriber is None:
            return
        try:
            if kind == b"message":
                subscriber.published(payload[0])
            elif kind == b"subscribe":
                subscriber.subscribed()
        except Exception:
            # A fault of one subscriber must not cut the connection that all others hear by.
            log.exception("a message was not taken", channel=channel.decode())
