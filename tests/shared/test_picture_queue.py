"""Which of the pictures that wait still matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import limits
from shared.codec import Header, Kind, PictureFlag
from shared.picture_queue import PictureQueue

CLOSE_UP, URGENT = PictureFlag.CLOSE_UP, PictureFlag.URGENT


def header(seq: int, overview: int = 0, flags: int = 0) -> Header:
    return Header(Kind.PICTURE, 1, seq, 0.0, overview, flags | (CLOSE_UP if overview else 0))


def queue_of(*headers: Header) -> PictureQueue[int]:
    queue: PictureQueue[int] = PictureQueue()
    for one in headers:
        queue.add(one, one.seq)
    return queue


def numbers(queue: PictureQueue[int]) -> list[int]:
    return [queue.take().item for _ in range(len(queue))]


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([header(1), header(2)], [2], id="a newer overview"),
        pytest.param([header(1), header(2, 1), header(3, 1)], [1, 2, 3], id="with its close-ups"),
        pytest.param([header(1), header(2, 1), header(3)], [3], id="both overtaken"),
        pytest.param([header(2), header(3, 1)], [2], id="a close-up that comes too late"),
        pytest.param(
            [header(1), header(2, 1, URGENT), header(3)], [2, 3], id="asked for by a tool"
        ),
        pytest.param([header(2), header(3, 1, URGENT)], [2, 3], id="asked for, and late"),
        pytest.param([header(1, 0, URGENT), header(2)], [2], id="an urgent overview, overtaken"),
        pytest.param(
            [header(1), *(header(n, 1) for n in range(2, 9))],
            [1, 4, 5, 6, 7, 8],
            id="too many close-ups",
        ),
        pytest.param(
            [header(n, 1, URGENT) for n in range(2, 9)], [3, 4, 5, 6, 7, 8], id="too many urgent"
        ),
    ],
)
def test_what_still_matters_is_kept_in_order(headers: list[Header], left: list[int]) -> None:
    """The newest overview with its close-ups, and what a tool has asked for."""
    assert numbers(queue_of(*headers)) == left


def test_hurry_passes_on_to_the_picture_that_takes_the_place() -> None:
    """A question that waits for an overview is served by the newer one at once."""
    assert queue_of(header(1, 0, URGENT), header(2)).is_urgent
    assert not queue_of(header(1), header(2)).is_urgent


def test_it_is_told_how_many_lost_their_worth() -> None:
    """What is dropped, the new picture included, can be counted."""
    queue = queue_of(header(2), header(3, 2))

    assert queue.add(header(4, 2), 4) == 0
    assert queue.add(header(5), 5) == 3
    assert queue.add(header(6, 4), 6) == 1


def test_what_the_user_has_hidden_is_forgotten_with_its_parts() -> None:
    """A close-up goes with its overview, even if it was numbered later."""
    queue = queue_of(header(3), header(4, 3), header(5, 3, URGENT))

    queue.forget(3)

    assert queue.first is None


@st.composite
def _rows(draw: st.DrawFn) -> list[Header]:
    row: list[Header] = []
    overview = 0
    for seq in range(1, draw(st.integers(0, 30)) + 1):
        flags = draw(st.sampled_from([0, URGENT]))
        shown = draw(st.integers(0, overview)) if overview else 0
        row.append(header(seq, shown, flags))
        overview = seq if not shown else overview
    return row


@given(_rows())
def test_the_newest_overview_is_never_lost(row: list[Header]) -> None:
    """Whatever comes, the newest overview waits, in its place, among no more than the bound."""
    queue = queue_of(*row)

    left = numbers(queue)

    assert left == sorted(left)
    assert len(left) <= limits.FRAMES_MAX_ENTRIES
    overviews = [one.seq for one in row if not one.flags & CLOSE_UP]
    assert not overviews or overviews[-1] in left
