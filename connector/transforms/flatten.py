"""Kafka's Flatten: fields of nested structs or maps become fields of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from connector.config.option import STRING, defaulted
from connector.config.schema import Config
from connector.schema import Field, Schema, Type
from connector.transforms.field import Change, FieldTransform, java_name, struct_like

if TYPE_CHECKING:
    from collections.abc import Iterator


class FlattenConfig(Config):
    delimiter = defaulted(
        "delimiter", STRING, ".", "What stands between the names in the name of a field.", group="Transform"
    )


class _Leaf(NamedTuple):
    source: str
    name: str
    default: Any


class _Branch(NamedTuple):
    source: str
    nodes: list[_Leaf | _Branch]
    default: Any


class Flatten(FieldTransform):
    """Nulls pass; arrays stay as they are. A map with a schema fails."""

    config_class: ClassVar[type[Config]] = FlattenConfig
    purpose = "flattening"

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, lambda values, _: [self._flat(value) for value in values])
        nodes = list(self._nodes(schema, ""))
        fields = self._fields(schema, "", schema.default, optional=schema.optional)
        return Change(
            struct_like(schema, fields), lambda values, _: [_leaves(value, nodes) for value in values]
        )

    def _flat(self, value: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self._collect(value, "", result)
        return result

    def _collect(self, value: dict[str, Any], prefix: str, result: dict[str, Any]) -> None:
        for name, found in value.items():
            if type(found) is dict:
                self._collect(found, f"{prefix}{name}{self.config.delimiter}", result)
            elif java_name(found) == "java.util.Date":
                raise ValueError(
                    "Flatten transformation was passed a value of type class java.util.Date which is not"
                    " supported by Connect's data API"
                )
            else:
                result[f"{prefix}{name}"] = found

    def _nodes(self, schema: Schema, prefix: str) -> Iterator[_Leaf | _Branch]:
        for found in schema.fields:
            name = prefix + found.name
            if found.schema.type is Type.STRUCT:
                nodes = list(self._nodes(found.schema, name + self.config.delimiter))
                yield _Branch(found.name, nodes, found.schema.default)
            elif found.schema.type is Type.MAP:
                raise ValueError(
                    f"Flatten transformation does not support MAP for record with schemas (for field {name})."
                )
            else:
                yield _Leaf(found.name, name, found.schema.default)

    def _fields(self, schema: Schema, prefix: str, given: Any, *, optional: bool) -> Iterator[Field]:
        """The fields of the flat struct; ``given`` is the default that a parent has for this one."""
        for found in schema.fields:
            name = prefix + found.name
            inner = found.schema
            is_optional = optional or inner.optional
            default = inner.default
            if default is None and given is not None:
                default = given.get(found.name)
            if inner.type is Type.STRUCT:
                deeper = name + self.config.delimiter
                yield from self._fields(inner, deeper, default, optional=is_optional)
            else:
                yield Field(name, replace(inner, optional=is_optional, default=default))


def _leaves(value: dict[str, Any], nodes: list[_Leaf | _Branch]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    _collect(value, nodes, result)
    return result


def _collect(value: dict[str, Any] | None, nodes: list[_Leaf | _Branch], result: dict[str, Any]) -> None:
    for node in nodes:
        # Of a struct that is not there, the fields are null.
        found = None if value is None else value.get(node.source)
        if found is None and value is not None:
            found = node.default
        if isinstance(node, _Leaf):
            result[node.name] = found
        else:
            _collect(found, node.nodes, result)


class FlattenKey(Flatten):
    column = "keys"
    columns = frozenset({"keys"})


class FlattenValue(Flatten):
    column = "values"
    columns = frozenset({"values"})
