"""Schemas as Connect's JsonConverter writes them, and what rewrites a payload by its schema.

A rewritten payload is what Connect would print of the value it read: all fields of a struct in the
schema's order, absent ones as null, unknown ones left out. msgspec does it in two C calls from types built
once per schema. What those types cannot express is left to :func:`connector.payload.reader`: defaults,
decimals (a number or text), maps whose keys are no text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from connector.payload import MOMENTS, reader
from connector.schema import DECIMAL, INTEGER_BITS, LOGICAL_TYPES, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TYPES = {
    "int8": Type.INT8,
    "int16": Type.INT16,
    "int32": Type.INT32,
    "int64": Type.INT64,
    "float": Type.FLOAT32,
    "double": Type.FLOAT64,
    "boolean": Type.BOOLEAN,
    "string": Type.STRING,
    "bytes": Type.BYTES,
    "array": Type.ARRAY,
    "map": Type.MAP,
    "struct": Type.STRUCT,
}
_BENEATH = {
    "Decimal": Type.BYTES,
    "Date": Type.INT32,
    "Time": Type.INT32,
    "Timestamp": Type.INT64,
}
_DEEPEST = 64
_MOST_SCALE = 16_384
"""No database has more; writing out what a few bytes could claim here would fill the memory."""


def parse_schema(found: Any, depth: int = 0) -> Schema | None:
    """The schema that decoded JSON describes; None for ``null``, which stands for a schemaless value.

    Raises:
        ValueError: It is none; says what is wrong with it.
    """
    if found is None:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise ValueError("Schema must contain 'type' field")  # noqa: TRY004 - what converters raise
    if depth > _DEEPEST:
        raise ValueError(f"Schemas may be nested {_DEEPEST} deep")
    kind = _TYPES.get(found["type"])
    if kind is None:
        raise ValueError(f"Unknown schema type: {found['type']}")
    bare = Schema(
        kind,
        optional=found.get("optional") is True,
        name=_text(found, "name"),
        version=_version(found.get("version")),
        doc=_text(found, "doc"),
        parameters=_parameters(found.get("parameters")),
        fields=_fields(found.get("fields"), depth) if kind is Type.STRUCT else (),
        keys=_inner(found, "keys", depth) if kind is Type.MAP else None,
        values=_inner(found, "items" if kind is Type.ARRAY else "values", depth)
        if kind in {Type.ARRAY, Type.MAP}
        else None,
    )
    _check_logical(bare)
    default = found.get("default")
    return bare if default is None else replace(bare, default=reader(bare)(default))


def _version(found: Any) -> int | None:
    if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
        raise ValueError(f"Invalid schema version, expected an integer: {found}")
    return found


def _text(found: Mapping[str, Any], name: str) -> str | None:
    text = found.get(name)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"Invalid schema {name}: expected a text")
    return text


def _parameters(found: Any) -> tuple[tuple[str, str], ...]:
    if found is None:
        return ()
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('Schema\'s "parameters" field must be an object of texts')
    return tuple(found.items())


def _fields(found: Any, depth: int) -> tuple[Field, ...]:
    if not isinstance(found, list):
        raise ValueError('Struct schema\'s "fields" argument is not an array.')  # noqa: TRY004
    fields = []
    for each in found:
        name = each.get("field") if isinstance(each, dict) else None
        schema = parse_schema(each, depth + 1)
        if not isinstance(name, str) or schema is None:
            raise ValueError('Struct schema\'s "field" argument is not a text.')
        fields.append(Field(name, schema))
    if len({field.name for field in fields}) != len(fields):
        raise ValueError("Cannot create field because of field name duplication")
    return tuple(fields)


def _inner(found: Mapping[str, Any], name: str, depth: int) -> Schema:
    schema = parse_schema(found.get(name), depth + 1)
    if schema is None:
        raise ValueError(f"Schema of type {found['type']} must have '{name}'")
    return schema


def _check_logical(schema: Schema) -> None:
    if schema.name in LOGICAL_TYPES:
        beneath = _BENEATH[schema.name.rpartition(".")[2]]
        if schema.type is not beneath:
            raise ValueError(f"A schema named {schema.name} must have the type {beneath}")
        if schema.name == DECIMAL:
            _check_scale(schema)


def _check_scale(schema: Schema) -> None:
    scale = dict(schema.parameters).get("scale")
    if scale is None or not scale.lstrip("-").isdigit():
        raise ValueError("Invalid Decimal schema: the parameter scale must be an integer")
    if abs(int(scale)) > _MOST_SCALE:
        raise ValueError(f"Invalid Decimal schema: a scale of {scale} is more than {_MOST_SCALE}")


def rewriter(schema: Schema) -> Callable[[msgspec.Raw], bytes | None] | None:
    """What checks a payload and prints it as Connect would, or None if this schema has no such way.

    The function returns None where :func:`connector.payload.reader` must decide.
    """
    if any(each.default is not None or _has_no_type(each) for each in schema.nested()):
        return None
    decode = msgspec.json.Decoder(_msgspec_type(schema)).decode
    encode = msgspec.json.Encoder().encode

    def rewrite(payload: msgspec.Raw) -> bytes | None:
        try:
            return encode(decode(payload))
        except msgspec.ValidationError:
            return None

    return rewrite


def _has_no_type(schema: Schema) -> bool:
    is_map_of_pairs = schema.type is Type.MAP and (schema.keys is None or schema.keys.type is not Type.STRING)
    return schema.name == DECIMAL or is_map_of_pairs


def _msgspec_type(schema: Schema) -> Any:
    kind = _required_type(schema)
    return kind | None if schema.optional else kind


def _required_type(schema: Schema) -> Any:
    match schema.type:
        case Type.STRUCT:
            # Field names need not be Python names: the attributes have made-up ones.
            fields = [_struct_field(index, found) for index, found in enumerate(schema.fields)]
            names = {f"f{index}": found.name for index, found in enumerate(schema.fields)}
            return msgspec.defstruct("Payload", fields, rename=names, kw_only=True, gc=False)
        case Type.ARRAY:
            return list[_msgspec_type(schema.items)]  # type: ignore[misc]
        case Type.MAP:
            return dict[str, _msgspec_type(schema.items)]  # type: ignore[misc]
    if schema.type in _SCALARS:
        return _SCALARS[schema.type]
    if schema.logical:
        first, last = MOMENTS[schema.name or ""]
        return Annotated[int, msgspec.Meta(ge=first, le=last)]
    limit = 1 << (INTEGER_BITS[schema.type] - 1)
    return Annotated[int, msgspec.Meta(ge=-limit, le=limit - 1)]


_SCALARS = {
    Type.STRING: str,
    Type.BYTES: bytes,
    Type.BOOLEAN: bool,
    Type.FLOAT32: float,
    Type.FLOAT64: float,
}


def _struct_field(index: int, field: Field) -> Any:
    kind = _msgspec_type(field.schema)
    return (f"f{index}", kind, None) if field.schema.optional else (f"f{index}", kind)
