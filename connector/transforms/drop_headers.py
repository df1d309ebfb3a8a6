"""Kafka's DropHeaders: leaves headers out by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector.config.option import LIST, required
from connector.config.schema import Config
from connector.transforms.base import Transform, non_empty_list

if TYPE_CHECKING:
    from connector.record import RecordBatch


class DropHeadersConfig(Config):
    headers = required(
        "headers",
        LIST,
        "The names of the headers to leave out, letter case included.",
        validate=non_empty_list,
        group="Transform",
    )


class DropHeaders(Transform):
    """All headers of a name go, if there are several."""

    config_class: ClassVar[type[Config]] = DropHeadersConfig
    columns = frozenset({"headers"})

    def __init__(self, config: DropHeadersConfig) -> None:
        super().__init__(config)
        self._names = frozenset(config.headers)

    def apply(self, batch: RecordBatch) -> RecordBatch:
        names = self._names
        return batch.with_columns(
            headers=[
                headers and [header for header in headers if header[0] not in names]
                for headers in batch.headers
            ]
        )
