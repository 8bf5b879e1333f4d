"""One terminal for many processes: each line behind the name, and in the colour, of its service."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import TextIO

LAUNCHER = "launcher"
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""ANSI foreground colours that are legible on light and dark terminals."""


class Output:
    """Writes the lines of all services; goes silent, without an error, when nobody reads them."""

    def __init__(self, stream: TextIO, names: list[str]) -> None:
        self._stream = stream
        self._width = max(map(len, [*names, LAUNCHER]))
        self._is_coloured = stream.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = dict(zip(names, self._cycle(), strict=False))
        self._is_open = True

    @staticmethod
    def _cycle() -> Iterator[int]:
        return itertools.cycle(_COLOURS)

    def write(self, name: str, line: str) -> None:
        """Write one line of the service ``name``."""
        prefix = f"{name:<{self._width}} |"
        if self._is_coloured and name in self._colours:
            prefix = f"\x1b[{self._colours[name]}m{prefix}\x1b[0m"
        self._write(f"{prefix} {line}")

    def announce(self, line: str) -> None:
        """Write one line of our own, so that it stands out among the services'."""
        self._write(f"\x1b[1m{line}\x1b[0m" if self._is_coloured else line)

    def _write(self, line: str) -> None:
        if not self._is_open:
            return
        try:
            print(line, file=self._stream, flush=True)
        except (OSError, ValueError):
            # The terminal was closed. The services are still to be stopped in good order.
            self._is_open = False
