"""Paths to fields: a name (V1), or names with dots between them and backticks around them (V2, KIP-821)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.option import STRING, Importance, Option, defaulted, one_of
from connector.schema import Type
from connector.transforms.field import java_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.schema import Schema

_NESTED = "nested field access"


def syntax_version() -> Option[str]:
    """The option that says how paths are written."""
    return defaulted(
        "field.syntax.version",
        STRING,
        "V1",
        "With V2 a dot leads into a nested field, and names that hold dots stand in backticks; with V1 the"
        " text is the name of a field.",
        validate=one_of("v1", "v2", ignore_case=True),
        choices=("V1", "V2"),
        importance=Importance.HIGH,
        group="Transform",
    )


def steps_of(text: str, version: str) -> list[str]:
    """The names that a path leads through.

    Raises:
        ValueError: A backtick does not close.
    """
    if version.upper() == "V1":
        return [text]
    steps = []
    at = 0
    while at < len(text):
        if text[at] == "`":
            step, at = _quoted(text, at)
        else:
            step, dot, _ = text[at:].partition(".")
            at += len(step) + len(dot)
        steps.append(step)
    # A path that ends with a dot ends with a field without a name.
    return [*steps, ""] if text.endswith(".") else steps


def _quoted(text: str, opening: int) -> tuple[str, int]:
    """The name in backticks, and where the path goes on; only one before a dot or the end closes it."""
    name, start, at = "", opening + 1, opening + 1
    while (at := text.find("`", at)) >= 0:
        is_escaped = text[at - 1] == "\\"
        is_last = at == len(text) - 1
        if is_last and is_escaped:
            break
        if is_last or (text[at + 1] == "." and not is_escaped):
            return name + text[start:at], at + 2
        if text[at + 1] == ".":
            name += text[start : at - 1] + "`"
            start = at + 1
        at += 1
    raise ValueError(
        f"Incomplete backtick pair in path: [{text}], consider adding a backslash before backtick at position"
        f" {opening} to escape it"
    )


def schema_at(schema: Schema, steps: list[str]) -> Schema | None:
    """The schema of the field; None if there is no such field.

    Raises:
        ValueError: A step leads into what has no fields.
    """
    found = schema
    for step in steps:
        if found.type is not Type.STRUCT:
            raise ValueError(f"Cannot look up fields on non-struct type {found.type}")
        inner = next((each.schema for each in found.fields if each.name == step), None)
        if inner is None:
            return None
        found = inner
    return found


def reader_without_schema(steps: list[str]) -> Callable[[Any], Any]:
    """What gets the field out of a map that is not null; what is not there is null."""
    *outer, last = steps

    def read(value: Any) -> Any:
        for step in outer:
            value = value.get(step)
            if value is None:
                return None
            if type(value) is not dict:
                raise ValueError(
                    f"Only Map objects supported in absence of schema for [{_NESTED}],"
                    f" found: {java_name(value)}"
                )
        return value.get(last)

    return read


def reader_by_schema(schema: Schema, steps: list[str], *, replaces: bool) -> Callable[[Any], Any]:
    """What gets the field out of a struct of this schema, which has the field."""
    levels = []
    for position, step in enumerate(steps):
        inner = next(each.schema for each in schema.fields if each.name == step)
        is_last = position == len(steps) - 1
        # Structs on the way show their defaults, whatever is wanted of the field itself.
        levels.append((step, inner.default if replaces or not is_last else None))
        schema = inner

    def read(value: Any) -> Any:
        for step, default in levels:
            value = value.get(step)
            if value is None:
                value = default
            if value is None:
                return None
        return value

    return read
