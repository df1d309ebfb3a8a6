"""Connect's schemas and columns as Arrow's.

JSON that is still text is read by Arrow itself where its schema allows: no Python object comes to be. Text
cannot be read so with bytes (base64), decimals or maps in it; then values are decoded in Python first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import json as arrow_json

from connector.column import JsonColumn
from connector.formats.inference import WIDENED, ConflictError, coercion, pruned
from connector.formats.rows import NOTHING
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

_PRIMITIVES = {
    Type.INT8: pa.int32(),
    Type.INT16: pa.int32(),
    Type.INT32: pa.int32(),
    Type.INT64: pa.int64(),
    Type.FLOAT32: pa.float32(),
    Type.FLOAT64: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.STRING: pa.string(),
    Type.BYTES: pa.binary(),
}
_LOGICAL = {DATE: pa.date32(), TIME: pa.time32("ms"), TIMESTAMP: pa.timestamp("ms", "UTC")}
_MOST_DIGITS, _MOST_DIGITS_128 = 76, 38
_DEFAULT_PRECISION = "64"
_NO_JSON_TYPES = {Type.BYTES, Type.MAP}
_VALUE = "v"


def arrow_type(schema: Schema) -> Any:
    """The Arrow type of a schema; narrow integers are as wide as in Avro, which knows no others."""
    if schema is NOTHING:
        return pa.null()
    match schema.type:
        case Type.STRUCT:
            return pa.struct([arrow_field(field) for field in schema.fields])
        case Type.ARRAY:
            return pa.list_(arrow_field(Field("element", schema.items)))
        case Type.MAP:
            keys = pa.string() if schema.keys is None else arrow_type(schema.keys)
            return pa.map_(keys, arrow_field(Field("value", schema.items)))
    if schema.name == DECIMAL:
        return _decimal(schema)
    return _LOGICAL.get(schema.name or "", _PRIMITIVES[schema.type])


def arrow_field(field: Field) -> Any:
    return pa.field(field.name, arrow_type(field.schema), nullable=field.schema.optional)


def _decimal(schema: Schema) -> Any:
    precision = int(dict(schema.parameters).get("connect.decimal.precision", _DEFAULT_PRECISION))
    if not 0 < precision <= _MOST_DIGITS:
        raise ValueError(f"A decimal with {precision} digits has no column type: {_MOST_DIGITS} is the most.")
    kind = pa.decimal128 if precision <= _MOST_DIGITS_128 else pa.decimal256
    return kind(precision, schema.scale)


def arrow_column(values: Sequence[Any], schema: Schema) -> Any:
    """A column as an Arrow array.

    Raises:
        ValueError, TypeError, OverflowError: Some value does not fit the schema.
    """
    if schema is NOTHING:
        return pa.nulls(len(values))
    if isinstance(values, JsonColumn) and (texts := values.texts) is not None and _is_json(schema):
        return read_json(texts, schema)[1]
    if change := coercion(schema):
        values = [change(value) for value in values]
    array = pa.array(list(values), arrow_type(schema))
    _check_required(array)
    return array


def _check_required(array: Any) -> None:
    """Arrow takes nulls for required fields, and fails when a file is written, which is too late for us."""
    kind = array.type
    if pa.types.is_struct(kind):
        # Flattened, a field is null where its struct is, too.
        for field, values in zip(kind, array.flatten(), strict=True):
            if not field.nullable and values.null_count > array.null_count:
                raise ValueError(f"{field.name}: null where a value is required")
            _check_required(values)
    elif pa.types.is_list(kind):
        items = array.flatten()
        if not kind.value_field.nullable and items.null_count:
            raise ValueError("null as an item that is required")
        _check_required(items)


def _is_json(schema: Schema) -> bool:
    return not any(each.type in _NO_JSON_TYPES or each == WIDENED for each in schema.nested())


def read_json(texts: Sequence[bytes | None], known: Schema | None) -> tuple[Schema | None, Any]:
    """Read JSON texts, which may have fields that an inferred schema does not know yet.

    Returns:
        The schema that they have together with what is known, and their values by it.

    Raises:
        ValueError: Types do not go together with each other, or with what is known.
    """
    found = known
    while True:
        column = _read(texts, pruned(found))
        grown = _grown(found, column.type)
        if grown == found:
            break
        found = grown
    known_part = pruned(found)
    return found, None if known_part is None else _retyped(column, arrow_type(known_part))


def _read(texts: Sequence[bytes | None], schema: Schema | None) -> Any:
    lines = b"".join([b'{"v":%b}\n' % (text or b"null") for text in texts])
    explicit = None
    if schema is not None:
        explicit = pa.schema([pa.field(_VALUE, _physical(arrow_type(schema)))])
    table = arrow_json.read_json(
        pa.BufferReader(lines),
        # One block, so that types are found out for all texts together.
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 64),
        parse_options=arrow_json.ParseOptions(explicit_schema=explicit, unexpected_field_behavior="infer"),
    )
    return table.column(0).combine_chunks()


def _physical(kind: Any) -> Any:
    """What Arrow's reader is told: numbers for moments; everything may be null, which it asks wrongly.

    It wants the required fields even of a struct that is null.
    """
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, _physical(each.type)) for each in kind])
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", _physical(kind.value_type)))
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return pa.int32()
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _grown(known: Schema | None, found: Any) -> Schema | None:
    """The known schema and what Arrow found beside it."""
    if known is not None and known.type is Type.STRUCT and pa.types.is_struct(found):
        fields = {field.name: field.schema for field in known.fields}
        for each in found:
            if (schema := _grown(fields.get(each.name), each.type)) is not None:
                fields[each.name] = schema
        merged = tuple(Field(name, schema) for name, schema in fields.items())
        return known if merged == known.fields else Schema(Type.STRUCT, optional=True, fields=merged)
    if known is not None and known.type is Type.ARRAY and pa.types.is_list(found):
        item = _grown(known.values, found.value_type)
        return known if item == known.values else Schema(Type.ARRAY, optional=True, values=item)
    if known is not None and pruned(known) is None and not pa.types.is_null(found):
        raise ConflictError(f"{found} where an empty {known.type} was before")
    return _schema_of(found) if known is None else known


def _schema_of(found: Any) -> Schema | None:
    if pa.types.is_struct(found):
        fields = [(each.name, _schema_of(each.type)) for each in found]
        known = tuple(Field(name, schema) for name, schema in fields if schema is not None)
        return Schema(Type.STRUCT, optional=True, fields=known)
    if pa.types.is_list(found):
        return Schema(Type.ARRAY, optional=True, values=_schema_of(found.value_type))
    if pa.types.is_null(found):
        return None
    for is_kind, kind in (
        (pa.types.is_boolean, Type.BOOLEAN),
        (pa.types.is_integer, Type.INT64),
        (pa.types.is_floating, Type.FLOAT64),
    ):
        if is_kind(found):
            return Schema(kind, optional=True)
    # Text that looks like a time is still text: the next one may not.
    return Schema(Type.STRING, optional=True)


def _retyped(array: Any, kind: Any, *, nullable: bool = True) -> Any:
    """The same values with exactly this type: its fields in its order, its nullability, its logical types.

    A required field has nulls only where the struct around it is null; they go, since files know none.
    """
    if pa.types.is_struct(kind):
        children = [_retyped(array.field(each.name), each.type, nullable=each.nullable) for each in kind]
        return _rebuilt(array, kind, 1, nullable, children)
    if pa.types.is_list(kind):
        item = _retyped(array.values, kind.value_type, nullable=kind.value_field.nullable)
        return _rebuilt(array, kind, 2, nullable, [item])
    array = array.cast(kind)
    return array if nullable or not array.null_count else _rebuilt(array, kind, 3, nullable, None)


def _rebuilt(array: Any, kind: Any, own_buffers: int, nullable: bool, children: list[Any] | None) -> Any:
    validity, *others = array.buffers()[:own_buffers]
    buffers = [validity if nullable else None, *others]
    return pa.Array.from_buffers(kind, len(array), buffers, offset=array.offset, children=children)
