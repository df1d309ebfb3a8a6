"""Aiven's ExtractTimestamp: a field becomes the time of the record, which objects may be named after."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import STRING, defaulted, non_empty, one_of, required
from connector.config.schema import Config
from connector.schema import Type
from connector.transforms.aiven.rows import field_schema, runs, value_at
from connector.transforms.base import Transform
from connector.transforms.moment import millis_of

if TYPE_CHECKING:
    from connector.record import RecordBatch
    from connector.schema import Schema

_RESOLUTIONS = ("milliseconds", "seconds")


class ExtractTimestampConfig(Config):
    field = required("field.name", STRING, "The field with the time.", validate=non_empty, group="Transform")
    resolution = defaulted(
        "timestamp.resolution",
        STRING,
        "milliseconds",
        "What numbers count since 1970: milliseconds or seconds.",
        validate=one_of(*_RESOLUTIONS),
        choices=_RESOLUTIONS,
        group="Transform",
    )


class ExtractTimestamp(Transform):
    """The field must be there, as an integer of 64 bits or one of Connect's moments."""

    config_class: ClassVar[type[Config]] = ExtractTimestampConfig
    column: ClassVar[str]

    def apply(self, batch: RecordBatch) -> RecordBatch:
        name = self.config.field
        timestamps: list[int] = []
        for schema, values in runs(getattr(batch, self.column)):
            found = field_schema(schema, name) if schema is not None else None
            timestamps += [self._time(row, found) for row in values]
        return batch.with_columns(timestamps=timestamps)

    def _time(self, row: Any, schema: Schema | None) -> int:
        name = self.config.field
        if not isinstance(row, dict):
            kind = self.column.removesuffix("s")
            raise ValueError(f"{kind} type must be STRUCT or MAP")  # noqa: TRY004 - what transforms raise
        value = value_at(row, name, schema)
        if value is None:
            raise ValueError(f"{name} field must be present and its value can't be null")
        if isinstance(value, date | time):
            return millis_of(value)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or (schema and schema.type is not Type.INT64)
        ):
            raise ValueError(f"{name} field must be INT64 or org.apache.kafka.connect.data.Timestamp")
        return value * 1000 if self.config.resolution == "seconds" else value


class ExtractTimestampKey(ExtractTimestamp):
    column = "keys"
    columns = frozenset({"keys"})


class ExtractTimestampValue(ExtractTimestamp):
    column = "values"
    columns = frozenset({"values"})
