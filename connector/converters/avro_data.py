"""Avro's schemas as Connect's, as Confluent's AvroData maps them, and what values need beside decoding.

The schema that decodes is made anew: names are its own, logical types are those that Connect knows, and each
member of a union stands in a record of one field. That changes no byte of the encoding, and tells which
member a value is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.converters.avro_default import default_of
from connector.converters.avro_fix import of_entries, of_fields, of_items, of_members, of_values, unless_null
from connector.converters.avro_names import NAMED, NamedTypes, full_name_of, need, parsed
from connector.float32 import shortest
from connector.payload import decimal_of
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.converters.avro_fix import Fix
    from connector.schema_registry.base import RegisteredSchema

_CONFLUENT = "io.confluent.connect.avro"
_UNION = f"{_CONFLUENT}.Union"
_ENUM = f"{_CONFLUENT}.Enum"
_NO_NAME = f"{_CONFLUENT}.ConnectDefault"
_MAP_ENTRY = "MapEntry"
_DEFAULT_PRECISION = 64
_DEEPEST = 64
_MOST_TYPES = 10_000

_PRIMITIVES = {
    "boolean": Type.BOOLEAN,
    "int": Type.INT32,
    "long": Type.INT64,
    "float": Type.FLOAT32,
    "double": Type.FLOAT64,
    "bytes": Type.BYTES,
    "string": Type.STRING,
}
_INTEGERS = {"int8": Type.INT8, "int16": Type.INT16}
_LOGICAL = {
    ("int", "date"): (DATE, Type.INT32),
    ("int", "time-millis"): (TIME, Type.INT32),
    ("long", "timestamp-millis"): (TIMESTAMP, Type.INT64),
}
_ANNOTATION = {DATE: "date", TIME: "time-millis", TIMESTAMP: "timestamp-millis"}
_EMPTY: Mapping[str, Any] = {}
_COMPLEX = NAMED | {"array", "map"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """One Avro schema.

    Attributes:
        schema: As Connect has it.
        avro: What decodes its bytes.
        fix: What makes a decoded value Connect's; None if it is already.
        is_empty: Values have no bytes.
    """

    schema: Schema
    avro: Any
    fix: Fix | None = None
    is_empty: bool = False


class AvroData:
    """Maps one schema with those that it refers to; made for one and thrown away.

    Args:
        enhanced: Members of unions have full names.
        meta_data: Docs and fixed sizes become parameters.
        ignore_defaults: Nulls of optional fields stay null although there is a default.
    """

    def __init__(
        self, *, enhanced: bool = False, meta_data: bool = True, ignore_defaults: bool = False
    ) -> None:
        self._enhanced = enhanced
        self._meta_data = meta_data
        self._ignore_defaults = ignore_defaults
        self._types = NamedTypes()
        self._mapped: dict[str, Mapped] = {}
        self._open: set[str] = set()
        self._count = 0

    def of(self, registered: RegisteredSchema) -> Mapped:
        """Raises ValueError with what Connect has no words for: recursion, a lone null."""
        self._types.define_references(registered)
        return self._map(parsed(registered.text), "", 0)

    def _map(self, avro: Any, namespace: str, depth: int) -> Mapped:  # noqa: PLR0911 - one per kind of schema
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_TYPES:
            raise ValueError(f"it has more than {_MOST_TYPES} types, or is nested deeper than {_DEEPEST}")
        if isinstance(avro, list):
            return self._union(avro, namespace, depth)
        if isinstance(avro, str):
            return (
                self._simple({"type": avro}, avro)
                if avro in _PRIMITIVES
                else self._named(avro, namespace, depth)
            )
        if not isinstance(avro, dict) or "type" not in avro:
            raise ValueError(f"{str(avro)[:80]} is no Avro schema")
        kind = avro["type"]
        if isinstance(kind, dict | list) or (
            kind not in _PRIMITIVES and kind not in _COMPLEX and kind != "null"
        ):
            # {"type": {"type": "string"}}: one of them says it all.
            return self._map(kind, namespace, depth + 1)
        if kind in NAMED:
            return self._named(self._types.define(avro, namespace), "", depth)
        if kind == "array":
            return self._array(avro, namespace, depth)
        if kind == "map":
            values = self._map(need(avro, "values"), namespace, depth + 1)
            bare = Schema(Type.MAP, keys=Schema(Type.STRING), values=values.schema)
            fix = values.fix and of_values(values.fix)
            return Mapped(self._described(bare, avro), {"type": "map", "values": values.avro}, fix)
        return self._simple(avro, kind)

    def _simple(self, avro: Mapping[str, Any], kind: str) -> Mapped:
        if kind == "null":
            raise ValueError("Standalone null schemas are not supported by this converter")
        logical = str(avro.get("logicalType") or "")
        if kind == "bytes" and logical == "decimal":
            return self._decimal(avro, "bytes")
        if (kind, logical) in _LOGICAL:
            name, base = _LOGICAL[kind, logical]
            bare = Schema(base, name=name, version=1)
            return Mapped(self._described(bare, avro), {"type": kind, "logicalType": _ANNOTATION[name]})
        type_ = _PRIMITIVES[kind]
        if kind == "int" and not logical:
            type_ = _INTEGERS.get(str(avro.get("connect.type", "")).lower(), type_)
        return Mapped(self._described(Schema(type_), avro), kind, shortest if kind == "float" else None)

    def _decimal(self, avro: Mapping[str, Any], decodes: Any) -> Mapped:
        scale = avro.get("scale")
        if isinstance(scale, bool) or not isinstance(scale, int):
            raise ValueError("scale must be specified and must be a number.")  # noqa: TRY004
        parameters = [("scale", str(scale))]
        precision = avro.get("precision")
        if precision is not None and precision != _DEFAULT_PRECISION:
            parameters.append(("connect.decimal.precision", str(precision)))
        bare = Schema(Type.BYTES, name=DECIMAL, version=1, parameters=tuple(parameters))
        return Mapped(
            self._described(bare, avro),
            decodes,
            lambda data: decimal_of(int.from_bytes(data, signed=True), scale),
        )

    def _array(self, avro: Mapping[str, Any], namespace: str, depth: int) -> Mapped:
        items = self._map(need(avro, "items"), namespace, depth + 1)
        if items.is_empty:
            # A few bytes would stand for any number of them.
            raise ValueError("the items of an array have no bytes")
        decodes = {"type": "array", "items": items.avro}
        if _is_map_entry(avro["items"], items.schema):
            key, value = items.schema.fields
            bare = Schema(Type.MAP, keys=key.schema, values=value.schema)
            fix = of_entries(items.fix, key.name, value.name)
            return Mapped(self._described(bare, avro), decodes, fix)
        bare = Schema(Type.ARRAY, values=items.schema)
        return Mapped(self._described(bare, avro), decodes, items.fix and of_items(items.fix))

    def _union(self, members: list[Any], namespace: str, depth: int) -> Mapped:
        present = [each for each in members if not _is_null(each)]
        is_optional = len(present) < len(members)
        if is_optional and len(present) == 1:
            only = self._map(present[0], namespace, depth + 1)
            decodes = ["null" if _is_null(each) else only.avro for each in members]
            fix = only.fix and unless_null(only.fix)
            return Mapped(replace(only.schema, optional=True), decodes, fix)
        if not present:
            raise ValueError("Standalone null schemas are not supported by this converter")
        mapped = [self._map(each, namespace, depth + 1) for each in present]
        names = [
            self._member_name(each, inner, namespace) for each, inner in zip(present, mapped, strict=True)
        ]
        if len(set(names)) != len(names):
            raise ValueError("Multiple union schemas map to the Connect union field name")
        fields = [
            Field(name, replace(each.schema, optional=True)) for name, each in zip(names, mapped, strict=True)
        ]
        schema = Schema(Type.STRUCT, optional=is_optional, name=_UNION, fields=tuple(fields))
        # Each member in a record of one field, whose name tells which it is.
        wrapped = iter([self._wrapper(index, each.avro) for index, each in enumerate(mapped)])
        decodes = ["null" if _is_null(each) else next(wrapped) for each in members]
        return Mapped(schema, decodes, of_members(names, [each.fix for each in mapped]))

    def _wrapper(self, index: int, avro: Any) -> dict[str, Any]:
        self._count += 1
        return {
            "type": "record",
            "name": f"Member{self._count}",
            "fields": [{"name": f"m{index}", "type": avro}],
        }

    def _member_name(self, avro: Any, mapped: Mapped, namespace: str) -> str:
        kind = avro.get("type") if isinstance(avro, dict) else avro
        if isinstance(avro, dict) and kind in NAMED:
            full_name = full_name_of(avro, namespace)
        elif isinstance(kind, str) and kind not in _PRIMITIVES and kind not in _COMPLEX:
            full_name = self._types.resolve(kind, namespace)
        else:
            return str(kind) if isinstance(kind, str) else mapped.schema.type.lower()
        return full_name if self._enhanced else full_name.rpartition(".")[2]

    def _named(self, name: str, namespace: str, depth: int) -> Mapped:
        if name == "null":
            raise ValueError("Standalone null schemas are not supported by this converter")
        full_name = self._types.resolve(name, namespace)
        if (known := self._mapped.get(full_name)) is not None:
            return replace(known, avro=known.avro["name"])
        if full_name in self._open:
            raise ValueError(f"{full_name} is in itself, which this converter cannot show")
        avro = self._types[full_name]
        self._open.add(full_name)
        mapped = self._mapped[full_name] = self._new_named(full_name, avro, depth)
        self._open.discard(full_name)
        self._count += sum(1 for _ in mapped.schema.nested())
        return mapped

    def _new_named(self, full_name: str, avro: Mapping[str, Any], depth: int) -> Mapped:
        own = f"T{len(self._mapped) + len(self._open)}x{self._count}"
        kind = avro["type"]
        if kind == "enum":
            return self._enum(full_name, avro, own)
        if kind == "fixed":
            decodes = {"type": "fixed", "name": own, "size": need(avro, "size")}
            if avro.get("logicalType") == "decimal":
                return self._decimal(avro, decodes)
            sizes = (("connect.fixed.size", str(avro["size"])),) if self._meta_data else ()
            bare = Schema(Type.BYTES, parameters=sizes)
            return Mapped(self._described(bare, avro, full_name), decodes, is_empty=avro["size"] == 0)
        return self._record(full_name, avro, own, depth)

    def _enum(self, full_name: str, avro: Mapping[str, Any], own: str) -> Mapped:
        symbols = [str(symbol) for symbol in need(avro, "symbols")]
        parameters: list[tuple[str, str]] = []
        short = full_name.rpartition(".")[2]
        if self._meta_data and avro.get("doc"):
            parameters.append((f"{_CONFLUENT}.enum.doc.{short}", str(avro["doc"])))
        if self._meta_data and avro.get("default") is not None:
            parameters.append((f"{_CONFLUENT}.enum.default.{short}", str(avro["default"])))
        parameters += [(_ENUM, full_name), *((f"{_ENUM}.{symbol}", symbol) for symbol in symbols)]
        bare = Schema(Type.STRING, parameters=tuple(parameters))
        decodes = {"type": "enum", "name": own, "symbols": symbols}
        return Mapped(self._described(bare, avro, full_name), decodes)

    def _record(self, full_name: str, avro: Mapping[str, Any], own: str, depth: int) -> Mapped:
        namespace = full_name.rpartition(".")[0]
        fields: list[Field] = []
        decodes: list[dict[str, Any]] = []
        fixes: list[tuple[str, Fix]] = []
        parameters: list[tuple[str, str]] = []
        if self._meta_data and avro.get("doc"):
            parameters.append((f"{_CONFLUENT}.record.doc", str(avro["doc"])))
        is_empty = True
        for each in avro.get("fields", ()):
            name = str(need(each, "name"))
            mapped = self._map(need(each, "type"), namespace, depth + 1)
            if self._meta_data and each.get("doc"):
                parameters.append((f"{_CONFLUENT}.field.doc.{name}", str(each["doc"])))
            schema = self._with_default(mapped.schema, each)
            fields.append(Field(name, schema))
            decodes.append({"name": name, "type": mapped.avro})
            if fix := self._field_fix(mapped, schema):
                fixes.append((name, fix))
            is_empty = is_empty and mapped.is_empty
        bare = Schema(Type.STRUCT, fields=tuple(fields), parameters=tuple(parameters))
        schema = self._described(bare, avro, full_name)
        record = {"type": "record", "name": own, "fields": decodes}
        return Mapped(schema, record, of_fields(fixes) if fixes else None, is_empty)

    def _with_default(self, schema: Schema, field: Mapping[str, Any]) -> Schema:
        """A field's default; that of a field that may be null is left out, as Confluent's converter does."""
        default = field.get("default")
        if default is None or isinstance(field["type"], list):
            return schema
        try:
            value = default_of(schema, default)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return schema
        flag = (
            ((f"{_CONFLUENT}.field.default", "true"),) if self._meta_data and schema.default is None else ()
        )
        return replace(schema, default=value, parameters=(*schema.parameters, *flag))

    def _field_fix(self, mapped: Mapped, schema: Schema) -> Fix | None:
        if not schema.optional or schema.default is None or self._ignore_defaults:
            return mapped.fix
        fix, default = mapped.fix or (lambda value: value), schema.default
        return lambda value: default if value is None else fix(value)

    def _described(self, bare: Schema, avro: Mapping[str, Any], full_name: str | None = None) -> Schema:
        """With what ``connect.…`` properties say, and the name of a named type."""
        parameters = list(bare.parameters)
        if self._meta_data:
            given = avro.get("connect.parameters") or _EMPTY
            if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
                raise ValueError("Expected schema parameter values to be strings")
            parameters += [pair for pair in given.items() if pair not in parameters]
        parameters += [(key, str(value)) for key, value in avro.items() if key.startswith("avro")]
        version = avro.get("connect.version", bare.version)
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise ValueError(f"Invalid Connect version found: {version}")
        name = bare.name or avro.get("connect.name") or full_name
        schema = replace(
            bare,
            name=None if name is not None and str(name).startswith(_NO_NAME) else name,
            version=version,
            doc=avro.get("connect.doc") if self._meta_data else None,
            parameters=tuple(dict(parameters).items()),
        )
        default = avro.get("connect.default")
        return schema if default is None else replace(schema, default=default_of(schema, default))


def _is_null(avro: Any) -> bool:
    return avro == "null" or (isinstance(avro, dict) and avro.get("type") == "null")


def _is_map_entry(avro: Any, schema: Schema) -> bool:
    if schema.type is not Type.STRUCT or [each.name for each in schema.fields] != ["key", "value"]:
        return False
    marked = isinstance(avro, dict) and avro.get("connect.internal.type") == _MAP_ENTRY
    return marked or schema.name == f"{_CONFLUENT}.{_MAP_ENTRY}"
