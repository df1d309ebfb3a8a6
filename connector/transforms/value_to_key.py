"""Kafka's ValueToKey: fields of the value become the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, required
from connector.config.schema import Config
from connector.schema import Field, Schema, Type
from connector.transforms.base import non_empty_list
from connector.transforms.field import Change, FieldTransform, Nulls, replaces_null

if TYPE_CHECKING:
    from connector.record import RecordBatch
    from connector.transforms.field import Rows


class ValueToKeyConfig(Config):
    fields = required(
        "fields",
        LIST,
        "The fields of the value that the new key has, in this order.",
        validate=non_empty_list,
        group="Transform",
    )
    replaces = replaces_null()


class ValueToKey(FieldTransform):
    """The value stays as it is. Without schema, a field that is not there is null in the key."""

    config_class: ClassVar[type[Config]] = ValueToKeyConfig
    columns = frozenset({"keys", "values"})
    column = "values"
    purpose = "copying fields from value to key"
    nulls = Nulls.FAIL

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.with_columns(keys=self.changed(batch, batch.values))

    def change(self, schema: Schema | None) -> Change:
        names = list(dict.fromkeys(self.config.fields))
        if schema is None:
            return Change(None, lambda values, _: [{name: row.get(name) for name in names} for row in values])
        known = {found.name: found.schema for found in schema.fields}
        if missing := next((name for name in names if name not in known), None):
            raise ValueError(f"Field does not exist: {missing}")
        defaults = {name: known[name].default if self.config.replaces else None for name in names}

        def pick(values: list[Any], _: Rows) -> list[Any]:
            return [
                {
                    name: default if (found := row.get(name)) is None else found
                    for name, default in defaults.items()
                }
                for row in values
            ]

        return Change(Schema(Type.STRUCT, fields=tuple(Field(name, known[name]) for name in names)), pick)
