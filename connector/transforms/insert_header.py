"""Kafka's InsertHeader: adds a header with a fixed value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector.config.option import STRING, required
from connector.config.schema import Config
from connector.literal import parse_literal
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from connector.record import RecordBatch


class InsertHeaderConfig(Config):
    header = required("header", STRING, "The name of the header.", group="Transform")
    literal = required(
        "value.literal",
        STRING,
        "The value; what reads as a number, boolean, date, list or map becomes one, else it is a text.",
        group="Transform",
    )


class InsertHeader(Transform):
    """Headers of the same name stay."""

    config_class: ClassVar[type[Config]] = InsertHeaderConfig
    columns = frozenset({"headers"})

    def __init__(self, config: InsertHeaderConfig) -> None:
        super().__init__(config)
        self._header = (config.header, parse_literal(config.literal))

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.with_columns(headers=[[*(headers or ()), self._header] for headers in batch.headers])
