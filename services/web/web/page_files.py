"""The files of the page: read, joined, minified and compressed once, when the service starts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zopfli import gzip

from web.bundle import BundleError, bundle

try:
    import minify
except ImportError:
    # Not made for every machine; without it the page is the same, comments and all.
    minify = None

ENTRIES = {
    "worklets/worklets.js": "globalThis.registerProcessor",
    "js/media-worker.js": "globalThis.WorkerGlobalScope",
    "js/main.js": "globalThis.document",
}
"""What the audio worklets, the worker and the page start with, and what only each of them has.

In this order: gzip looks no further back than 32 kB, and so it finds most (0.3 kB of 38).
"""
INDEX, SCRIPT, STYLE = "index.html", "js/main.js", "css/page.css"
MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Of what a page consists of; what a machine's own table says differs from one to the next."""
ZOPFLI_ROUNDS = 5
"""Half a second for the whole page; ten rounds more take as long again and save 12 bytes."""

_CSS_IMPORT = re.compile(r'^@import "(?P<name>[\w-]+\.css)";\n', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent."""

    body: bytes
    gzipped: bytes
    media_type: str
    etag: str


def read_page(folder: Path) -> dict[str, PageFile]:
    """Return what the page consists of, by path below the page's own address.

    Raises:
        BundleError: If a module or a style sheet of the page is missing, or they cannot be joined.
        OSError: If a file of the page cannot be read.
    """
    texts = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }
    modules = {path: text for path, text in texts.items() if path.endswith(".js")}
    sent = {SCRIPT: bundle(modules, ENTRIES, SCRIPT), STYLE: _join_styles(texts)}
    sent |= {path: text for path, text in texts.items() if path.endswith((".svg", ".html"))}
    return {path: _file(path, text) for path, text in sent.items()}


def _join_styles(texts: dict[str, str]) -> str:
    def take(path: str) -> str:
        if path not in texts:
            raise BundleError(path, "is wanted and not there")
        return texts[path]

    return _CSS_IMPORT.sub(lambda match: take(f"css/{match['name']}"), take(STYLE))


def _file(path: str, text: str) -> PageFile:
    media_type = MEDIA_TYPES[PurePosixPath(path).suffix]
    if minify is not None:
        text = minify.string(media_type, text)
    body = text.encode()
    return PageFile(
        body=body,
        gzipped=gzip.compress(body, numiterations=ZOPFLI_ROUNDS),
        media_type=f"{media_type}; charset=utf-8",
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
    )
