"""What the bands below pictures say, and what close-ups add to their overview."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_live.captions import Caption, CloseUp, Overview, Page, compose, parse_caption
from local_live.layout import Piece

REGION = CloseUp(12, 300, 100, 700, 400)


@pytest.mark.parametrize(
    ("text", "size", "caption"),
    [
        ("Frame 12 | 1536x864", (1_536, 864), Overview(12)),
        ("Frame 12|1536x864", (1_536, 864), Overview(12)),
        ("frame 12 l 1536\u00d7864", (1_536, 864), Overview(12)),
        ("Frame121536x864", (1_536, 864), Overview(12)),
        ("Frame 12 | 1536x864", (1_536, 960), None),
        ("Frame | 1536x864", (1_536, 864), None),
        ("Close-up of frame 12 | x 300-700 y 100-400", (800, 600), REGION),
        ("Close-up of frame12l x300-700y100-400", (400, 300), REGION),
        ("Closeup of frame 12 | x 300-700 y 100-400.", (400, 300), REGION),
        ("Close-up of frame 12 | x 300-700 y 100-900", (400, 300), None),
        ("Close-up of frame 12 | x 700-300 y 100-400", (400, 300), None),
        ("Close-up of frame 12 | x 300-700", (400, 300), None),
        ("Total 12 1536x864", (1_536, 864), None),
        ("", (1_536, 864), None),
    ],
)
def test_a_caption_is_read_as_it_was_recognised(
    text: str, size: tuple[int, int], caption: Caption | None
) -> None:
    """Blanks and strokes may be lost; what contradicts the picture's size is no caption."""
    assert parse_caption(text, *size) == caption


@given(st.text(max_size=60), st.integers(1, 4_096), st.integers(1, 4_096))
def test_any_text_is_a_caption_or_none(text: str, width: int, height: int) -> None:
    """Whatever is recognised in a band, nothing is raised."""
    assert parse_caption(text, width, height) is None or "frame" in text.lower()


def _texts(pieces: list[Piece]) -> set[str]:
    return {piece.text for piece in pieces}


def test_text_of_a_close_up_takes_the_place_of_what_is_below_it() -> None:
    """What lies in the region is read from the close-up, where it stands on the overview."""
    overview = Page(
        (
            Piece("Heading", 20, 20, 200, 50),
            Piece("T0tal l5", 310, 200, 420, 212, is_sure=False),
        ),
        1_536,
        864,
    )
    close_up = Page((Piece("Total 15", 20, 200, 240, 224, is_sure=False),), 800, 600)

    pieces = compose(overview, [(REGION, close_up)])

    assert pieces == [
        Piece("Heading", 20, 20, 200, 50),
        Piece("Total 15", 310, 200, 420, 212, is_sure=True),
    ]


def test_a_line_that_reaches_beyond_the_region_stays_whole() -> None:
    """Its cut end in the close-up is left out, and it is not said twice."""
    overview = Page((Piece("A long line of text", 100, 200, 500, 216),), 1_536, 864)
    close_up = Page((Piece("line of text", 0, 200, 400, 232),), 800, 600)

    assert _texts(compose(overview, [(REGION, close_up)])) == {"A long line of text"}


def test_the_newest_of_two_close_ups_counts() -> None:
    """Where two regions overlap, the older one adds only what the newer one does not show."""
    older = CloseUp(12, 0, 100, 400, 400)
    of_older = (Piece("old", 310, 100, 380, 120), Piece("beside", 10, 10, 90, 30))
    of_newer = (Piece("new", 20, 200, 160, 240),)

    pieces = compose(
        Page((), 1_536, 864),
        [(REGION, Page(of_newer, 800, 600)), (older, Page(of_older, 400, 300))],
    )

    assert _texts(pieces) == {"new", "beside"}


def test_an_overview_without_close_ups_is_as_it_was_read() -> None:
    """Nothing is added and nothing lost."""
    page = Page((Piece("a", 0, 0, 9, 9), Piece("b", 0, 20, 9, 29, is_sure=False)), 100, 100)

    assert compose(page, []) == list(page.pieces)
