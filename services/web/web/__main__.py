"""``python -m web``: serves the page and the tickets until SIGTERM."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvicorn
import uvloop

from shared import log
from shared.bounded_http import BoundedHttp
from shared.bus import open_bus
from shared.errors import ConfigurationError
from shared.listen import listen
from shared.settings import load, parse_origins, refuse, require_code_beyond_localhost
from web.app import Web
from web.bundle import BundleError
from web.page_files import PageFile, read_page
from web.settings import WebSettings

logger = structlog.get_logger()

REDIS_PATIENCE_S = 3.0
"""Somebody waits for the page: better a clear answer soon than a ticket late."""


async def serve(
    settings: WebSettings,
    origins: frozenset[str],
    page: dict[str, PageFile],
    listening: socket.socket,
) -> None:
    """Serve until SIGTERM or SIGINT."""
    url = settings.redis_url.get_secret_value()
    async with open_bus(url, name="web", readers=1, patience_s=REDIS_PATIENCE_S) as bus:
        web = Web(
            bus,
            origins=origins,
            access_code=settings.access_code.get_secret_value(),
            gateway_url=settings.gateway_url,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                web.asgi(page),
                http=BoundedHttp,
                access_log=False,
                server_header=False,
                log_config=None,
                log_level="warning",
                proxy_headers=False,
                lifespan="off",
                timeout_graceful_shutdown=3,
            )
        )
        logger.info("listening", host=settings.host, port=listening.getsockname()[1])
        await server.serve(sockets=[listening])
    logger.info("stopped")


def main() -> None:
    """Read the settings, or say what is wrong with them, and serve."""
    settings = load(WebSettings)
    log.configure(service="web", level=settings.log_level, log_format=settings.log_format)
    try:
        origins = parse_origins(settings.origins)
        require_code_beyond_localhost(origins, settings.access_code)
        _check_gateway_url(settings.gateway_url)
        page = _read_page(settings.static_dir)
        listening = listen(settings.host, settings.port, "WEB_PORT")
    except ConfigurationError as exc:
        refuse(str(exc))
    uvloop.run(serve(settings, origins, page, listening))


def _read_page(folder: Path) -> dict[str, PageFile]:
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder}; set WEB_STATIC_DIR.")
    try:
        return read_page(folder)
    except (BundleError, OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"The page in WEB_STATIC_DIR cannot be served: {exc}.") from exc


def _check_gateway_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"ws", "wss"} and parts.netloc:
        return
    if not parts.scheme and not parts.netloc and parts.path.startswith("/"):
        return
    raise ConfigurationError(
        "WEB_GATEWAY_URL must be a ws:// or wss:// URL, or a path on the page's own origin."
    )


if __name__ == "__main__":
    main()
