"""The named types of an Avro schema and of those that it refers to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.schema_registry.base import RegisteredSchema

NAMED = frozenset({"record", "error", "enum", "fixed"})


class NamedTypes:
    """Records, enums and fixed bytes by their full names."""

    def __init__(self) -> None:
        self._defined: dict[str, Mapping[str, Any]] = {}

    def define_references(self, registered: RegisteredSchema) -> None:
        """Those of references are known before anything is mapped."""
        for _, schema in registered.references:
            self.define_references(schema)
            self._define(parsed(schema.text), "")

    def _define(self, avro: Any, namespace: str) -> None:
        if isinstance(avro, list):
            for member in avro:
                self._define(member, namespace)
        elif isinstance(avro, dict):
            if avro.get("type") in NAMED:
                full_name = full_name_of(avro, namespace)
                self._defined.setdefault(full_name, avro)
                namespace = full_name.rpartition(".")[0]
            for inner in (
                *(each.get("type") for each in avro.get("fields", ())),
                avro.get("items"),
                avro.get("values"),
            ):
                self._define(inner, namespace)
            if isinstance(avro.get("type"), dict | list):
                self._define(avro["type"], namespace)

    def define(self, avro: Mapping[str, Any], namespace: str) -> str:
        """Its full name; it holds from here on, whatever a reference says."""
        full_name = full_name_of(avro, namespace)
        self._defined[full_name] = avro
        return full_name

    def __getitem__(self, full_name: str) -> Mapping[str, Any]:
        return self._defined[full_name]

    def resolve(self, name: str, namespace: str) -> str:
        """The full name of what is called so in this namespace."""
        within = f"{namespace}.{name}" if namespace and "." not in name else name
        for found in (within, name):
            if found in self._defined:
                return found
        raise ValueError(f"the type {name} is not defined")


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # A primitive may be registered without quotes.
        return text.strip()


def full_name_of(avro: Mapping[str, Any], namespace: str) -> str:
    name = str(need(avro, "name"))
    if "." in name:
        return name
    space = avro.get("namespace", namespace)
    return f"{space}.{name}" if space else name


def need(avro: Mapping[str, Any], key: str) -> Any:
    if key not in avro:
        raise ValueError(f"{str(dict(avro))[:80]} has no {key}")
    return avro[key]
