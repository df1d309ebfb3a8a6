"""Aiven's Hash: a text becomes the hexadecimal digest of its UTF-8."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import BOOLEAN, STRING, Importance, defaulted, one_of, optional, required
from connector.config.schema import Config
from connector.schema import Type
from connector.transforms.aiven.rows import field_schema
from connector.transforms.field import Change, FieldTransform, Nulls, copies

if TYPE_CHECKING:
    from connector.schema import Schema
    from connector.transforms.field import Rows

_FUNCTIONS = ("md5", "sha1", "sha256")


class HashConfig(Config):
    field = optional(
        "field.name",
        STRING,
        "The field whose text is hashed; without it, the whole key or value is.",
        importance=Importance.HIGH,
        group="Transform",
    )
    skips = defaulted(
        "skip.missing.or.null",
        BOOLEAN,
        False,
        "Whether records without a text stay as they are; false makes them errant.",
        importance=Importance.LOW,
        group="Transform",
    )
    function = required(
        "function",
        STRING,
        "The hash function: md5, sha1 or sha256. Short texts can be guessed from any of them.",
        validate=one_of(*_FUNCTIONS),
        choices=_FUNCTIONS,
        group="Transform",
    )


class Hash(FieldTransform):
    """Needs a schema, as Aiven's does: JsonConverter without schemas has none."""

    config_class: ClassVar[type[Config]] = HashConfig
    nulls = Nulls.GIVEN
    purpose = "hashing"

    def __init__(self, config: HashConfig) -> None:
        super().__init__(config)
        self._function = partial(hashlib.new, config.function, usedforsecurity=False)

    @property
    def takes_any(self) -> bool:
        return True

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            raise ValueError(f"{self._kind} schema can't be null")
        name = self.config.field
        if not name:
            if schema.type is not Type.STRING:
                raise ValueError(f"{self._kind} schema type must be STRING if field name is not specified")
            return Change(schema, lambda values, _: [self._hashed(value) for value in values])
        if schema.type is not Type.STRUCT:
            raise ValueError(f"{self._kind} schema type must be STRUCT if field name is specified")
        found = field_schema(schema, name)
        if found is None and not self.config.skips:
            raise ValueError(f"{name} in {self._kind} schema can't be missing")
        if found is not None and found.type is not Type.STRING:
            raise ValueError(f"{name} schema type in {self._kind} must be STRING")
        return Change(schema, partial(self._in_field, name if found is not None else None))

    def _in_field(self, name: str | None, values: list[Any], _: Rows) -> list[Any]:
        if None in values:
            raise ValueError(f"{self._kind} can't be null if field name is specified")
        rows = copies(values)
        if name is not None:
            for row in rows:
                row[name] = self._hashed(row.get(name))
        return rows

    def _hashed(self, text: str | None) -> str | None:
        if text is not None:
            return self._function(text.encode(errors="replace")).hexdigest()
        if self.config.skips:
            return None
        place = f"{self.config.field} in {self._kind}" if self.config.field else self._kind
        raise ValueError(f"{place} can't be null")

    @property
    def _kind(self) -> str:
        return self.column.removesuffix("s")


class HashKey(Hash):
    column = "keys"
    columns = frozenset({"keys"})


class HashValue(Hash):
    column = "values"
    columns = frozenset({"values"})
