"""Aiven's ConcatFields: a new field with the texts of others, one behind the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, STRING, Importance, defaulted, non_empty, required
from connector.config.schema import Config
from connector.schema import OPTIONAL_STRING, Field, Schema, Type
from connector.transforms.aiven.text import java_text
from connector.transforms.field import Change, FieldTransform, Nulls, copies, defaults_of, struct_like

if TYPE_CHECKING:
    from connector.transforms.field import Rows


class ConcatFieldsConfig(Config):
    fields = required(
        "field.names", LIST, "The fields whose texts are joined, in this order.", group="Transform"
    )
    output = required(
        "output.field.name", STRING, "The field for the result.", validate=non_empty, group="Transform"
    )
    absent = defaulted(
        "field.replace.missing",
        STRING,
        "",
        "What stands for a field that is null or not there.",
        importance=Importance.HIGH,
        group="Transform",
    )
    delimiter = defaulted(
        "delimiter",
        STRING,
        "",
        "What stands between the texts.",
        importance=Importance.HIGH,
        group="Transform",
    )


class ConcatFields(FieldTransform):
    """A schema loses its name, as with Aiven's."""

    config_class: ClassVar[type[Config]] = ConcatFieldsConfig
    purpose = "concatenation of fields"
    nulls = Nulls.FAIL

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, lambda values, _: self._with_text(copies(values)))
        fields = [*schema.fields, Field(self.config.output, OPTIONAL_STRING)]
        new = struct_like(Schema(Type.STRUCT), fields)
        defaults = defaults_of(schema, replaces=True)

        def apply(values: list[Any], _: Rows) -> list[Any]:
            return self._with_text(copies(values, defaults))

        return Change(new, apply)

    def _with_text(self, rows: list[dict[str, Any]]) -> list[Any]:
        for row in rows:
            row[self.config.output] = self.config.delimiter.join(
                self.config.absent if (value := row.get(name)) is None else java_text(value)
                for name in self.config.fields
            )
        return rows


class ConcatFieldsKey(ConcatFields):
    column = "keys"
    columns = frozenset({"keys"})


class ConcatFieldsValue(ConcatFields):
    column = "values"
    columns = frozenset({"values"})
