"""Kafka's ExtractField: one field becomes the whole key or value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import STRING, required
from connector.config.schema import Config
from connector.errors import Problem
from connector.transforms.field import Change, FieldTransform, Nulls, replaces_null
from connector.transforms.path import (
    reader_by_schema,
    reader_without_schema,
    schema_at,
    steps_of,
    syntax_version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.schema import Schema


class ExtractFieldConfig(Config):
    field = required("field", STRING, "The field to extract.", group="Transform")
    version = syntax_version()
    replaces = replaces_null()

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        try:
            steps_of(self.field or "", self.version)
        except ValueError as error:
            yield Problem("field", str(error))


class ExtractField(FieldTransform):
    """A null stays null; without schema, so is a field that is not there."""

    config_class: ClassVar[type[Config]] = ExtractFieldConfig
    purpose = "field extraction"
    nulls = Nulls.GIVEN

    def __init__(self, config: ExtractFieldConfig) -> None:
        super().__init__(config)
        self._steps = steps_of(config.field, config.version)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, _mapped(reader_without_schema(self._steps)))
        found = schema_at(schema, self._steps)
        if found is None:
            raise ValueError(f"Unknown field: {self.config.field}")
        read = reader_by_schema(schema, self._steps, replaces=self.config.replaces)
        return Change(found, _mapped(read))


def _mapped(read: Callable[[Any], Any]) -> Callable[[list[Any], Any], list[Any]]:
    return lambda values, _: [None if value is None else read(value) for value in values]


class ExtractFieldKey(ExtractField):
    column = "keys"
    columns = frozenset({"keys"})


class ExtractFieldValue(ExtractField):
    column = "values"
    columns = frozenset({"values"})
