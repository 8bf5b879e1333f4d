"""Numbers as people write them: separators, currencies, percent signs, units. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_CURRENCY = r"[$€£¥]|USD|EUR|GBP|CHF"
_FIGURES = r"\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?"
# "12 May" and "9 am" are no amounts.
_NO_UNIT = r"(?!(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|[ap]m\b))"
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+\u2212\u2013])?(?P<before>{_CURRENCY})?\s?(?P<inner>[-\u2212])?"
    rf"(?P<figures>{_FIGURES})\s?(?P<after>%|{_CURRENCY}|{_NO_UNIT}[A-Za-z]{{1,7}}\b)?\)?"
)
_CLOCK = re.compile(
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s?(?P<half>[ap]m)?\b", re.IGNORECASE
)
_THOUSANDS = re.compile(r"[,' ](?=\d{3})")
_SCALES = {"k": 1_000, "K": 1_000, "M": 1_000_000, "bn": 1_000_000_000, "B": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and how it was written."""

    value: Decimal
    before: str = ""
    """A currency sign in front of it."""
    after: str = ""
    """A percent sign, a currency or a unit behind it."""
    decimals: int = 0
    is_grouped: bool = False
    """Thousands are set apart."""

    @property
    def is_money(self) -> bool:
        """Whether a currency stands beside it."""
        return bool(self.before) or bool(re.fullmatch(_CURRENCY, self.after))

    @property
    def unit(self) -> str:
        """What must be the same in two amounts for them to be compared."""
        return self.before or self.after


def amount_of(text: str) -> Amount | None:
    """Read ``text`` as one number; None if it is anything else."""
    found = _AMOUNT.fullmatch(text.strip())
    return _read(found) if found else None


def first_amount(text: str) -> Amount | None:
    """Return the first number within ``text``."""
    found = _AMOUNT.search(text)
    return _read(found) if found else None


def time_of_day(text: str) -> int | None:
    """Return the first time of day in ``text``, in minutes since midnight."""
    found = _CLOCK.search(text)
    if not found:
        return None
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"].lower() == "pm")
    return 60 * hour + int(found["minute"])


def comparable(amounts: Sequence[Amount | None]) -> list[Amount] | None:
    """Return ``amounts`` if they can be compared and added: all there, and of one unit."""
    read = [amount for amount in amounts if amount is not None]
    if not read or len(read) < len(amounts) or len({amount.unit for amount in read}) > 1:
        return None
    return read


def written(value: Decimal, like: Sequence[Amount]) -> str:
    """Write ``value`` as the amounts that it comes from are written."""
    decimals = max(amount.decimals for amount in like)
    grouped = any(amount.is_grouped for amount in like) or abs(value) >= 10_000
    figures = f"{abs(value):{',' if grouped else ''}.{decimals}f}"
    first = like[0]
    gap = " " if len(first.after) > 1 else ""
    return f"{'-' if value < 0 else ''}{first.before}{figures}{gap}{first.after}"


def _read(found: re.Match[str]) -> Amount:
    figures, after = found["figures"], found["after"] or ""
    is_grouped = bool(_THOUSANDS.search(figures)) or figures.count(".") + figures.count(",") > 1
    if re.search(r"\.\d{3}.*,", figures):
        figures = figures.replace(".", "").replace(",", ".")
    plain = _THOUSANDS.sub("", figures).replace(",", ".")
    value = Decimal(plain)
    decimals = len(plain.partition(".")[2])
    if scale := _SCALES.get(after):
        value, after, decimals = value * scale, "", 0
    if found["open"] or (found["sign"] or "+") != "+" or found["inner"]:
        value = -value
    return Amount(value, found["before"] or "", after, decimals, is_grouped)
