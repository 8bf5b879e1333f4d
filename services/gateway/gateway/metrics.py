"""Counters and gauges of this process, for ``GET /metrics``. A drop without a counter is a bug."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONNECTIONS = Gauge("overshoulder_gateway_connections", "Clients connected now", ["door"])
OPENED = Counter("overshoulder_gateway_opened_total", "Clients checked in", ["door", "resumed"])
CLOSED = Counter("overshoulder_gateway_closed_total", "Clients gone, by close code", ["code"])
REFUSED = Counter("overshoulder_gateway_refused_total", "Upgrades refused", ["reason"])
SKIPPED = Counter("overshoulder_gateway_skipped_total", "Client messages skipped", ["code"])
FILLED = Counter("overshoulder_gateway_filled_total", "Entries read from Redis to fill holes")
REPLACED_PICTURES = Counter(
    "overshoulder_gateway_replaced_pictures_total", "Pictures that gave way to a newer one"
)


class Traffic(Collector):
    """What passes all the time: plain numbers, which become metrics when somebody asks.

    Prometheus' own counters take a lock for each message.
    """

    def __init__(self) -> None:
        self.stored: Counted[str] = Counted()
        self.stored_bytes: Counted[str] = Counted()
        self.sent: Counted[str] = Counted()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counters."""
        for name, text, counted in (
            ("uplink", "Entries stored", self.stored),
            ("uplink_bytes", "Bytes stored", self.stored_bytes),
            ("downlink", "Messages sent to clients", self.sent),
        ):
            family = CounterMetricFamily(f"overshoulder_gateway_{name}", text, labels=["kind"])
            for kind, number in counted.items():
                family.add_metric([kind], number)
            yield family


TRAFFIC = Traffic()
REGISTRY.register(TRAFFIC)
