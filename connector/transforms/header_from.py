"""Kafka's HeaderFrom: fields of the key or value become headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import schemas_of
from connector.config.option import LIST, STRING, one_of, required
from connector.config.schema import Config
from connector.errors import Problem
from connector.transforms.base import non_empty_list
from connector.transforms.field import (
    Change,
    FieldTransform,
    Nulls,
    copies,
    defaults_of,
    replaces_null,
    struct_like,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.record import RecordBatch
    from connector.schema import Schema
    from connector.transforms.field import Rows


class HeaderFromConfig(Config):
    fields = required("fields", LIST, "The fields to take.", validate=non_empty_list, group="Transform")
    headers = required(
        "headers",
        LIST,
        "The names of the headers, one for each field, in the same order.",
        validate=non_empty_list,
        group="Transform",
    )
    operation = required(
        "operation",
        STRING,
        "move takes the fields out of the key or value, copy leaves them there.",
        validate=one_of("move", "copy"),
        choices=("move", "copy"),
        group="Transform",
    )
    replaces = replaces_null()

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.fields and self.headers and len(self.fields) != len(self.headers):
            yield Problem(
                "fields", "'fields' config must have the same number of elements as 'headers' config."
            )


class HeaderFrom(FieldTransform):
    """Headers of the same name stay. A null key or value fails."""

    config_class: ClassVar[type[Config]] = HeaderFromConfig
    nulls = Nulls.FAIL

    def __init__(self, config: HeaderFromConfig) -> None:
        super().__init__(config)
        self.purpose = f"header {config.operation}"  # type: ignore[misc] # Kafka names the operation
        self._moves = config.operation == "move"

    def apply(self, batch: RecordBatch) -> RecordBatch:
        column = getattr(batch, self.column)
        changed = self.changed(batch, column)
        added = self._headers(column)
        headers = [[*(old or ()), *new] for old, new in zip(batch.headers, added, strict=True)]
        return batch.with_columns(**{self.column: changed, "headers": headers})

    def change(self, schema: Schema | None) -> Change:
        fields = set(self.config.fields)
        if schema is None:
            return Change(None, self._moved if self._moves else lambda values, _: values)
        if missing := next((name for name in self.config.fields if name not in _names(schema)), None):
            raise ValueError(f"Unknown field: {missing}")
        if not self._moves:
            return Change(schema, lambda values, _: values)
        new = struct_like(schema, [found for found in schema.fields if found.name not in fields])
        defaults = defaults_of(new, replaces=self.config.replaces)

        def move(values: list[Any], rows: Rows) -> list[Any]:
            moved = self._moved(values, rows)
            return copies(moved, defaults) if defaults else moved

        return Change(new, move)

    def _moved(self, values: list[Any], _: Rows) -> list[Any]:
        fields = set(self.config.fields)
        return [{name: found for name, found in row.items() if name not in fields} for row in values]

    def _headers(self, column: Sequence[Any]) -> Iterator[list[tuple[str, Any]]]:
        """The new headers of each record."""
        pairs = list(zip(self.config.fields, self.config.headers, strict=True))
        schemas = schemas_of(column)
        runs = schemas.runs(len(column)) if schemas else [(0, len(column), None)]
        for start, end, schema in runs:
            defaults = dict(defaults_of(schema, replaces=self.config.replaces)) if schema else {}
            for row in column[start:end]:
                found = ((header, row.get(name), defaults.get(name)) for name, header in pairs)
                yield [(header, default if value is None else value) for header, value, default in found]


def _names(schema: Schema) -> set[str]:
    return {found.name for found in schema.fields}


class HeaderFromKey(HeaderFrom):
    column = "keys"
    columns = frozenset({"keys", "headers"})


class HeaderFromValue(HeaderFrom):
    column = "values"
    columns = frozenset({"values", "headers"})
