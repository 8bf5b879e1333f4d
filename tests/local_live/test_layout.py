"""Reading order."""

from __future__ import annotations

from local_live.layout import Piece, arrange, sentences_of
from tests.local_live.samples import screen


def texts(pieces: list[Piece]) -> list[str]:
    return [row.text for row in arrange(pieces, 1280, 720).rows]


def test_pieces_side_by_side_are_one_row() -> None:
    """Boxes that a recogniser finds in any order and a little askew are read line by line."""
    pieces = [
        Piece("$1.20", 500, 102, 550, 120),
        Piece("Apples", 40, 100, 100, 118),
        Piece("Total", 40, 140, 90, 158),
        Piece("3", 300, 98, 310, 116),
    ]

    assert texts(pieces) == ["Apples, 3, $1.20", "Total"]


def test_words_of_one_sentence_are_joined() -> None:
    """A gap as wide as a blank is no gap between cells."""
    pieces = [Piece("Quarterly", 40, 40, 120, 58), Piece("report", 126, 40, 180, 58)]

    assert texts(pieces) == ["Quarterly report"]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    """Two columns below a headline: first the left one, then the right one."""
    left = [f"left column, line number {number}" for number in range(4)]
    right = [f"right column, line number {number}" for number in range(4)]
    pieces = [Piece("A headline across both columns", 40, 20, 900, 50)]
    for number in range(4):
        top = 80 + 30 * number
        pieces.append(Piece(right[number], 520, top, 800, top + 18))
        pieces.append(Piece(left[number], 40, top, 320, top + 18))

    assert texts(pieces) == ["A headline across both columns", *left, *right]


def test_sidebar_is_read_apart_from_the_text_beside_it() -> None:
    """A short list of short names beside a longer text is no table, though its rows line up."""
    files = ["README.md", "main.py", "settings.py"]
    text = [f"line number {number} of the program text" for number in range(6)]
    pieces = [Piece(name, 20, 40 + 30 * at, 100, 58 + 30 * at) for at, name in enumerate(files)]
    pieces += [Piece(line, 260, 40 + 30 * at, 560, 58 + 30 * at) for at, line in enumerate(text)]

    assert texts(pieces) == [*files, *text]


def test_long_values_beside_their_labels_are_still_a_table() -> None:
    """As many labels as values belong together, however long the values are."""
    pairs = [("Name", "Ada Lovelace, Countess of"), ("City", "London, the United Kingdom")] * 3
    rows = screen(*(f"{label}|{value}" for label, value in pairs)).rows

    assert [len(row.cells) for row in rows] == [2] * 6


def test_table_is_read_row_by_row() -> None:
    """Short cells are a table, however wide the gaps between them."""
    rows = screen("Item|Qty", "Apples|3", "Pears|12", "Plums|7").rows

    assert [row.text for row in rows] == ["Item, Qty", "Apples, 3", "Pears, 12", "Plums, 7"]


def test_wide_gaps_and_larger_letters_divide_paragraphs() -> None:
    """A heading stands alone, and a blank line begins a new paragraph."""
    seen = screen("# Heading", "one", "two", "", "", "three")

    assert [[row.text for row in group] for group in seen.paragraphs] == [
        ["Heading"],
        ["one", "two"],
        ["three"],
    ]
    assert seen.title is not None
    assert seen.title.text == "Heading"


def test_lines_of_one_sentence_are_read_as_one() -> None:
    """A line that goes on in lower case is joined; a full stop ends each sentence."""
    rows = screen("Revenue is up, which is", "more than we expected.", "Costs are down").rows

    assert sentences_of(rows) == [
        "Revenue is up, which is more than we expected.",
        "Costs are down.",
    ]


def test_short_lines_are_not_one_sentence() -> None:
    """A list of names in lower case stays a list."""
    assert sentences_of(screen("README.md", "main.py", "docs").rows) == [
        "README.md.",
        "main.py.",
        "docs.",
    ]


def test_sentences_on_one_line_are_told_apart() -> None:
    """A full stop behind a figure or an abbreviation ends nothing."""
    rows = screen("Approved by Dr. Lee on 12 May. The next is due. It costs 3.50 in all").rows

    assert sentences_of(rows) == [
        "Approved by Dr. Lee on 12 May.",
        "The next is due.",
        "It costs 3.50 in all.",
    ]


def test_name_at_the_head_of_a_line_goes_on_with_prose() -> None:
    """In a paragraph a capital letter may follow the end of a full line; in a list it does not."""
    prose = screen(
        "The trial took place in Bergen and was funded by the",
        "Research Council, which is the usual way in a city of",
        "this size.",
    )
    items = screen(
        "Write the minutes of the meeting in the morning",
        "Send them to everybody who has been there or not",
    )

    assert len(sentences_of(prose.rows)) == 1
    assert len(sentences_of(items.rows)) == 2


def test_numbers_of_lines_stay_with_their_lines() -> None:
    """Though blank lines have a number and nothing beside it."""
    pieces = [Piece(str(at), 20, 40 + 30 * at, 40, 58 + 30 * at) for at in range(1, 10)]
    pieces += [
        Piece(f"line number {at} of a program", 80, 40 + 30 * at, 400, 58 + 30 * at)
        for at in range(1, 10, 2)
    ]

    rows = arrange(pieces, 1280, 720).rows

    assert [row.text for row in rows[:2]] == ["1, line number 1 of a program", "2"]


def test_long_cells_of_different_lengths_are_a_table() -> None:
    """Lines of prose are nearly all as wide as their column; cells are not."""
    senders = ["GitHub Notifications", "Margaret Hamilton and others", "Newsletter of the week"]
    subjects = ["Your build has failed", "A very long subject about the moon landing", "Five news"]
    pieces = [
        Piece(text, left, 40 + 30 * at, left + 8 * len(text), 58 + 30 * at)
        for left, column in ((40, senders), (400, subjects))
        for at, text in enumerate(column)
    ]

    assert texts(pieces)[0] == "GitHub Notifications, Your build has failed"


def test_full_width_signs_become_ordinary_ones() -> None:
    """Recognisers trained on Chinese give full-width punctuation."""
    assert texts([Piece("Total\uff1a\uff14\uff12", 40, 40, 120, 58)]) == ["Total:42"]


def test_empty_screen_has_no_title() -> None:
    """Nothing to read is nothing, not an error."""
    empty = arrange([Piece("  ", 0, 0, 9, 9)], 1280, 720)

    assert empty.rows == ()
    assert empty.title is None
    assert empty.paragraphs == ()
