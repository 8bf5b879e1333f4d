"""Marks in sound: what is put in is found again, however the sound was merged or cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.marks import REPLY_BYTES, ChunkMark, ReplyMark, ReplyReader, Wish, marks_in

REPLIES = [ReplyMark(sent_ns, 1_280 * sent_ns, 2) for sent_ns in (1, 2, 3)]
SOUND = b"".join(mark.pack().ljust(REPLY_BYTES, b"\0") for mark in REPLIES)


def test_merged_chunks_are_told_apart() -> None:
    """A message that holds two chunks has two marks."""
    marks = [ChunkMark(640, Wish.NOTHING, 7), ChunkMark(640, Wish.REPLY, 8)]

    merged = b"".join(mark.pack().ljust(640, b"\1") for mark in marks)

    assert list(marks_in(merged)) == marks


def test_a_chunk_that_was_cut_is_noticed() -> None:
    """What does not begin with a mark is no chunk."""
    chunk = ChunkMark(640, Wish.REPLY, 7).pack().ljust(640, b"\1")

    with pytest.raises(ValueError, match="no chunk begins at byte 640"):
        list(marks_in(chunk + chunk[2:]))


@given(st.lists(st.integers(0, len(SOUND)), max_size=20))
def test_replies_are_found_wherever_the_sound_is_cut(cuts: list[int]) -> None:
    """Each is found once, in order."""
    reader = ReplyReader()
    edges = [0, *sorted(cuts), len(SOUND)]

    found = [reader.feed(SOUND[a:b]) for a, b in pairwise(edges)]

    assert [mark for marks in found for mark in marks] == REPLIES


def test_silence_between_replies_is_passed_over() -> None:
    """A server that fills up the last piece of a turn has lost nothing."""
    reader = ReplyReader()

    found = reader.feed(SOUND[:REPLY_BYTES] + bytes(960) + SOUND[REPLY_BYTES:])

    assert found == REPLIES


def test_sound_that_is_missing_is_noticed() -> None:
    """A hole puts something else where the next reply should begin."""
    reader = ReplyReader()
    reader.feed(SOUND[:REPLY_BYTES])

    with pytest.raises(ValueError, match="no reply begins"):
        reader.feed(b"\1" * 100)
