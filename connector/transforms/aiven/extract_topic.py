"""Aiven's ExtractTopic: a key, a value, or a field of it becomes the name that the record goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import BOOLEAN, STRING, Importance, defaulted, optional
from connector.config.schema import Config
from connector.schema import Type
from connector.transforms.aiven.rows import field_schema, is_struct, runs, value_at
from connector.transforms.aiven.text import java_text
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch
    from connector.schema import Schema

_TEXTS = frozenset(
    {
        Type.INT8,
        Type.INT16,
        Type.INT32,
        Type.INT64,
        Type.FLOAT32,
        Type.FLOAT64,
        Type.BOOLEAN,
        Type.STRING,
    }
)


class ExtractTopicConfig(Config):
    field = optional(
        "field.name",
        STRING,
        "The field with the name; without it, the whole key or value is the name.",
        importance=Importance.HIGH,
        group="Transform",
    )
    skips = defaulted(
        "skip.missing.or.null",
        BOOLEAN,
        False,
        "Whether records without a name keep the topic's; false makes them errant.",
        importance=Importance.LOW,
        group="Transform",
    )


class ExtractTopic(Transform):
    """Names that take turns cut batches, as with any transform that renames."""

    config_class: ClassVar[type[Config]] = ExtractTopicConfig
    column: ClassVar[str]

    def apply(self, batch: RecordBatch) -> RecordBatch:
        names: list[str | None] = []
        for schema, values in runs(getattr(batch, self.column)):
            names += [self._name(value, schema) for value in values]
        return batch.renamed(
            [topic if name is None else name for name, topic in zip(names, batch.topics, strict=True)]
        )

    def topics(self, topics: Sequence[str]) -> None:  # noqa: ARG002 - records decide
        return None

    def _name(self, value: Any, schema: Schema | None) -> str | None:
        found = self._found(value, schema)
        # Without schema blanks are as good as nothing; with one only what is empty.
        if found is None or not (found.strip() if schema is None else found):
            if self.config.skips:
                return None
            raise ValueError(f"{self._place} can't be null or empty")
        return found

    def _found(self, value: Any, schema: Schema | None) -> str | None:
        if not self.config.field:
            self._check(value, schema)
            return None if value is None else java_text(value)
        if schema is not None and not is_struct(schema):
            raise ValueError(f"{self._kind} schema type must be STRUCT if field name is specified")
        if value is None:
            raise ValueError(f"{self._kind} can't be null if field name is specified")
        if not isinstance(value, dict):
            raise ValueError(f"{self._kind} type must be Map if field name is specified")  # noqa: TRY004
        inner = field_schema(schema, self.config.field) if schema is not None else None
        if schema is not None and inner is None:
            return None
        found = value_at(value, self.config.field, inner)
        self._check(found, inner)
        return None if found is None else java_text(found)

    def _check(self, value: Any, schema: Schema | None) -> None:
        fits = isinstance(value, str | int | float | None) if schema is None else schema.type in _TEXTS
        if not fits:
            raise ValueError(f"type of {self._place} must be a number, a boolean or a text")

    @property
    def _kind(self) -> str:
        return self.column.removesuffix("s")

    @property
    def _place(self) -> str:
        return f"{self.config.field} in {self._kind}" if self.config.field else self._kind


class ExtractTopicKey(ExtractTopic):
    column = "keys"
    columns = frozenset({"keys"})


class ExtractTopicValue(ExtractTopic):
    column = "values"
    columns = frozenset({"values"})
