"""The one error of the launcher."""

from __future__ import annotations


class CannotGoOn(Exception):
    """Something that the person at the keyboard has to know; its text is one plain sentence."""
