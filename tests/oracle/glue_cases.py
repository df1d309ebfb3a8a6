"""Schemas and values that AWS's converters of Glue and ours are both given; AWS's have the version 2.0.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from connector.aws.protoc import compiled

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

HEAD = """syntax = "proto3"; package com.example;
import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
import "google/type/date.proto"; import "google/type/timeofday.proto"; import "google/type/color.proto";
import "additionalTypes/decimal.proto"; import "metadata/metadata.proto";
"""
NUMBERS = (
    HEAD
    + """message Numbers { int32 a = 1; sint32 b = 2; sfixed32 c = 3; uint32 d = 4; fixed32 e = 5;
  int64 f = 6; sint64 g = 7; uint64 h = 8; fixed64 i = 9; sfixed64 j = 10; float k = 11; double l = 12;
  bool m = 13; string n = 14; bytes o = 15;
  int32 p = 16 [(metadata.metadata_key) = "connect.schema", (metadata.metadata_value) = "int8"];
  int32 q = 17 [(metadata.metadata_key) = "connect.schema", (metadata.metadata_value) = "int16"]; }"""
)
ALL_NUMBERS = {
    "a": -1, "b": -2, "c": -3, "d": 2**32 - 1, "e": 2**31, "f": -(2**63), "g": -5, "h": 2**64 - 1, "i": 7,
    "j": -8, "k": 0.1, "l": 1e300, "m": True, "n": "\u00e9", "o": "AAE=", "p": 127, "q": -32768,
}  # fmt: skip
MANY = (
    HEAD
    + """message Many { repeated int32 a = 1; repeated sint64 b = 2; repeated Part c = 3;
  map<string, int32> d = 4; map<int64, Part> e = 5; repeated Kind f = 6; map<string, Kind> g = 7;
  repeated google.protobuf.Timestamp h = 8;
  message Part { string name = 1; optional string note = 2; }
  enum Kind { NONE = 0; SOME = 5; OTHER = 6; } }"""
)
PARTS = {
    "a": [1, 2], "b": [-1], "c": [{"name": "x"}, {"note": ""}], "d": {"a": 1}, "e": {"7": {"name": "y"}},
    "f": ["SOME", "NONE", 9], "g": {"k": "OTHER"}, "h": ["1970-01-01T00:00:01.5Z"],
}  # fmt: skip
UNIONS = (
    HEAD
    + """message Unions { int32 before = 1; oneof choice { string text = 2; Part part = 4; Kind kind = 5; }
  int32 after = 3; optional int32 maybe = 6; Nested nested = 7;
  message Part { int32 a = 1; }
  message Nested { oneof other { string text = 1; int32 number = 2; } }
  enum Kind { NONE = 0; SOME = 1; } }"""
)
ONE_UNION = UNIONS.replace(" Nested nested = 7;", "")
MOMENTS = (
    HEAD
    + """message Moments { google.protobuf.Timestamp at = 1; google.type.Date day = 2;
  google.type.TimeOfDay hour = 3; additionalTypes.Decimal whole = 4;
  additionalTypes.Decimal price = 5
    [(metadata.metadata_key) = "connect.decimal.scale", (metadata.metadata_value) = "2"];
  optional google.protobuf.Timestamp later = 6; google.protobuf.StringValue wrapped = 7;
  google.type.Color color = 8; }"""
)
DAY = {"year": 2020, "month": 2, "day": 29}
PRICE = {"units": -89, "fraction": -560000000, "precision": 4, "scale": 2}
AT = {
    "at": "2020-01-02T03:04:05.678901Z",
    "day": DAY,
    "hour": {"hours": 23, "nanos": 999000000},
    "price": PRICE,
}
OLD = """package old; message Old { required int32 a = 1; optional string b = 2 [default = "x"];
  repeated int64 c = 3;  optional Inner d = 4; optional Kind e = 5; message Inner { optional int32 f = 1; }
  enum Kind { ONE = 1; TWO = 2; } }"""
NESTS = """syntax = "proto3"; package p.q; message B { map<string, A.D> m = 1; message C { int32 c = 1; }
  message A { int32 a = 1; message D { int32 d = 1; } } } message Ant { string s = 1; }"""
TWO = """syntax = "proto3"; package t; message Two { optional int32 a = 1;
  oneof one { int32 b = 2; int32 c = 3; } string d = 4; optional int32 e = 6;
  oneof two { string y = 8; int32 z = 5; } In f = 7;
  message In { optional int32 a = 1; int32 b = 2; } }"""

# As AWS's serialisers write it.
WRITTEN = """syntax = "proto3"; package w;
import "additionalTypes/decimal.proto"; import "metadata/metadata.proto";
message Order { repeated .w.Order.KindsEntry kinds = 9; optional string note = 4;
  oneof paid { int32 cash = 7; }
  .additionalTypes.Decimal price = 5
    [metadata.metadata_key = "connect.decimal.scale", metadata.metadata_value = "2"];
  message KindsEntry { option map_entry = true; string key = 1; .w.Order.Kind value = 2; }
  enum Kind { NONE = 0; SOME = 1; } }"""


def message(text: str, name: str, index: bytes, value: dict[str, Any], *, fails: bool = False) -> Case:
    class_ = GetMessageClass(compiled(text).pool.FindMessageTypeByName(name))
    data = ParseDict(value, class_()).SerializeToString(deterministic=True)
    return Case("PROTOBUF", text, index + data, fails)


PROTOBUF_CASES = [
    message(NUMBERS, "com.example.Numbers", b"\0", ALL_NUMBERS),
    message(NUMBERS, "com.example.Numbers", b"\0", {}),
    message(MANY, "com.example.Many", b"\0", PARTS), message(MANY, "com.example.Many", b"\0", {}),
    message(ONE_UNION, "com.example.Unions", b"\0", {"before": 1, "text": "", "maybe": 0}),
    message(ONE_UNION, "com.example.Unions", b"\0", {"part": {"a": 1}}),
    message(ONE_UNION, "com.example.Unions", b"\0", {"kind": "SOME", "after": 3}),
    message(ONE_UNION, "com.example.Unions", b"\0", {}),
    message(ONE_UNION, "com.example.Unions.Part", b"\2", {"a": 7}),
    message(MOMENTS, "com.example.Moments", b"\0", AT), message(OLD, "old.Old", b"\0", {"a": 1}),
    message(OLD, "old.Old", b"\0", {"a": 1, "b": "y", "c": [1], "d": {"f": 2}, "e": "TWO"}),
    message(NESTS, "p.q.Ant", b"\0", {"s": "x"}), message(NESTS, "p.q.B", b"\1", {"m": {"k": {"d": 1}}}),
    message(NESTS, "p.q.B.A", b"\2", {"a": 1}), message(NESTS, "p.q.B.A.D", b"\3", {"d": 1}),
    message(NESTS, "p.q.B.C", b"\4", {"c": 1}), Case("PROTOBUF", NESTS, b"\5\x0a\1k"),
    Case("PROTOBUF", NESTS, b"\6"),
    message(TWO, "t.Two", b"\0", {"c": 1, "z": 2}), message(TWO, "t.Two", b"\0", {"y": "1"}),
    Case("PROTOBUF", NESTS, b"\x80\0"), Case("PROTOBUF", NESTS, b""), Case("PROTOBUF", NESTS, b"\0\xff"),
    Case("PROTOBUF", 'import "nope.proto"; message A {}', b"\0"), Case("PROTOBUF", "message A {", b"\0"),
    message(WRITTEN, "w.Order", b"\0", {"kinds": {"a": "SOME"}, "price": PRICE, "cash": 3}),
    # AWS's converter fails at these.
    message(MOMENTS, "com.example.Moments", b"\0", {}, fails=True),
    message(UNIONS, "com.example.Unions", b"\0", {"nested": {"number": 1}}, fails=True),
]  # fmt: skip
CASES = [*JSON_CASES, *PROTOBUF_CASES]


def answers() -> list[dict[str, Any]]:
    """AWS's, one for each case."""
    found: list[dict[str, Any]] = json.loads(ANSWERS.read_text())
    return found


def stored(found: list[dict[str, Any]]) -> str:
    """The text of answers for :data:`ANSWERS`."""
    lines = ["{}" if "error" in each else json.dumps(each, sort_keys=True) for each in found]
    return "[\n" + ",\n".join(lines) + "\n]\n"
