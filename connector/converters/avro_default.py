"""Defaults of Avro schemas, which are written as JSON, as Python values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connector.float32 import narrowed
from connector.payload import decimal_of
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Type

if TYPE_CHECKING:
    from connector.schema import Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def default_of(schema: Schema, found: Any) -> Any:  # noqa: C901, PLR0911 - one line per type
    """A default, which is written as JSON, as a Python value."""
    match schema.name:
        case _ if schema.name == DATE:
            return (_EPOCH + timedelta(days=found)).date()
        case _ if schema.name == TIME:
            return (_EPOCH + timedelta(milliseconds=found)).time()
        case _ if schema.name == TIMESTAMP:
            return _EPOCH + timedelta(milliseconds=found)
        case _ if schema.name == DECIMAL:
            return decimal_of(int.from_bytes(found.encode("latin-1"), signed=True), schema.scale)
    match schema.type:
        case Type.BYTES:
            return found.encode("latin-1")
        case Type.ARRAY:
            return [default_of(schema.items, each) for each in found]
        case Type.MAP:
            return {key: default_of(schema.items, each) for key, each in found.items()}
        case Type.STRUCT:
            return {each.name: _field_default(each.schema, found.get(each.name)) for each in schema.fields}
        case Type.FLOAT32:
            return narrowed(float(found))
        case Type.FLOAT64:
            return float(found)
    return found


def _field_default(schema: Schema, found: Any) -> Any:
    return schema.default if found is None else default_of(schema, found)
