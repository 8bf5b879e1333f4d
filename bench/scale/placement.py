"""Where sessions lie in a Redis Cluster: ids to slots to shards. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SLOTS = 16_384
ID_CHARS = 22
_POLYNOMIAL = 0x1021
_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8
)

Ints = NDArray[np.int64]


def new_ids(count: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Return ids as the gateway makes them: a row of 22 characters for each."""
    return _ALPHABET[chance.integers(0, len(_ALPHABET), (count, ID_CHARS))]


def slots_of(tags: NDArray[np.uint8]) -> Ints:
    """Return the slot of each hash tag, a row of characters: CRC-16 (XMODEM) modulo 16 384.

    Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
    """
    crc = np.zeros(len(tags), np.int64)
    for column in tags.T:
        crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ column]
    return crc % SLOTS


def shards_of(slots: Ints, shards: int) -> Ints:
    """Return which shard holds each slot: as many slots in a row for each, as `redis-cli` does."""
    return slots * shards // SLOTS


def _table() -> Ints:
    crc = np.arange(256, dtype=np.int64) << 8
    for _ in range(8):
        crc = np.where(crc & 0x8000, (crc << 1) ^ _POLYNOMIAL, crc << 1) & 0xFFFF
    return crc


_TABLE = _table()
