"""PromQL about the series that a dashboard has chosen."""

from __future__ import annotations

from dataclasses import dataclass

RATE = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Series:
    """Those with these labels, written as PromQL has them between braces."""

    labels: str

    def of(self, metric: str, more: str = "") -> str:
        """The series of a metric; ``more`` are further labels."""
        return f"{metric}{{{', '.join(filter(None, (self.labels, more)))}}}"

    def total(self, metric: str, by: str = "", more: str = "") -> str:
        return f"sum{_by(by)}({self.of(metric, more)})"

    def most(self, metric: str, by: str = "", more: str = "") -> str:
        return f"max{_by(by)}({self.of(metric, more)})"

    def rate(self, metric: str, by: str = "", more: str = "") -> str:
        """In a second."""
        return f"sum{_by(by)}(rate({self.of(metric, more)}[{RATE}]))"

    def growth(self, metric: str, by: str = "", more: str = "", over: str = RATE) -> str:
        return f"sum{_by(by)}(increase({self.of(metric, more)}[{over}]))"

    def slowest(self, histogram: str, by: str = "") -> str:
        """What 99 of 100 stay below."""
        buckets = f"{histogram}_bucket"
        return f"histogram_quantile(0.99, {self.rate(buckets, f'{by}, le' if by else 'le')})"


def or_zero(query: str) -> str:
    """What has never happened has no series."""
    return f"{query} or vector(0)"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
