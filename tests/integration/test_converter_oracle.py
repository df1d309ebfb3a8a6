"""Kafka's own converters, run in Java, and ours: one table of cases, the same results."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import schemas_of
from connector.float32 import shortest
from connector.plugins import PluginKind, find
from connector.schema import Type
from connector.testing.kafka import KafkaUnavailableError
from connector.testing.kafka.jars import converter_jars

if TYPE_CHECKING:
    from connector.schema import Schema

SOURCE = Path(__file__).parents[1] / "oracle" / "ConverterOracle.java"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
NUMBERS = "org.apache.kafka.connect.converters."

Case = tuple[str, dict[str, str], bytes | None]

LITERALS = [
    "", " ", "null", " null ", "nulls", "true", "false", "True", "true}", "null,", "abc", "a b", " abc ", "1", " 1 ",
    "+1", "-1", "1.", ".5", "-.5", "+.5", "127", "128", "-129", "32768", "2147483648", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "10000000000000000001", "1e19", "1e3", "1e-5", "1e40", "1e400",
    "1.0", "1.50", "0.1", "-0.0", "0.0", "00012", "1_000", "0x10", "1e", "NaN", "Infinity", "1,2", "1:2", "12abc",
    "3.14159265358979", "16777217.5", "3.4028236e38", "1.1f", "1e99999999999", "١٢",
    "2020-01-02", "2020-1-2", "2020-13-45", "2020-01-0x", "12:34:56.789Z", "2020-01-02T12:34:56.789Z",
    "2020-01-02T12:34:56Z", "12:34:56", "12\\:34\\:56.789Z", "2020-01-02,x", "12:34:56.789Z,x",
    "2020-02-30T23:59:60.000Z", "[]", "[1]", "[1, 2]", "[1,2.5]", "[1,null]", "[null]", "[null,null]", "[1,]", "[,1]",
    "[1 2]", "[", "]", "[1", "[1]x", "[a]", '["a"]', '["a", "b c"]', '["a:b", " c "]', '[" "]', '["a\\"b"]', '["a',
    "[[1],[2]]", '[1,"a"]', "[true,false]", "[true, 1]", '["2020-01-02"]', "[2020-01-02]", "{}", '{"a":1}', '{"a": 1}',
    '{"a":1,"b":2.5}', '{"a":1,"b":null}', '{"a":null}', '{"a":1 "b":2}', '{"a"}', "{a:1}", "{1:2}", '{"a":[1,2]}',
    '{"a":{"b":1}}', '{"a":1,"b":"x"}', '{1:"a","b":2}', '{"a":1', "{null:1}", "{,}", '"quoted"', "a\\,b", "a,b", "\\",
    "é", "-", "+", "--1", "1-2", "1 2", "[ 1 , 2 ]", " [1]", "[1] ", '{ "a" : true }', "https://example.org/?a=1",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "550e8400-e29b-41d4-a716-446655440000",
    "99999999999999999999999999.5", "0.000000000000000000000000000000000000000000000000001", "1e-400", "-1e400", "+-1",
]  # fmt: skip


def envelope(schema: Any, payload: Any) -> bytes:
    return json.dumps({"schema": schema, "payload": payload}).encode()


STRUCT = {
    "type": "struct", "name": "com.example.Order", "version": 2, "doc": "An order", "optional": True,
    "fields": [
        {"field": "id", "type": "int32"},
        {"field": "note", "type": "string", "optional": True, "default": "none"},
        {"field": "tags", "type": "array", "items": {"type": "string", "optional": True}, "optional": True},
        {"field": "counts", "type": "map", "keys": {"type": "string"}, "values": {"type": "int64"}, "optional": True},
    ],
}  # fmt: skip
DATA = "org.apache.kafka.connect.data."
DECIMAL = {"type": "bytes", "name": DATA + "Decimal", "version": 1, "parameters": {"scale": "2"}}
DATE = {"type": "int32", "name": DATA + "Date", "version": 1}
TIME = {"type": "int32", "name": DATA + "Time", "version": 1}
TIMESTAMP = {"type": "int64", "name": DATA + "Timestamp", "version": 1}

ENVELOPES: list[tuple[Any, Any]] = [
    (None, {"a": 1}), (None, None), ("string", "x"), ({"type": "int8"}, 127), ({"type": "float"}, 1.5),
    ({"type": "double"}, 1), ({"type": "boolean"}, True), ({"type": "bytes"}, "AAE="), ({"type": "string"}, None),
    ({"type": "string", "optional": True}, None), ({"type": "string", "optional": True, "default": "d"}, None),
    (STRUCT, {"id": 1}), (STRUCT, {"id": 1, "note": None, "tags": ["a", None], "counts": {"a": 1}}), (STRUCT, None),
    (STRUCT, {"note": "x"}), (STRUCT, [1]), (DECIMAL, "AJY="), (DECIMAL, 1.5), (DATE, 18262), (TIME, 1000), (DATE, "x"),
    (TIMESTAMP, 1577836800000), (TIMESTAMP, 1.5), ({"type": "array", "items": {"type": "int32"}}, [1, 2]),
    ({"type": "map", "keys": {"type": "int32"}, "values": {"type": "string"}}, [[1, "a"]]),
    ({"type": "map", "keys": {"type": "string"}, "values": {"type": "string"}}, [1]), ({"type": "nothing"}, 1),
    ({}, 1), ({"type": "array"}, []),
]  # fmt: skip

CASES: list[Case] = [
    *((HEADER, {}, text.encode()) for text in LITERALS),
    (HEADER, {}, None),
    (HEADER, {}, b"\xff\xfe"),
    *((JSON, {}, envelope(*each)) for each in ENVELOPES),
    *((JSON, {"replace.null.with.default": "false"}, envelope(*each)) for each in ENVELOPES[8:14]),
    *((JSON, {"schema.content": json.dumps(schema)}, json.dumps(value).encode()) for schema, value in ENVELOPES),
    *(
        (JSON, {"schemas.enable": "false", "schema.content": json.dumps(STRUCT)}, data)
        for data in (b"", b"null", b"{}", b'{"a":[1,2.5,null,true,"x"]}', b"1", b"nope", b"[1", b'"\xff"')
    ),
    *((JSON, {}, data) for data in (None, b"", b"{}", b'{"schema":null}', b'{"schema":null,"payload":1,"more":1}')),
    *(
        (f"{NUMBERS}{name}Converter", {}, data)
        for name in ("Double", "Float", "Integer", "Long", "Short", "Boolean")
        for data in (None, b"", b"\0", b"\1", b"\2", b"\xff", b"\0\1", b"\xff" * 2, b"\0\0\0\1", b"\x80" + b"\0" * 7)
    ),
    *((f"{NUMBERS}FloatConverter", {}, struct.pack(">f", each)) for each in (0.1, 1e-3, 16777216.0, 3.4e38, -1.1)),
]  # fmt: skip


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    if not (shutil.which("java") and shutil.which("javac")):
        pytest.skip("Kafka's own converters need java and javac")
    try:
        jars = converter_jars()
    except KafkaUnavailableError as error:
        pytest.skip(f"Kafka's own converters could not be had: {error}")
    classes = tmp_path_factory.mktemp("oracle")
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", classes, SOURCE], check=True, timeout=120)
    asked = [
        {"class": name, "config": config, "data": None if data is None else base64.b64encode(data).decode()}
        for name, config, data in CASES
    ]
    command = [
        "java",
        "-XX:TieredStopAtLevel=1",
        "-Duser.timezone=UTC",
        "-cp",
        f"{classes}:{jars}/*",
        SOURCE.stem,
    ]
    run = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=120
    )
    answers: list[dict[str, Any]] = json.loads(run.stdout)
    return answers


def ours(name: str, config: dict[str, str], data: bytes | None) -> dict[str, Any]:
    kind = PluginKind.HEADER_CONVERTER if name == HEADER else PluginKind.CONVERTER
    found = find(kind, name, "converter")
    try:
        converter = found(found.config_class.parse(config))
        column = converter.convert_column([data])
        value = column[0]
    except Exception as error:  # noqa: BLE001 - a fault of a config is one here, too
        return {"error": str(error)}
    schemas = schemas_of(column)
    schema = next(schema for _, _, schema in schemas.runs(1)) if schemas else None
    return {"schema": shown_schema(schema), "value": shown(value)}


def shown_schema(schema: Schema | None) -> Any:
    if schema is None:
        return None
    found = {
        "type": schema.type.value, "optional": schema.optional, "name": schema.name, "version": schema.version,
        "doc": schema.doc, "parameters": dict(schema.parameters),
        "default": None if schema.default is None else shown(schema.default),
    }  # fmt: skip
    if schema.type is Type.STRUCT:
        found["fields"] = [[field.name, shown_schema(field.schema)] for field in schema.fields]
    if schema.type is Type.MAP:
        found["keys"] = shown_schema(schema.keys)
    if schema.type in {Type.MAP, Type.ARRAY}:
        found["values"] = shown_schema(schema.values)
    return found


def shown(value: Any) -> Any:  # noqa: PLR0911 - one line per type
    match value:
        case None:
            return {"kind": "null"}
        case bool():
            return {"boolean": value}
        case int():
            return {"integer": str(value)}
        case float():
            return {"float": value}
        case Decimal():
            return {"decimal": f"{value:f}"}
        case str():
            return {"text": value}
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"timestamp": (value - EPOCH) // timedelta(milliseconds=1)}
        case date():
            return {"date": (value - EPOCH.date()).days}
        case time():
            return {"time": (datetime.combine(EPOCH, value, UTC) - EPOCH) // timedelta(milliseconds=1)}
        case list():
            return {"list": [shown(each) for each in value]}
        case dict():
            return {"map": [[shown(key), shown(each)] for key, each in value.items()]}
    raise AssertionError(value)


def comparable(found: Any) -> Any:
    """Numbers as numbers, maps in one order."""
    if isinstance(found, list):
        return [comparable(each) for each in found]
    if not isinstance(found, dict):
        return found
    if "float" in found:
        return {"float": repr(float(found["float"]))}
    if "decimal" in found:
        # Ours always have as many digits as the schema says.
        return {"decimal": str(Decimal(found["decimal"]).normalize())}
    if "map" in found:
        return {"map": sorted(comparable(found["map"]), key=repr)}
    return {key: comparable(each) for key, each in found.items()}


def test_every_case_is_converted_as_kafka_does(theirs: list[dict[str, Any]]) -> None:
    different = {}
    for (name, config, data), expected in zip(CASES, theirs, strict=True):
        found = ours(name, config, data)
        same_fate = ("error" in found) is ("error" in expected)
        if name == HEADER:
            expected, found = expected.get("value", expected), found.get("value", found)  # noqa: PLW2901
        if not same_fate or ("error" not in found and comparable(found) != comparable(expected)):
            different[name.rpartition(".")[2], str(config)[:80], data] = (expected, found)
    assert different == {}, "\n".join(
        f"{case}\n   java {java}\n   ours {found}" for case, (java, found) in different.items()
    )


def test_floats_of_32_bits_have_the_digits_that_java_shows() -> None:
    (number,) = struct.unpack(">f", struct.pack(">f", 0.1))
    assert (number, shortest(number)) == (0.10000000149011612, 0.1)
