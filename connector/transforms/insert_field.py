"""Kafka's InsertField: puts where a record is from, its time, or a text into its key or value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from connector.config.option import STRING, Option, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.schema import TIMESTAMP, Field, Schema, Type
from connector.transforms.field import Change, FieldTransform, copies, defaults_of, replaces_null, struct_like
from connector.transforms.simple_date import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.transforms.field import Rows

_MARKS = " ! behind the name makes it required, ? optional, as it is without a mark."


def _field(what: str) -> Option[str | None]:
    return optional(f"{what}.field", STRING, f"The field for the {what}.{_MARKS}", group="Transform")


class InsertFieldConfig(Config):
    topic = _field("topic")
    partition = _field("partition")
    offset = _field("offset")
    timestamp = _field("timestamp")
    static = optional("static.field", STRING, f"The field for a fixed text.{_MARKS}", group="Transform")
    text = optional("static.value", STRING, "The fixed text.", group="Transform")
    replaces = replaces_null()

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if not any((self.topic, self.partition, self.offset, self.timestamp, self.static)):
            yield Problem("topic.field", "No field insertion configured: set one of the options *.field.")
        if self.static and self.text is None:
            yield Problem("static.value", f"No value specified for static field: {self.static}")


class _Insertion(NamedTuple):
    source: str
    name: str
    schema: Schema


_SCHEMAS = {
    "topic": Schema(Type.STRING),
    "partition": Schema(Type.INT32),
    "offset": Schema(Type.INT64),
    "timestamp": Schema(Type.INT64, name=TIMESTAMP, version=1),
    "static": Schema(Type.STRING),
}


class InsertField(FieldTransform):
    """Nulls pass. What has a schema gets the timestamp as a Timestamp, what has none as milliseconds."""

    config_class: ClassVar[type[Config]] = InsertFieldConfig
    purpose = "field insertion"

    def __init__(self, config: InsertFieldConfig) -> None:
        super().__init__(config)
        self._insertions = [
            _insertion(source, spec) for source in _SCHEMAS if (spec := getattr(config, source)) is not None
        ]

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, lambda values, rows: self._inserted(values, rows, is_plain=True))
        added = [Field(each.name, each.schema) for each in self._insertions]
        defaults = defaults_of(schema, replaces=self.config.replaces)

        def insert(values: list[Any], rows: Rows) -> list[Any]:
            values = copies(values, defaults) if defaults else values
            return self._inserted(values, rows, is_plain=False)

        return Change(struct_like(schema, [*schema.fields, *added]), insert)

    def _inserted(self, values: list[Any], rows: Rows, *, is_plain: bool) -> list[Any]:
        same, columns = self._sources(rows, is_plain=is_plain)
        if not columns:
            return [{**value, **same} for value in values]
        result = [{**value, **same} for value in values]
        for name, column in columns:
            for row, given in zip(result, column, strict=True):
                # Where there is no timestamp, a map gets no field; a struct has it anyway.
                if given is not None or not is_plain:
                    row[name] = given
        return result

    def _sources(
        self, rows: Rows, *, is_plain: bool
    ) -> tuple[dict[str, Any], list[tuple[str, Sequence[Any]]]]:
        """What is the same for all records, and what is not."""
        same: dict[str, Any] = {}
        columns: list[tuple[str, Sequence[Any]]] = []
        batch = rows.batch
        for source, name, _ in self._insertions:
            match source:
                case "topic" if batch.has_one_topic:
                    same[name] = batch.topic
                case "topic":
                    columns.append((name, rows.of(batch.topics)))
                case "partition":
                    same[name] = batch.topic_partition.partition
                case "offset":
                    columns.append((name, rows.of(batch.offsets)))
                case "timestamp":
                    columns.append((name, _times(rows.of(batch.timestamps), is_plain=is_plain)))
                case "static":
                    same[name] = self.config.text
        return same, columns


def _insertion(source: str, spec: str) -> _Insertion:
    is_required = spec.endswith("!")
    name = spec[:-1] if spec.endswith(("!", "?")) else spec
    return _Insertion(source, name, _SCHEMAS[source].as_optional(optional=not is_required))


def _times(timestamps: Sequence[int | None], *, is_plain: bool) -> Sequence[Any]:
    if is_plain:
        return timestamps
    return [None if timestamp is None else moment_of(timestamp) for timestamp in timestamps]


class InsertFieldKey(InsertField):
    column = "keys"
    columns = frozenset({"keys", "timestamps"})


class InsertFieldValue(InsertField):
    column = "values"
    columns = frozenset({"values", "timestamps"})
