"""Counters and gauges of this process, for ``GET /metrics``. A drop without a counter is a bug."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("overshoulder_gateway_connections", "Clients connected now", ["door"])
OPENED = Counter("overshoulder_gateway_opened_total", "Clients checked in", ["door", "resumed"])
CLOSED = Counter("overshoulder_gateway_closed_total", "Clients gone, by close code", ["code"])
REFUSED = Counter("overshoulder_gateway_refused_total", "Upgrades refused", ["reason"])
UPLINK = Counter("overshoulder_gateway_uplink_total", "Entries stored", ["kind"])
UPLINK_BYTES = Counter("overshoulder_gateway_uplink_bytes_total", "Bytes stored", ["kind"])
SKIPPED = Counter("overshoulder_gateway_skipped_total", "Client messages skipped", ["code"])
DOWNLINK = Counter("overshoulder_gateway_downlink_total", "Messages sent to clients", ["kind"])
FILLED = Counter("overshoulder_gateway_filled_total", "Entries read from Redis to fill holes")
REPLACED_PICTURES = Counter(
    "overshoulder_gateway_replaced_pictures_total", "Pictures that gave way to a newer one"
)


@cache
def uplink(kind: str) -> tuple[Counter, Counter]:
    """Return the counters of entries and bytes of a kind; to look them up costs most of it."""
    return UPLINK.labels(kind), UPLINK_BYTES.labels(kind)
