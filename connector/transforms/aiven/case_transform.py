"""Aiven's CaseTransform: texts in fields become upper or lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, STRING, one_of, required
from connector.config.schema import Config
from connector.schema import Type
from connector.transforms.aiven.text import java_text
from connector.transforms.field import Change, FieldTransform, Nulls, copies, defaults_of

if TYPE_CHECKING:
    from connector.schema import Schema
    from connector.transforms.field import Rows

_CASES = ("lower", "upper")


class CaseTransformConfig(Config):
    fields = required("field.names", LIST, "The fields whose texts change.", group="Transform")
    case = required(
        "case",
        STRING,
        "What they become: lower or upper.",
        validate=one_of(*_CASES),
        choices=_CASES,
        group="Transform",
    )


class CaseTransform(FieldTransform):
    """With a schema only texts change; without one everything becomes text, and what is missing null."""

    config_class: ClassVar[type[Config]] = CaseTransformConfig
    purpose = "case transformation"
    nulls = Nulls.FAIL

    def __init__(self, config: CaseTransformConfig) -> None:
        super().__init__(config)
        self._cased = str.upper if config.case == "upper" else str.lower

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._plain)
        texts = {found.name for found in schema.fields if found.schema.type is Type.STRING}
        names = [name for name in self.config.fields if name in texts]
        defaults = defaults_of(schema, replaces=True)

        def apply(values: list[Any], _: Rows) -> list[Any]:
            rows = copies(values, defaults)
            for name in names:
                for row in rows:
                    if (text := row.get(name)) is not None:
                        row[name] = self._cased(text)
            return rows

        return Change(schema, apply)

    def _plain(self, values: list[Any], _: Rows) -> list[Any]:
        rows = copies(values)
        for name in self.config.fields:
            for row in rows:
                value = row.get(name)
                row[name] = None if value is None else self._cased(java_text(value))
        return rows


class CaseTransformKey(CaseTransform):
    column = "keys"
    columns = frozenset({"keys"})


class CaseTransformValue(CaseTransform):
    column = "values"
    columns = frozenset({"values"})
