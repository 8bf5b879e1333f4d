"""Starts local-live: ``python -m local_live``."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

import structlog
import uvloop

from local_live import tls
from local_live.assistant import Assistant
from local_live.brain import Brain
from local_live.desk import Delivery
from local_live.script import ScriptedBrain
from local_live.server import Listening, LocalLive
from local_live.session import SessionSettings
from local_live.settings import LocalLiveSettings
from shared import log, settings, shutdown

ASSISTANT_PACE = 4.0
STOP_S = 1.5
"""Time that connections get to close when the process is asked to stop."""


async def serve(given: LocalLiveSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = shutdown.on_signal()
    names = [name.strip() for name in given.hostnames.split(",") if name.strip()]
    files = tls.prepare(given.tls_dir, names)
    scripted = given.mode == "scripted"
    assistant = (
        None
        if scripted
        else Assistant(given.speech_model, given.voice_model, threads=given.model_threads)
    )
    new_brain: Callable[[], Brain] = assistant.new_brain if assistant else ScriptedBrain
    listening = Listening(
        host=given.host,
        port=given.port,
        tls=tls.server_context(files),
        max_sessions=given.max_sessions,
        has_control_door=scripted,
    )
    server = await LocalLive(listening, _session_settings(given), new_brain).start()
    port = server.sockets[0].getsockname()[1]
    structlog.get_logger().info(
        "local-live is listening",
        url=f"https://localhost:{port}",
        mode=given.mode,
        certificates=str(files.bundle),
    )
    await stopping.wait()
    server.close(code=1001, reason="local-live is stopping")
    try:
        async with asyncio.timeout(STOP_S):
            await server.wait_closed()
    except TimeoutError:
        structlog.get_logger().warning("connections did not close in time", waited_s=STOP_S)
    if assistant:
        await assistant.close()


def _session_settings(given: LocalLiveSettings) -> SessionSettings:
    scripted = given.mode == "scripted"
    delivery = (
        Delivery(given.script_pace, given.script_hold)
        if scripted
        else Delivery(ASSISTANT_PACE, holds_turn_complete=True)
    )
    return SessionSettings(
        connection_s=given.connection_s,
        ledger_items=given.ledger_items if scripted else 0,
        strict=given.strict,
        refuses_marked_keys=scripted,
        delivery=delivery,
    )


def main() -> None:
    """Read the settings and serve."""
    given = settings.load(LocalLiveSettings)
    log.configure(service="local-live", level=given.log_level, log_format=given.log_format)
    uvloop.run(serve(given))
    # Everything is closed by now. A model that is just being loaded or used cannot be stopped, and
    # the interpreter would wait for its thread, well beyond the two seconds that a stop may take.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
