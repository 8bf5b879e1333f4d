"""Pictures on their way to the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_worker.frames import MAX_BURST, REMEMBERED, Frames, Overview, Shown
from shared.codec import Header, Kind, PictureFlag
from tests.support.media import jpeg


def _header(seq: int, overview: int = 0, *, urgent: bool = False) -> Header:
    flags = PictureFlag.CLOSE_UP * bool(overview) | PictureFlag.URGENT * urgent
    return Header(Kind.PICTURE, 1, seq, 0.0, overview, flags)


def _sent_by(frames: Frames, now_s: float) -> list[int]:
    sent = []
    while frame := frames.take_due(now_s):
        sent.append(frame.seq)
    return sent


def test_routine_pictures_go_one_a_second() -> None:
    """The first at once, each later one a second after the one before, and never in a burst."""
    frames = Frames()
    for seq, overview in ((1, 0), (2, 1), (3, 1)):
        frames.add(_header(seq, overview), b"")

    assert [_sent_by(frames, now_s) for now_s in (10.0, 10.9, 11.0, 11.5, 12.0)] == [
        *([1], [], [2], [], [3])
    ]
    assert frames.wait_s(12.0) is None


def test_urgent_pictures_may_go_at_once_until_the_burst_is_spent() -> None:
    """A question's pictures do not wait; who asks on and on waits for the average."""
    frames = Frames()

    for seq in range(1, MAX_BURST + 1):
        frames.add(_header(seq, urgent=True), b"")
        assert _sent_by(frames, 10.0) == [seq]
    frames.add(_header(9, urgent=True), b"")

    assert _sent_by(frames, 10.0) == []
    assert frames.wait_s(10.0) == pytest.approx(1.0)
    assert _sent_by(frames, 11.0) == [9]


def test_an_urgent_close_up_takes_its_overview_along() -> None:
    """A part without the whole means nothing, so what waits before it goes at once as well."""
    frames = Frames()
    frames.add(_header(1), b"")
    assert _sent_by(frames, 10.0) == [1]

    frames.add(_header(2), b"")
    frames.add(_header(3, 2, urgent=True), b"")

    assert _sent_by(frames, 10.1) == [2, 3]


def test_what_a_question_takes_along_is_paid_back() -> None:
    """Sent out of turn with a question, pictures are made up for by those after them."""
    frames = Frames()
    for seq, overview in ((1, 0), (2, 1), (3, 1), (4, 1), (5, 1)):
        frames.add(_header(seq, overview), b"")

    while frames.take_next(10.0):
        pass
    frames.add(_header(6), b"")

    assert frames.wait_s(10.0) == pytest.approx(3.0)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=40))
def test_on_average_it_is_one_a_second(steps: list[tuple[float, bool]]) -> None:
    """However urgent, no more than the burst and one a second ever leaves by itself."""
    frames = Frames()
    now_s = 0.0
    n_sent = 0

    for seq, (wait_s, urgent) in enumerate(steps, 1):
        now_s += wait_s
        frames.add(_header(seq, urgent=urgent), b"")
        n_sent += len(_sent_by(frames, now_s))

    assert n_sent <= MAX_BURST + now_s + 1e-6


def test_it_is_remembered_what_the_model_was_shown() -> None:
    """The newest overview and the sizes of all, without their captions; and whose a part is."""
    assert Shown().newest is None
    frames, shown = Frames(), Shown()
    for header, picture in (
        (_header(1), jpeg(800, 624)),
        (_header(4), jpeg(1_536, 888)),
        (_header(5, 4), jpeg(320, 224)),
    ):
        frames.add(header, picture)
        frame = frames.take_next(0.0)
        assert frame is not None
        shown.note(frame)

    assert shown.newest == Overview(4, (1_536, 864))
    assert (shown.size_of(1), shown.size_of(5)) == ((800, 600), None)
    assert (shown.overview_of(5), shown.overview_of(4), shown.overview_of(None)) == (4, None, None)


def test_long_ago_is_forgotten() -> None:
    """A conversation of hours remembers no more pictures than one of a minute."""
    frames, shown = Frames(), Shown()

    for seq in range(1, REMEMBERED + 2):
        frames.add(_header(seq), jpeg(64, 88))
        frame = frames.take_next(0.0)
        assert frame is not None
        shown.note(frame)

    assert shown.size_of(1) is None
    assert shown.size_of(2) == (64, 64)
