"""Kafka's HoistField: wraps the key or value into a struct or map of one field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from connector.column import JsonColumn
from connector.config.option import STRING, required
from connector.config.schema import Config
from connector.schema import Field, Schema, Type
from connector.transforms.field import Change, FieldTransform, Nulls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch


class HoistFieldConfig(Config):
    field = required("field", STRING, "The name of the one field.", group="Transform")


class HoistField(FieldTransform):
    """A null is wrapped as well; JSON stays text."""

    config_class: ClassVar[type[Config]] = HoistFieldConfig
    purpose = "hoisting"
    nulls = Nulls.GIVEN

    def __init__(self, config: HoistFieldConfig) -> None:
        super().__init__(config)
        self._head = b"{%b:" % msgspec.json.encode(config.field)

    @property
    def takes_any(self) -> bool:
        return True

    def changed(self, batch: RecordBatch, column: Sequence[Any]) -> Sequence[Any]:
        texts = column.texts if isinstance(column, JsonColumn) and column.schemas is None else None
        if texts is None:
            return super().changed(batch, column)
        return JsonColumn([self._head + (b"null" if text is None else text) + b"}" for text in texts])

    def change(self, schema: Schema | None) -> Change:
        name = self.config.field
        return Change(self._wrapping(schema), lambda values, _: [{name: value} for value in values])

    def _wrapping(self, schema: Schema | None) -> Schema | None:
        return Schema(Type.STRUCT, fields=(Field(self.config.field, schema),)) if schema else None


class HoistFieldKey(HoistField):
    column = "keys"
    columns = frozenset({"keys"})


class HoistFieldValue(HoistField):
    column = "values"
    columns = frozenset({"values"})
