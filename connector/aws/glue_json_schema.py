"""JSON Schemas as the JsonSchemaConverter of AWS Glue Schema Registry maps them.

Types are told by ``connect.type`` and names by ``connect.name``; titles and defaults say nothing. What AWS's
converter fails at is read where there is one way to: unions within structs, which have members that are
required there, unions with null, and types beside enums. What it would drop (objects without properties, all
but one member of ``allOf``) is not dropped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.converters.json_schema_data import Dialect
from connector.converters.json_schema_values import Unions, is_simple
from connector.schema import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.converters.json_schema_document import Part
    from connector.schema import Schema

_UNION = "oneOf"
_INTEGERS = {Type.INT8, Type.INT16, Type.INT32, Type.INT64}
_SIMPLE: dict[type, set[Type]] = {
    bool: {Type.BOOLEAN},
    int: _INTEGERS,
    float: {Type.FLOAT32, Type.FLOAT64},
    str: {Type.STRING},
    list: {Type.ARRAY, Type.MAP},
    dict: {Type.STRUCT},
}
_ENTRY = {"key", "value"}


def _choose(members: Sequence[Schema], value: Any) -> int | None:
    """The first that AWS's converter takes; else the first that can hold the value at all."""
    return next(
        (position for position, member in enumerate(members) if _is_taken(member, value)),
        next((position for position, each in enumerate(members) if is_simple(each.type, value)), None),
    )


def _is_taken(member: Schema, value: Any) -> bool:
    if member.type not in _SIMPLE.get(type(value), ()):
        return False
    if member.type is Type.STRUCT:
        return any(found.name in value for found in member.fields)
    if member.type is Type.MAP:
        return all(isinstance(each, dict) and _ENTRY & each.keys() for each in value)
    return True


def _by_index(part: Part) -> list[tuple[str, Part]]:
    """Those with a ``connect.index`` first, the others as they are written."""

    def index(property_: tuple[str, Part]) -> float:
        node = property_[1].node
        found = node.get("connect.index") if isinstance(node, dict) else None
        return found if isinstance(found, int) else float("inf")

    written = part.node.get("properties") or {}
    return sorted(((name, part.of(each)) for name, each in written.items()), key=index)


GLUE = Dialect(
    unions=Unions(lambda schema: schema.type is Type.STRUCT and schema.name == _UNION, _choose),
    union=_UNION,
    member=lambda position: f"field{position + 1}",
    enum="com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.Enum",
    title="connect.name",
    description="connect.doc",
    integer="float64",
    ordered=_by_index,
    has_defaults=False,
    has_empty=False,
)
GLUE_WITH_INTEGERS = replace(GLUE, integer="int64")
