"""Schemas and values that AWS's converters of Glue and ours are both given; AWS's have the version 2.0.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

ANSWERS = Path(__file__).with_name("glue_answers.json")
DATA = "org.apache.kafka.connect.data."


class Case(NamedTuple):
    """What stands behind the header of a value, which Glue names the schema of.

    Attributes:
        fails: Whether AWS's converter fails, and ours does not: docs/converters.md tells why.
    """

    kind: str
    schema: str
    data: bytes
    fails: bool = False


def properties(**found: Any) -> dict[str, Any]:
    return {"type": "object", "properties": found}


def case(schema: Any, value: Any, *, fails: bool = False) -> Case:
    return Case("JSON", json.dumps(schema), json.dumps(value).encode(), fails)


INTEGER, TEXT = {"type": "integer"}, {"type": "string"}
INT32 = {"type": "integer", "connect.type": "int32"}


def named(name: str, **rest: Any) -> dict[str, Any]:
    return {"connect.name": DATA + name, "connect.version": 1, **rest}


DATE = named("Date", **INT32)
TIME = named("Time", **INT32)
TIMESTAMP = named("Timestamp", type="integer", **{"connect.type": "int64", "connect.doc": "when"})
SCALE = {"connect.type": "bytes", "connect.parameters": {"scale": "2"}}
BY_NUMBER = {"type": "array", "connect.type": "map", "items": properties(key=INT32, value=TEXT)}
ORDER = properties(
    id={"type": "integer", "connect.type": "int64", "connect.index": 0},
    paid={"type": "boolean", "connect.index": 2},
    price={**named("Decimal", type="string"), **SCALE, "connect.index": 1},
    note={"oneOf": [TEXT, {"type": "null"}], "connect.index": 3},
    tags={"type": "array", "items": TEXT, "connect.index": 4},
    counts={"type": "object", "connect.type": "map", "additionalProperties": INT32, "connect.index": 5},
    at={**TIMESTAMP, "connect.index": 6},
    home={**properties(city=TEXT), "connect.name": "com.example.Home", "connect.index": 7},
)
PAID = {
    "id": 2**53 + 1, "paid": True, "price": "AJY=", "note": None, "tags": ["a"], "counts": {"a": 1},
    "at": 1000, "home": {"city": "Rome"}, "more": 1,
}  # fmt: skip
REFERRED = {"definitions": {"a": properties(x=INTEGER)}, **properties(p={"$ref": "#/definitions/a"})}
RECURSIVE = {"definitions": {"a": properties(n={"$ref": "#/definitions/a"})}, "$ref": "#/definitions/a"}

JSON_CASES = [
    *(
        case({"type": "integer" if name[0] == "i" else "number", "connect.type": name}, 7)
        for name in ("int8", "int16", "int32", "int64", "float32", "float64")
    ),
    case(INTEGER, 7), case({"type": "number"}, 1.5), case({"type": "boolean"}, True), case(TEXT, "x"),
    case({"minimum": 1}, 1), case({"type": "string", "connect.type": "bytes"}, "AAE="),
    case({"type": "string", "title": "t", "description": "d", "default": "x"}, "x"),
    case({**TEXT, "connect.name": "n", "connect.doc": "d", "connect.version": 3}, "x"),
    case({**TEXT, "connect.parameters": {"a": "b"}}, "x"),
    case({"enum": ["a", "b", 1]}, "a"), case({"type": "string", "const": "a"}, "a"), case(TEXT, None),
    case(INT32, None), case(DATE, 18262), case(TIME, 1000), case(TIMESTAMP, 1577836800000), case(DATE, "x"),
    case(named("Decimal", type="string", **SCALE), "AJY="),
    case(named("Decimal", type="number", **SCALE), 1.5),
    case({"type": "array", "items": INTEGER}, [1, 2]),
    case({"type": "object", "connect.type": "map", "additionalProperties": TEXT}, {"a": "b"}),
    case(BY_NUMBER, [{"key": 1, "value": "b"}]), case(BY_NUMBER, {"key": 1}), case(ORDER, PAID),
    case(REFERRED, {"p": {"x": 1}}),
    case(ORDER, {**PAID, "note": "fragile", "paid": None}), case(ORDER, [1]),
    case({"oneOf": [TEXT, {"type": "boolean"}]}, "x"), case({"anyOf": [TEXT, {"type": "boolean"}]}, False),
    case({"type": ["string", "integer"]}, "x"), case({"type": ["string"]}, "x"), case({"oneOf": [TEXT]}, "x"),
    case({"oneOf": [{"type": "number"}, {"type": "integer", "connect.type": "int64"}]}, 7),
    case({"oneOf": [{"type": "number"}, {"type": "integer", "connect.type": "int64"}]}, 7.5),
    case({"oneOf": [{"type": "string", "connect.type": "bytes"}, TEXT]}, "AAE="),
    case({"oneOf": [properties(a=INTEGER), properties(a=INTEGER, b=TEXT)]}, {"a": 1, "b": "x"}),
    case({"oneOf": [{"type": "array", "items": INTEGER}, properties(a=INTEGER)]}, {"a": 1}),
    case({"oneOf": [BY_NUMBER, {"type": "array", "items": INTEGER}]}, [1]),
    case({"oneOf": [BY_NUMBER, {"type": "array", "items": INTEGER}]}, [{"key": 1, "value": "x"}]),
    case({"oneOf": [TEXT, {"type": "boolean"}]}, [1]),
    # AWS's converter fails at these.
    *(
        case(schema, value, fails=True)
        for schema, value in (
            ({"type": ["string", "null"]}, "x"), ({"anyOf": [TEXT, {"type": "null"}]}, None),
            ({"oneOf": [{"type": "null"}, TEXT, {"type": "boolean"}]}, None), ({}, 1),
            ({"type": "array"}, [1]),
            ({"oneOf": [{"type": "number"}, TEXT]}, 7), (properties(a={"type": "null"}), {"a": None}),
            (properties(s={"type": "string", "enum": ["a", "b"]}), {"s": "a"}), ({"not": TEXT}, 1),
            (properties(u={"oneOf": [TEXT, {"type": "boolean"}]}), {"u": "x"}), ({"const": "a"}, "a"),
            (properties(p=properties(a=TEXT, b=TEXT)), {"p": {"a": "x"}}),
            (RECURSIVE, {}),
        )
    ),
]  # fmt: skip

CASES = JSON_CASES


def answers() -> list[dict[str, Any]]:
    """AWS's, one for each case."""
    found: list[dict[str, Any]] = json.loads(ANSWERS.read_text())
    return found


def stored(found: list[dict[str, Any]]) -> str:
    """The text of answers for :data:`ANSWERS`."""
    lines = ["{}" if "error" in each else json.dumps(each, sort_keys=True) for each in found]
    return "[\n" + ",\n".join(lines) + "\n]\n"
