"""JSON as Connect's values by a schema that was made of a JSON Schema.

What Connect's own JSON has differently: unions, maps that are arrays of entries, and fields that may be
absent although they are required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector.payload import reader
from connector.schema import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.schema import Schema

ONE_OF = "io.confluent.connect.json.OneOf"
GENERAL_UNION = "org.apache.kafka.connect.data.Union"
_ABSENT = object()
_ENTRY = {"key", "value"}


class Unions(NamedTuple):
    """What converters have differently: structs with one field for each type that a value may be of.

    Attributes:
        has: Whether a struct is such a union.
        choose: The position of the member that a value belongs to; None if there is none.
    """

    has: Callable[[Schema], bool]
    choose: Callable[[Sequence[Schema], Any], int | None]


def reader_of(schema: Schema, unions: Unions) -> Callable[[Any], Any]:
    """What makes a value of decoded JSON; raises ValueError with the path of what does not fit."""
    if schema.type not in _NESTED:
        return reader(schema)
    read = (_union if unions.has(schema) else _NESTED[schema.type])(schema, unions)
    default, optional = schema.default, schema.optional

    def read_maybe(value: Any) -> Any:
        if value is not None:
            return read(value)
        if default is None and not optional:
            raise ValueError(f"Invalid null value for required {schema.type} field")
        return default

    return read_maybe


def _struct(schema: Schema, unions: Unions) -> Callable[[Any], Any]:
    readers = [(found.name, reader_of(found.schema, unions), found.schema.default) for found in schema.fields]

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValueError(f"Structs should be encoded as JSON objects, but found {_kind(value)}")
        struct = {}
        for name, read_field, default in readers:
            given = value.get(name, _ABSENT)
            try:
                struct[name] = default if given is _ABSENT else read_field(given)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return struct

    return read


def _array(schema: Schema, unions: Unions) -> Callable[[Any], Any]:
    item = reader_of(schema.items, unions)

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise ValueError(f"ARRAY expected, {_kind(value)} given")
        return list(map(item, value))

    return read


def _map(schema: Schema, unions: Unions) -> Callable[[Any], Any]:
    assert schema.keys is not None  # noqa: S101 - maps have keys
    key, item = reader_of(schema.keys, unions), reader_of(schema.items, unions)
    if schema.keys.type is Type.STRING and not schema.keys.optional:
        return lambda value: _of_object(value, item)
    return lambda value: _of_entries(value, key, item)


def _of_object(value: Any, item: Callable[[Any], Any]) -> dict[str, Any]:
    if type(value) is not dict:
        raise ValueError(
            f"Maps with string fields should be encoded as JSON objects, but found {_kind(value)}"
        )
    return {name: item(each) for name, each in value.items()}


def _of_entries(value: Any, key: Callable[[Any], Any], item: Callable[[Any], Any]) -> dict[Any, Any]:
    if type(value) is not list:
        raise ValueError(
            "Maps with non-string fields should be encoded as JSON array of objects, but found"
            f" {_kind(value)}"
        )
    found = {}
    for entry in value:
        if type(entry) is not dict or entry.keys() != _ENTRY:
            raise ValueError("an entry of a map is no object of key and value")
        try:
            found[key(entry["key"])] = item(entry["value"])
        except TypeError:
            raise ValueError("the key of a map is no simple value") from None
    return found


def _union(schema: Schema, unions: Unions) -> Callable[[Any], Any]:
    names = [found.name for found in schema.fields]
    schemas = [found.schema for found in schema.fields]
    readers = [reader_of(each, unions) for each in schemas]
    nothing = dict.fromkeys(names)
    choose = unions.choose

    def read(value: Any) -> dict[str, Any]:
        position = choose(schemas, value)
        if position is None:
            raise ValueError("Did not find matching oneof field for data")
        return {**nothing, names[position]: readers[position](value)}

    return read


def _is_confluents(schema: Schema) -> bool:
    return schema.type is Type.STRUCT and (
        schema.name == ONE_OF or any(name == GENERAL_UNION for name, _ in schema.parameters)
    )


def _first_simple_or_best(members: Sequence[Schema], value: Any) -> int | None:
    best, most = None, 0
    for position, member in enumerate(members):
        if is_simple(member.type, value):
            return position
        if (matches := _matches(member, value)) > most:
            best, most = position, matches
    return best


def is_simple(kind: Type, value: Any) -> bool:
    """Whether a value is of a type at first sight; structs are compared by :func:`_matches`."""
    return kind in _SIMPLE.get(type(value), ())


def _matches(schema: Schema, value: Any) -> int:
    """How many fields of a struct an object has, with those within them."""
    if schema.type is not Type.STRUCT or type(value) is not dict:
        return 0
    shared = [(found.schema, value[found.name]) for found in schema.fields if found.name in value]
    return len(shared) + sum(_matches(inner, each) for inner, each in shared)


def _kind(value: Any) -> str:
    """As Java's parser calls it."""
    return {
        bool: "BOOLEAN",
        int: "NUMBER",
        float: "NUMBER",
        str: "STRING",
        dict: "OBJECT",
        list: "ARRAY",
    }.get(type(value), "NULL")


_NESTED = {Type.STRUCT: _struct, Type.ARRAY: _array, Type.MAP: _map}
_FLOATS = {Type.FLOAT32, Type.FLOAT64}
_SIMPLE: dict[type, set[Type]] = {
    bool: {Type.BOOLEAN},
    int: {Type.INT8, Type.INT16, Type.INT32, Type.INT64, *_FLOATS},
    float: {Type.BYTES, *_FLOATS},
    str: {Type.STRING, Type.BYTES},
    list: {Type.ARRAY, Type.MAP},
    dict: {Type.MAP},
}

CONFLUENT_UNIONS = Unions(_is_confluents, _first_simple_or_best)
"""Those of Confluent's JsonSchemaConverter."""
