"""How readings are scored, and that what the page sends of small print can be read."""

from __future__ import annotations

import pytest

from bench.legibility.__main__ import measure_page
from bench.legibility.delivery import region_of
from bench.legibility.reading import Found, Score, score
from bench.legibility.report import Fresh, Hour, Row, is_good_enough
from bench.legibility.truth import Region, Word


def line(*texts: str, top: float = 0.0, gap: float = 6.0) -> list[Word]:
    """Return words of one line, ten pixels to the character."""
    words, left = [], 0.0
    for text in texts:
        words.append(Word(text, left, top, 10.0 * len(text), 14.0))
        left += 10.0 * len(text) + gap
    return words


def found(text: str, top: float = 0.0, left: float = 0.0) -> Found:
    return Found(left, top, left + 10.0 * len(text), top + 14.0, text)


def test_a_perfect_reading() -> None:
    """Spaces and kinds of dashes and quotes make no difference."""
    words = line("Total:", "4711", "–", "so", "‘far’")  # noqa: RUF001 - as a page has it

    result = score(words, [found("Total:4711 - so 'far'")])

    assert result == Score(1.0, 1.0, 1.0, 18)


def test_a_wrong_digit_is_a_wrong_number() -> None:
    """One wrong character of ten costs a tenth of the characters, and the whole number."""
    result = score(line("Total:", "4711"), [found("Total: 4771")])

    assert result.characters == pytest.approx(0.9)
    assert (result.words, result.numbers) == (0.5, 0.0)


def test_what_was_not_found_counts_as_unread() -> None:
    """A line without any reading near it is lost; text read elsewhere does not make up for it."""
    words = [*line("first"), *line("second", top=40.0)]

    result = score(words, [found("first"), found("second", top=400.0)])

    assert result.characters == pytest.approx(5 / 11)


def test_a_caption_tells_where_its_close_up_lies() -> None:
    """Coordinates of the overview become pixels of the screen, however the reader sets spaces."""
    region = region_of("Close-up of frame12 | x 307-922y 96-691", (1536, 864))

    assert region == Region(383.75, 120.0, 1152.5, 863.75)


def test_no_caption_is_no_close_up() -> None:
    """A caption that cannot be read is refused, not guessed."""
    with pytest.raises(ValueError, match="caption"):
        region_of("Frame 12 | 1536x864", (1536, 864))


@pytest.mark.parametrize(
    ("score_of_page", "pictures", "overview_ms", "is_good"),
    [
        (Score(0.99, 0.95, 0.95, 500), 60, 200.0, True),
        (Score(0.98, 0.95, 0.95, 500), 60, 200.0, False),
        (Score(0.99, 0.95, 0.94, 500), 60, 200.0, False),
        (Score(0.99, 0.95, 0.95, 500), 61, 200.0, False),
        (Score(0.99, 0.95, 0.95, 500), 60, 201.0, False),
    ],
)
def test_each_promise_is_held(
    score_of_page: Score, pictures: int, overview_ms: float, is_good: bool
) -> None:
    """Too little read, too much spent or too late: any of them is told by the exit code."""
    rows = [Row("paper", "close-up", score_of_page, 40_000)]
    hour = Hour(scrolls=100, questions=8, overviews=pictures, close_ups=0, sent_bytes=1)

    assert is_good_enough(rows, hour, Fresh([overview_ms], [overview_ms])) is is_good


@pytest.mark.browser
@pytest.mark.models
async def test_small_print_can_be_read_of_what_the_page_sends() -> None:
    """Nearly all of new terminal output in 13 px arrives; in the tutorial's way, nothing does."""
    rows = {row.way: row.score for row in await measure_page("terminal")}

    assert rows["close-up"].counted > 100
    assert rows["close-up"].characters >= 0.99
    assert rows["close-up"].numbers >= 0.95
    assert rows["tutorial"].numbers < 0.1
