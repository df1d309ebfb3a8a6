"""Connect's schemas as Avro's, the way Confluent's AvroData maps them, which Aiven's formats build on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector.formats.rows import NOTHING
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Type

if TYPE_CHECKING:
    from connector.formats.rows import Row
    from connector.schema import Field, Schema

_NAMESPACE = "io.confluent.connect.avro"
_PRIMITIVES = {
    Type.INT8: "int",
    Type.INT16: "int",
    Type.INT32: "int",
    Type.INT64: "long",
    Type.FLOAT32: "float",
    Type.FLOAT64: "double",
    Type.BOOLEAN: "boolean",
    Type.STRING: "string",
    Type.BYTES: "bytes",
}
_LOGICAL = {DATE: "date", TIME: "time-millis", TIMESTAMP: "timestamp-millis"}
_DEFAULT_PRECISION = "64"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


class AvroSchemas:
    """Converts one schema with all that is in it; records get names that are unique among them.

    Args:
        meta_data: Whether names, versions, parameters and narrower types are kept as ``connect.…``.
    """

    def __init__(self, *, meta_data: bool) -> None:
        self._meta_data = meta_data
        self._records: dict[str, Schema] = {}

    def of_row(self, row: Row) -> Any:
        """The Avro schema of a row; around fields it is ours, so Connect knows no name for it."""
        found = self.of(row.schema)
        if not row.is_bare:
            found.pop("connect.name", None)
        return found

    def of(self, schema: Schema) -> Any:
        """The Avro schema as JSON has it: text, object, or list for a union."""
        if schema is NOTHING:
            return "null"
        bare = self._bare(schema)
        if not schema.optional:
            return bare
        return [bare, "null"] if schema.default is not None else ["null", bare]

    def _bare(self, schema: Schema) -> Any:
        match schema.type:
            case Type.STRUCT:
                return self._record(schema)
            case Type.ARRAY:
                found: dict[str, Any] = {"type": "array", "items": self.of(schema.items)}
            case Type.MAP:
                found = self._map(schema)
            case _:
                found = {"type": _PRIMITIVES[schema.type], **_logical(schema)}
        if self._meta_data:
            found |= _meta_data(schema)
        return found["type"] if list(found) == ["type"] else found

    def _map(self, schema: Schema) -> dict[str, Any]:
        if schema.keys is None or (schema.keys.type is Type.STRING and not schema.keys.optional):
            return {"type": "map", "values": self.of(schema.items)}
        entry = {
            "type": "record",
            "name": self._free_name(f"{_NAMESPACE}.MapEntry", schema),
            "fields": [
                {"name": "key", "type": self.of(schema.keys)},
                {"name": "value", "type": self.of(schema.items)},
            ],
        }
        return {"type": "array", "items": entry}

    def _record(self, schema: Schema) -> Any:
        wanted = schema.name or f"{_NAMESPACE}.ConnectDefault"
        full_name = ".".join(avro_name(part) for part in wanted.split("."))
        # A name without a namespace would be looked up in that of the record around it.
        if "." in full_name and self._records.get(full_name) == schema.as_optional():
            return full_name
        full_name = self._free_name(full_name, schema)
        namespace, _, name = full_name.rpartition(".")
        names = avro_names(schema)
        record: dict[str, Any] = {
            "type": "record",
            "name": name,
            "namespace": namespace,
            **({"doc": schema.doc} if schema.doc else {}),
            "fields": [self._field(names[each.name], each) for each in schema.fields],
        }
        if self._meta_data:
            record |= _meta_data(schema)
        return record

    def _free_name(self, wanted: str, schema: Schema) -> str:
        name, number = wanted, 1
        while name in self._records:
            number += 1
            name = f"{wanted}{number}"
        self._records[name] = schema.as_optional()
        return name

    def _field(self, name: str, field: Field) -> dict[str, Any]:
        schema = field.schema
        found = {"name": name, "type": self.of(schema)}
        if schema.doc and schema is not NOTHING:
            found["doc"] = schema.doc
        if schema.default is not None:
            found["default"] = _json_default(schema.default)
        elif schema.optional and schema is not NOTHING:
            found["default"] = None
        return found


def _logical(schema: Schema) -> dict[str, Any]:
    if schema.name == DECIMAL:
        precision = dict(schema.parameters).get("connect.decimal.precision", _DEFAULT_PRECISION)
        return {"logicalType": "decimal", "precision": int(precision), "scale": schema.scale}
    return {"logicalType": _LOGICAL[schema.name]} if schema.name in _LOGICAL else {}


def _meta_data(schema: Schema) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if schema.type in {Type.INT8, Type.INT16}:
        found["connect.type"] = schema.type.lower()
    if schema.version is not None:
        found["connect.version"] = schema.version
    if schema.parameters:
        found["connect.parameters"] = dict(schema.parameters)
    if schema.name:
        found["connect.name"] = schema.name
    return found


def _json_default(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Decimal | dict | list):
        return None if isinstance(value, Decimal) else value
    return value


def avro_name(name: str) -> str:
    """The name with what Avro does not allow in names replaced by underscores."""
    text = _NOT_IN_NAMES.sub("_", name) or "_"
    return f"_{text}" if text[0].isdigit() else text


def avro_names(schema: Schema) -> dict[str, str]:
    """The name of each field of a struct in Avro, no two alike."""
    names: dict[str, str] = {}
    for each in schema.fields:
        name = wanted = avro_name(each.name)
        number = 1
        while name in names.values():
            number += 1
            name = f"{wanted}_{number}"
        names[each.name] = name
    return names
