"""JSON Schemas as Connect's, as Confluent's JsonSchemaData maps them.

A schema that Connect has no words for (something of any type, something within itself) is refused as a whole.
What is made of values is in :mod:`~connector.converters.json_schema_values`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.converters.json_schema_document import (
    COMBINING,
    Part,
    document_of,
    kind_of,
    names_in,
    properties_of,
    referred,
)
from connector.converters.json_schema_values import CONFLUENT_UNIONS, GENERAL_UNION, ONE_OF, Unions, reader_of
from connector.schema import Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.schema_registry.base import RegisteredSchema

_GENERAL_ENUM = "org.apache.kafka.connect.data.Enum"
_MOST_TYPES = 10_000
_DEEPEST = 64
_NUMBERS = {
    "int8": Type.INT8,
    "int16": Type.INT16,
    "int32": Type.INT32,
    "int64": Type.INT64,
    "float32": Type.FLOAT32,
    "float64": Type.FLOAT64,
    "bytes": Type.BYTES,
}


@dataclass(frozen=True)
class Dialect:
    """What converters of JSON Schema have differently.

    Attributes:
        unions: How unions are told from other structs, and members chosen.
        union: The name of a union.
        member: The field of a union for the member at a position.
        enum: What the parameters of an enum begin with.
        title: The keyword that names a type.
        description: The keyword that describes it.
        integer: What an integer is that has no ``connect.type``.
        ordered: The properties of an object, in the order of its fields.
        has_defaults: Whether ``default`` is read.
        has_empty: Whether an object may name no properties, so that all that values have is left out.
    """

    unions: Unions
    union: str
    member: Callable[[int], str]
    enum: str
    title: str
    description: str
    integer: str
    ordered: Callable[[Part], list[tuple[str, Part]]]
    has_defaults: bool
    has_empty: bool


CONFLUENT = Dialect(
    unions=CONFLUENT_UNIONS,
    union=ONE_OF,
    member=lambda position: f"{ONE_OF}.field.{position}",
    enum="io.confluent.connect.json.Enum",
    title="title",
    description="description",
    integer="int64",
    ordered=properties_of,
    has_defaults=True,
    has_empty=True,
)


class JsonSchemaData:
    """Maps one schema with those that it refers to; made for one and thrown away.

    Args:
        generalized: Unions and enums have the names that all of Confluent's converters share.
        flattens: A union of one type is that type.
        optional: Properties that are not required are optional; else all are required, and may be absent.
    """

    def __init__(
        self,
        dialect: Dialect = CONFLUENT,
        *,
        generalized: bool = False,
        flattens: bool = True,
        optional: bool = False,
    ) -> None:
        self.dialect = dialect
        self._generalized = generalized
        self._flattens = flattens
        self._optional = optional
        self._unions = 0
        self._count = 0
        self._open: list[int] = []

    def of(self, registered: RegisteredSchema) -> Schema:
        """Raises ValueError with what Connect has no words for."""
        document = document_of(registered)
        schema = self._map(Part(document.root, document))
        if not self.dialect.has_empty and any(map(_is_empty, schema.nested())):
            raise ValueError("it has an object that names no properties")
        return schema

    def _map(self, part: Part, *, optional: bool = False) -> Schema:
        self._count += 1
        if self._count > _MOST_TYPES or len(self._open) > _DEEPEST:
            raise ValueError(f"it has more than {_MOST_TYPES} types, or is nested deeper than {_DEEPEST}")
        if id(part.node) in self._open:
            raise ValueError("it has a type that is in itself")
        self._open.append(id(part.node))
        schema = self._new(part, optional=optional)
        self._open.pop()
        return schema

    def _new(self, part: Part, *, optional: bool) -> Schema:
        kind, inner = kind_of(part)
        match kind:
            case "$ref":
                return self._map(referred(part), optional=optional)
            case "allOf":
                return self._all_of(inner, optional=optional)
            case "anyOf" | "oneOf":
                return self._union(part, inner, optional=optional)
            case "enum" | "const":
                return self._described(self._enum(inner[0].node), part, optional=optional)
            case "any" | "not":
                raise ValueError("it has a value that may be of any type")
        return self._described(self._typed(kind, part), part, optional=optional)

    def _typed(self, kind: str, part: Part) -> Schema:
        marked = part.node.get("connect.type")
        match kind:
            case "boolean":
                return Schema(Type.BOOLEAN)
            case "string":
                return Schema(Type.BYTES if marked == "bytes" else Type.STRING)
            case "number" | "integer":
                name = marked or (self.dialect.integer if kind == "integer" else "float64")
                if name not in _NUMBERS:
                    raise ValueError(f"Unsupported type {name}")
                return Schema(_NUMBERS[name])
            case "array":
                return self._array(part, is_map=marked == "map")
            case "object" if marked == "map":
                values = self._map(part.of(_need(part.node, "additionalProperties")))
                return Schema(Type.MAP, keys=Schema(Type.STRING), values=values)
            case "object":
                required = names_in(part.node.get("required"))
                fields = [(name, each, name in required) for name, each in self.dialect.ordered(part)]
                return self._struct(fields)
        raise ValueError(f"a type of its own cannot be {kind}")

    def _array(self, part: Part, *, is_map: bool) -> Schema:
        items = part.of(_need(part.node, "items"))
        if is_map and kind_of(items)[0] == "object":
            entry = dict(properties_of(items))
            return Schema(
                Type.MAP, keys=self._map(_need(entry, "key")), values=self._map(_need(entry, "value"))
            )
        return Schema(Type.ARRAY, values=self._map(items))

    def _struct(self, properties: list[tuple[str, Part, bool]]) -> Schema:
        fields = [
            Field(name, self._map(each, optional=self._optional and not required))
            for name, each, required in properties
        ]
        return Schema(Type.STRUCT, fields=tuple(fields))

    def _enum(self, symbols: list[Any]) -> Schema:
        name = _GENERAL_ENUM if self._generalized else self.dialect.enum
        texts = [_symbol(each) for each in symbols]
        shown = [str(index) for index in range(len(texts))] if self._generalized else texts
        pairs = [(f"{name}.{text}", value) for text, value in zip(texts, shown, strict=True)]
        return Schema(Type.STRING, parameters=((name, ""), *pairs))

    def _union(self, part: Part, members: list[Part], *, optional: bool) -> Schema:
        if len(members) == 1 and self._flattens:
            return self._map(members[0])
        present = [each for each in members if kind_of(each)[0] != "null"]
        if len(members) == 2 and len(present) == 1:  # noqa: PLR2004 - null and one other
            return self._map(present[0], optional=True)
        name, member = self.dialect.union, self.dialect.member
        parameters: tuple[tuple[str, str], ...] = ()
        if self._generalized:
            name, member = f"connect_union_{self._unions}", "connect_union_field_{}".format
            parameters = ((GENERAL_UNION, name),)
            self._unions += 1
        fields = [Field(member(index), self._map(each, optional=True)) for index, each in enumerate(present)]
        bare = Schema(
            Type.STRUCT,
            optional=len(present) < len(members),
            name=name,
            parameters=parameters,
            fields=tuple(fields),
        )
        return self._described(bare, part, optional=optional)

    def _all_of(self, members: list[Part], *, optional: bool) -> Schema:
        """All properties of all in one struct; of simple types the one that says most."""
        properties: dict[str, tuple[Part, bool]] = {}
        for each in members:
            self._collect(each, properties, set())
        if properties:
            struct = self._struct([(name, *found) for name, found in properties.items()])
            return struct.as_optional(optional=optional)
        kinds = [(kind_of(each)[0], each) for each in members]
        chosen = _chosen(kinds)
        if chosen is None:
            raise ValueError(f"allOf of {', '.join(kind for kind, _ in kinds)} is no type")
        return self._map(chosen, optional=optional)

    def _collect(self, part: Part, properties: dict[str, tuple[Part, bool]], seen: set[int]) -> None:
        if id(part.node) in seen:
            return
        seen.add(id(part.node))
        kind, inner = kind_of(part)
        if kind == "$ref":
            self._collect(referred(part), properties, seen)
        elif kind == "allOf":
            for each in inner:
                self._collect(each, properties, seen)
        elif kind == "object":
            required = names_in(part.node.get("required"))
            properties.update((name, (each, name in required)) for name, each in self.dialect.ordered(part))

    def _described(self, bare: Schema, part: Part, *, optional: bool) -> Schema:
        """With what stands beside the type: title, description, default and ``connect.…``."""
        node = part.node
        version, parameters = node.get("connect.version"), node.get("connect.parameters") or {}
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise ValueError(f"connect.version is no number: {version}")
        if not isinstance(parameters, dict):
            raise ValueError("connect.parameters is no object")  # noqa: TRY004 - what converters raise
        given = tuple((name, str(value)) for name, value in parameters.items())
        schema = replace(
            bare,
            name=bare.name or _text(node, self.dialect.title),
            version=version,
            doc=_text(node, self.dialect.description),
            parameters=(*bare.parameters, *given),
        )
        if self.dialect.has_defaults and node.get("default") is not None:
            schema = replace(schema, default=reader_of(schema, self.dialect.unions)(node["default"]))
        return replace(schema, optional=True) if optional else schema


def _chosen(kinds: list[tuple[str, Part]]) -> Part | None:
    """The one of all of them that says which type a simple value has."""
    last = dict(kinds)
    for kind in COMBINING:
        if kind in last:
            return last[kind]
    text, number = last.get("string"), last.get("integer") or last.get("number")
    if "const" in last:
        return text or number
    if "enum" in last:
        return last["enum"] if text else number
    return number or text or last.get("$ref")


def _is_empty(schema: Schema) -> bool:
    return schema.type is Type.STRUCT and not schema.fields


def _need(node: Mapping[str, Any], key: str) -> Any:
    if key not in node:
        raise ValueError(f"an array or a map has no {key}")
    return node[key]


def _text(node: Mapping[str, Any], key: str) -> str | None:
    found = node.get(key)
    return found if isinstance(found, str) else None


def _symbol(value: Any) -> str:
    """As Java prints it."""
    if value is None:
        return "<NULL>"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
