"""What ``/metrics`` says, as the few figures that the demo shows; pure."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.samples import Sample


@dataclass(frozen=True, slots=True)
class Figures:
    """One look at the worker; sums over its tasks."""

    records_read: int = 0
    bytes_read: int = 0
    records_delivered: int = 0
    bytes_delivered: int = 0
    buffered_bytes: int = 0
    budget_bytes: int = 0
    assignments: int = 0
    """How often partitions were given to a task."""
    assume_role_calls: int = 0
    credentials_expire: float | None = None
    lag: dict[int, int] = field(default_factory=dict)
    """Records by partition."""


def read_figures(exposition: str) -> Figures:
    """Out of the Prometheus text."""
    total: dict[str, float] = defaultdict(float)
    lag: dict[int, int] = defaultdict(int)
    for sample in _samples(exposition):
        total[sample.name] += sample.value
        if sample.name == "connector_consumer_lag_records":
            lag[int(sample.labels["partition"])] += int(sample.value)
    return Figures(
        records_read=int(total["connector_records_read_total"]),
        bytes_read=int(total["connector_read_bytes_total"]),
        records_delivered=int(total["connector_records_delivered_total"]),
        bytes_delivered=int(total["connector_delivered_bytes_total"]),
        buffered_bytes=int(total["connector_buffered_bytes"]),
        budget_bytes=int(total["connector_memory_budget_bytes"]),
        assignments=int(total["connector_rebalances_total"]),
        assume_role_calls=int(total["connector_sts_requests_total"]),
        credentials_expire=total["connector_credentials_expiry_timestamp_seconds"] or None,
        lag=dict(sorted(lag.items())),
    )


def _samples(exposition: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(exposition):
        yield from family.samples


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second, over the last few looks."""

    records: float = 0.0
    read_bytes: float = 0.0
    peak_records: float = 0.0


class Speedometer:
    """Rates out of figures that only grow."""

    def __init__(self, looks: int = 6) -> None:
        self._seen: deque[tuple[float, Figures]] = deque(maxlen=looks)
        self._peak = 0.0

    def look(self, now: float, figures: Figures) -> Rates:
        """Args: ``now`` is a monotonic time in seconds."""
        if self._seen and now > self._seen[-1][0]:
            last, before = self._seen[-1]
            rate = (figures.records_read - before.records_read) / (now - last)
            self._peak = max(self._peak, rate)
        self._seen.append((now, figures))
        first, oldest = self._seen[0]
        seconds = now - first
        if seconds <= 0:
            return Rates()
        return Rates(
            (figures.records_read - oldest.records_read) / seconds,
            (figures.bytes_read - oldest.bytes_read) / seconds,
            self._peak,
        )
