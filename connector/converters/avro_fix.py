"""What makes a decoded Avro value Connect's: functions of values, made of those for what is inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Fix = Callable[[Any], Any]


def unless_null(fix: Fix) -> Fix:
    return lambda value: None if value is None else fix(value)


def of_items(fix: Fix) -> Fix:
    return lambda values: list(map(fix, values))


def of_values(fix: Fix) -> Fix:
    return lambda values: {key: fix(value) for key, value in values.items()}


def of_entries(fix: Fix | None, key: str, value: str) -> Fix:
    def entries(found: list[dict[str, Any]]) -> dict[Any, Any]:
        return {each[key]: each[value] for each in (map(fix, found) if fix else found)}

    return entries


def of_fields(fixes: list[tuple[str, Fix]]) -> Fix:
    def fields(struct: dict[str, Any]) -> dict[str, Any]:
        for name, fix in fixes:
            struct[name] = fix(struct[name])
        return struct

    return fields


def of_members(names: list[str], fixes: list[Fix | None]) -> Fix:
    nothing = dict.fromkeys(names)
    members = {f"m{index}": (name, fix) for index, (name, fix) in enumerate(zip(names, fixes, strict=True))}

    def member(value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        ((key, inner),) = value.items()
        name, fix = members[key]
        return {**nothing, name: fix(inner) if fix else inner}

    return member
