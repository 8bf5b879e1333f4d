"""``python -m gemini_worker``: builds the worker and works until SIGTERM; ``--check`` asks for one.

``--check`` ends with 0 if a worker on this host has shown itself in Redis lately (for the health
check of a container), else with 1.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import structlog
import uvloop
from dotenv import load_dotenv

from gemini_worker.gemini import LiveEndpoint
from gemini_worker.gemini_setup import Policy
from gemini_worker.models import offered_models
from gemini_worker.settings import WorkerSettings
from gemini_worker.shift import Rules
from gemini_worker.worker import Worker
from shared import garbage, keys, log, shutdown
from shared.bus import open_bus
from shared.errors import BusError, ConfigurationError
from shared.presence import Presence, alive, new_process_id
from shared.settings import load, refuse

logger = structlog.get_logger()

CHECK_PATIENCE_S = 2.0


async def work(settings: WorkerSettings, endpoint: LiveEndpoint) -> None:
    """Work until SIGTERM or SIGINT, then hand the sessions over."""
    stopping = shutdown.on_signal()
    worker_id = new_process_id()
    async with open_bus(
        settings.redis_url.get_secret_value(),
        name="worker",
        patience_s=settings.redis_patience_s,
    ) as bus:
        worker = Worker(
            bus,
            endpoint,
            worker_id=worker_id,
            capacity=settings.capacity,
            rules=Rules(
                grace_s=settings.grace_s,
                drain_s=settings.drain_s,
                lease_s=settings.lease_s,
                stall_s=settings.stall_s,
                park_s=settings.park_s,
                instructions=settings.instructions,
            ),
        )
        presence = Presence(
            bus,
            keys.WORKERS,
            worker_id,
            lambda: {
                "sessions": worker.load,
                "capacity": settings.capacity,
                "model": settings.model,
                "models": ",".join(endpoint.models),
                "standin": settings.standin,
                "draining": int(worker.stopping.is_set()),
            },
        )
        beating = asyncio.create_task(presence.run())
        working = asyncio.create_task(worker.run())
        logger.info("working", worker=worker_id, model=settings.model, capacity=settings.capacity)
        await stopping.wait()
        worker.stopping.set()
        await working
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await presence.leave()
    logger.info("stopped")


async def check(settings: WorkerSettings) -> bool:
    """Tell whether a worker on this host is alive."""
    url = settings.redis_url.get_secret_value()
    async with open_bus(url, name="check", patience_s=CHECK_PATIENCE_S) as bus:
        try:
            workers = await alive(bus, keys.WORKERS)
            return any(name.startswith(f"{socket.gethostname()}-") for name in workers)
        except BusError:
            return False


def main() -> None:
    """Read the settings, or say what is wrong with them, and work."""
    load_dotenv(".env")  # the SDK reads its own names from the environment alone
    settings = load(WorkerSettings)
    log.configure(service="worker", level=settings.log_level, log_format=settings.log_format)
    if sys.argv[1:] == ["--check"]:
        raise SystemExit(0 if uvloop.run(check(settings)) else 1)
    try:
        endpoint = LiveEndpoint(
            offered_models(settings.model, settings.models),
            settings.api_version,
            Policy(settings.media_resolution or None, settings.google_search),
        )
    except ConfigurationError as exc:
        refuse(str(exc))
    garbage.settle()
    uvloop.run(work(settings, endpoint))


if __name__ == "__main__":
    main()
