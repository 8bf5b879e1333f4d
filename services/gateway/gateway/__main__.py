"""``python -m gateway``: builds the gateway, serves, and drains on SIGTERM."""

from __future__ import annotations

import asyncio
import socket

import structlog
import uvloop

from gateway.admission import Doorkeeper
from gateway.app import Gateway
from gateway.house import House
from gateway.queue_watch import QueueWatch
from gateway.server import make_server
from gateway.session_store import SessionStore
from gateway.settings import GatewaySettings
from shared import garbage, keys, log, shutdown
from shared.bus import open_bus
from shared.errors import ConfigurationError
from shared.listen import listen
from shared.presence import Presence, new_process_id
from shared.rounds import Rounds
from shared.settings import load, parse_origins, refuse, require_code_beyond_localhost

logger = structlog.get_logger()


async def serve(
    settings: GatewaySettings, origins: frozenset[str], listening: socket.socket
) -> None:
    """Serve until SIGTERM or SIGINT, then send the clients elsewhere and stop."""
    stopping = shutdown.on_signal()
    gateway_id = new_process_id()
    url = settings.redis_url.get_secret_value()
    async with open_bus(url, name="gateway", patience_s=settings.redis_patience_s) as bus:
        house = House(
            store=SessionStore(bus, gateway_id),
            subscriptions=bus.subscriptions,
            doorkeeper=Doorkeeper(bus),
            queue=QueueWatch(bus),
            rounds=Rounds(),
            draining=asyncio.Event(),
            drain_s=settings.drain_s,
        )
        gateway = Gateway(
            house,
            bus,
            origins=origins,
            max_connections=settings.max_connections,
            tutorial_open=not settings.access_code.get_secret_value(),
        )
        presence = Presence(
            bus,
            keys.GATEWAYS,
            gateway_id,
            lambda: {
                "connections": gateway.connections,
                "max_connections": settings.max_connections,
                "draining": int(house.draining.is_set()),
            },
        )

        # In a group: if one of these fails in a way that nobody foresaw, the process ends loudly
        # and is started anew, instead of serving on without it.
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(run()) for run in (presence.run, house.queue.run)]
            server = make_server(gateway.asgi())
            tasks.create_task(server.serve(sockets=[listening]))
            logger.info("listening", host=settings.host, port=listening.getsockname()[1])
            await stopping.wait()
            logger.info("draining", connections=gateway.connections)
            house.drain()
            house.rounds.stir_all()
            await gateway.wait_empty(settings.drain_s + DRAIN_MARGIN_S)
            server.should_exit = True
            for task in background:
                task.cancel()
        await presence.leave()
    logger.info("stopped")


DRAIN_MARGIN_S = 6.0
"""For the last client to have everything that it said stored."""


def main() -> None:
    """Read the settings, or say what is wrong with them, and serve."""
    settings = load(GatewaySettings)
    log.configure(service="gateway", level=settings.log_level, log_format=settings.log_format)
    try:
        origins = parse_origins(settings.origins)
        require_code_beyond_localhost(origins, settings.access_code)
        listening = listen(settings.host, settings.port, "GATEWAY_PORT")
    except ConfigurationError as exc:
        refuse(str(exc))
    garbage.settle()
    uvloop.run(serve(settings, origins, listening))


if __name__ == "__main__":
    main()
