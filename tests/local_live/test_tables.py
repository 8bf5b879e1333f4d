"""Tables, from where their cells stand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from local_live.amounts import amount_of, written
from local_live.layout import Piece, arrange
from local_live.tables import Table, find_tables
from tests.local_live.samples import screen


def tables_of(*lines: str) -> tuple[Table, ...]:
    return find_tables(screen(*lines).rows)


def test_headings_are_told_from_rows() -> None:
    """Words above numbers are headings, and so are years; the rest are rows."""
    words, years = (
        tables_of("Item|Price", "Tea|3", "Cake|5"),
        tables_of("|", "City|2040|2041", "Oslo|1|2"),
    )

    assert (words[0].header, len(words[0].rows)) == (("Item", "Price"), 2)
    assert years[0].header == ("City", "2040", "2041")


@pytest.mark.parametrize(
    "lines",
    [
        ("Language|English", "Theme|Dark", "Sync|Off"),
        ("09:00|Standup|Room 4", "10:30|Review|Room 2"),
        ("Name:|Ada", "Age:|36"),
    ],
)
def test_form_or_list_has_no_headings(lines: tuple[str, ...]) -> None:
    """The first pair of a form is a pair like the others."""
    (table,) = tables_of(*lines)

    assert not table.has_header
    assert len(table.rows) == len(lines)


def test_empty_cells_keep_their_column() -> None:
    """A value stands below its heading, though the cell before it is empty."""
    pieces = [
        Piece(text, left, 40 + 30 * row, left + 60, 58 + 30 * row)
        for row, cells in enumerate(
            [
                {"Item": 40, "Planned": 300, "Spent": 500},
                {"Taxi": 40, "31": 540},
                {"Hotel": 40, "20": 340, "25": 540},
            ]
        )
        for text, left in cells.items()
    ]

    (table,) = find_tables(arrange(pieces, 1280, 720).rows)

    assert table.rows == (("Taxi", "", "31"), ("Hotel", "20", "25"))


def test_cells_read_as_one_are_divided() -> None:
    """Two numbers, or a name and a number, in one box go to the columns they stand in."""
    pieces = [
        Piece(text, left, 40 + 30 * row, right, 58 + 30 * row)
        for row, cells in enumerate(
            [
                [("Item", 40, 100), ("Planned", 300, 370), ("Spent", 400, 450)],
                [("Hotels", 40, 110), ("2,300   1,975", 300, 450)],
                [("Meals", 40, 110), ("650", 300, 340), ("702", 400, 450)],
                [("Train tickets 180", 40, 370), ("164", 400, 450)],
                [("Taxi", 40, 110), ("20", 300, 340), ("25", 400, 450)],
            ]
        )
        for text, left, right in cells
    ]

    (table,) = find_tables(arrange(pieces, 1280, 720).rows)

    assert table.rows[0] == ("Hotels", "2,300", "1,975")
    assert table.rows[2] == ("Train tickets", "180", "164")


def test_letters_and_numbers_of_a_spreadsheet_are_no_cells() -> None:
    """What the program itself draws around the cells is left out."""
    pieces = [
        Piece(
            text, 20 + 200 * column, 40 + 30 * row, 30 + 200 * column + 8 * len(text), 58 + 30 * row
        )
        for row, line in enumerate(["|A|B", "1|Item|Price", "2|Tea|3", "3|Cake|5"])
        for column, text in enumerate(line.split("|"))
    ]

    (table,) = find_tables(arrange(pieces, 1280, 720).rows)

    assert table.header == ("Item", "Price")
    assert table.rows == (("Tea", "3"), ("Cake", "5"))


def test_toolbar_above_a_table_is_no_part_of_it() -> None:
    """Rows that stand in other columns are tables of their own, or none."""
    tables = tables_of("File|Edit|View|Insert|Help", "Item|Price", "Tea|3", "Cake|5", "Pie|4")

    assert tables[0].header == ("Item", "Price")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,840", "1840"),
        ("$1,840.50", "1840.50"),
        ("12%", "12"),
        ("(1,200)", "-1200"),
        ("-5", "-5"),
        ("\u20ac 12.5", "12.5"),
        ("1.234,50", "1234.50"),
        ("3.5k", "3500"),
        ("14 KB", "14"),
    ],
)
def test_amounts_are_read(text: str, value: str) -> None:
    """Separators, currencies, percent signs, units, and both ways to write a minus."""
    amount = amount_of(text)

    assert amount is not None
    assert amount.value == Decimal(value)


@pytest.mark.parametrize("text", ["12 May", "09:30", "Room 4", "9 am", "", "10\u201312", "3 of 4"])
def test_other_figures_are_no_amounts(text: str) -> None:
    """Dates, times and names are not added up."""
    assert amount_of(text) is None


def test_sum_is_written_as_its_parts_are() -> None:
    """With their currency, their decimals and their separators."""
    parts = [amount_of("$1,200.50"), amount_of("$99.50")]
    read = [part for part in parts if part is not None]

    assert written(Decimal(1300), read) == "$1,300.00"
