"""``python -m bench.legibility``: how much of a screen can be read of what is sent of it."""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
from collections.abc import Sequence

from PIL import Image
from rich.console import Console

from bench.legibility.delivery import (
    SCREEN,
    caption_of,
    desk,
    lossless,
    opened,
    region_of,
    tutorial_picture,
)
from bench.legibility.freshness import measure_freshness
from bench.legibility.hour import read_for_an_hour
from bench.legibility.reading import best_score, cut
from bench.legibility.report import Row, as_tables, is_good_enough
from bench.legibility.truth import Region, words_on

PAGES = ("paper", "code", "sheet", "terminal")
EDGE_PX = 4.0
"""A word this close to the edge of a close-up may be cut."""
NOT_GOOD_ENOUGH = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 if less can be read, or more is spent, than promised."""
    options = _parse(arguments)
    return asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> int:
    rows = [row for name in options.pages for row in await measure_page(name)]
    hour = None if options.quick else await read_for_an_hour(options.speed)
    fresh = None if options.quick else await measure_freshness()
    Console().print(as_tables(rows, hour, fresh))
    return 0 if is_good_enough(rows, hour, fresh) else NOT_GOOD_ENOUGH


async def measure_page(name: str) -> list[Row]:
    """Change something on a page, and score what was delivered of the place that changed.

    The region in question is the one that the close-up shows, by its own caption; the other ways of
    delivery are scored on the same part of their pictures.
    """
    async with desk(name) as shared:
        count = len(shared.pictures)
        await shared.target.evaluate("window.change()")
        delivered = await shared.settled(count)
        overview = next(picture for picture in delivered if not picture.is_close_up)
        close_up = next(picture for picture in delivered if picture.is_close_up)
        screen, part = opened(overview), opened(close_up)
        region = region_of(caption_of(close_up), screen.size)
        asked = [word for word in await words_on(shared.target) if region.holds(word, EDGE_PX)]
        old_way = await tutorial_picture(shared)
        ceiling = await lossless(shared, region)
    whole = Region(0, 0, *SCREEN)
    width = round(region.right - region.left)
    ways = {
        "close-up": (part.crop((0, 0, width, part.height)), close_up.jpeg),
        "overview": (cut(screen, whole, region), overview.jpeg),
        "tutorial": (cut(Image.open(io.BytesIO(old_way)), whole, region), old_way),
        "lossless": (Image.open(io.BytesIO(ceiling)), ceiling),
    }
    return [
        Row(name, way, best_score(image, region, asked), len(data))
        for way, (image, data) in ways.items()
    ]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.legibility",
        description="How much can be read of what is sent of a screen; see docs/legibility.md.",
    )
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    parser.add_argument("--quick", action="store_true", help="neither the hour nor freshness")
    parser.add_argument(
        "--speed", type=float, default=20.0, help="how fast the hour goes by (default 20)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
