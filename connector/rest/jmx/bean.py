"""What Kafka Connect's metrics are called, once an exporter has taken them from JMX to Prometheus.

jmx_exporter has no names of its own: its rules make them of the type and attribute of a bean. Two sets
of rules are common, Confluent's and Strimzi's, which began as jmx_exporter's own example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from prometheus_client import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_METRICS = "-metrics"
_TOTAL = "-total"
_NAMED_ALONE = ("connect-", "consumer-")
"""Strimzi puts the domain before all other types."""


class Style(StrEnum):
    """Whose rules the names follow."""

    CONFLUENT = "confluent"
    STRIMZI = "strimzi"


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of one attribute of one bean.

    Attributes:
        bean: Its type, e.g. ``sink-task-metrics``.
        attribute: E.g. ``sink-record-read-total``.
        labels: What else the bean's name says, e.g. ``{"connector": "orders", "task": "0"}``.
        value: A number; of an attribute that is text 1, and the text is ``text``.
        text: The attribute's, if it is no number.
    """

    bean: str
    attribute: str
    labels: Mapping[str, str]
    value: float
    text: str | None = None


def families(readings: Iterable[Reading], style: Style) -> Iterator[Metric]:
    """The readings under the names that the rules make of them."""
    found: dict[str, Metric] = {}
    for reading in readings:
        name, labels = _confluent(reading) if style is Style.CONFLUENT else _strimzi(reading)
        name = _legal(name)
        if name not in found:
            kind = "counter" if reading.attribute.endswith(_TOTAL) else "gauge"
            found[name] = Metric(name.removesuffix("_total"), f"{reading.attribute} of {reading.bean}", kind)
        # One name may have the texts of several attributes, each under a label of its own.
        found[name].add_sample(name, {_legal(label): text for label, text in labels.items()}, reading.value)
    yield from found.values()


def _confluent(reading: Reading) -> tuple[str, Mapping[str, str]]:
    domain = _domain(reading)
    labels = dict(reading.labels)
    if domain == "consumer":
        labels = {"client_type": domain, **labels}
    elif reading.bean == "connect-worker-metrics" and not labels:
        labels = {"connector": "aggregate"}
    if reading.text is None:
        return f"kafka_{domain}_{reading.bean}_{reading.attribute}", labels
    labels[reading.attribute] = reading.text
    if reading.bean == "connector-metrics":
        return f"kafka_{domain}_{reading.bean}", labels
    return f"kafka_{domain}_{reading.bean}_{reading.attribute}", labels


def _strimzi(reading: Reading) -> tuple[str, Mapping[str, str]]:
    bean = reading.bean.removesuffix(_METRICS)
    domain = "" if bean.startswith(_NAMED_ALONE) else f"{_domain(reading)}_"
    labels = {name.replace("client-id", "clientid"): value for name, value in reading.labels.items()}
    if reading.text is not None:
        labels[reading.attribute] = reading.text
    return f"kafka_{domain}{bean}_{reading.attribute}", labels


def _domain(reading: Reading) -> str:
    return "consumer" if reading.bean.startswith("consumer-") else "connect"


def _legal(name: str) -> str:
    return name.replace("-", "_")
