"""Kafka's own transforms and predicates, run in Java, and ours: one table of cases, the same results."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import schemas_of
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.errors import ConfigError
from connector.float32 import narrowed
from connector.plugins import PluginKind, find
from connector.record import RecordBatch, TopicPartition
from connector.schema import Type
from connector.testing.kafka import KafkaUnavailableError
from connector.testing.kafka.jars import transform_jars
from connector.transforms.base import Predicate
from connector.transforms.moment import millis_of
from tests.oracle import transform_cases as cases

if TYPE_CHECKING:
    from connector.config.option import Option
    from connector.schema import Schema

SOURCE = Path(cases.__file__).parent / "TransformOracle.java"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return asked(
        [
            *(
                {"class": case.transform, "config": case.config, "records": list(map(asked_of, case.records))}
                for case in cases.CASES
            ),
            *({"class": name} for name in cases.CLASSES),
        ],
        tmp_path_factory.mktemp("oracle"),
    )


def asked(questions: list[Any], classes: Path, *more: str) -> list[Any]:
    """What Java makes of the questions, with ``more`` on its class path."""
    if not (shutil.which("java") and shutil.which("javac")):
        pytest.skip("Kafka's own transforms need java and javac")
    try:
        jars = transform_jars()
    except KafkaUnavailableError as error:
        pytest.skip(f"Kafka's own transforms could not be had: {error}")
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", classes, SOURCE], check=True, timeout=120)
    options = ["-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US"]
    path = ":".join([str(classes), f"{jars}/*", *more])
    command = ["java", *options, "-cp", path, SOURCE.stem]
    run = subprocess.run(
        command, input=json.dumps(questions), capture_output=True, text=True, check=True, timeout=120
    )
    answers: list[Any] = json.loads(run.stdout)
    return answers


def asked_of(record: Any) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": 3,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": cases.data(record.key, with_schemas=record.with_schemas),
        "value": cases.data(record.value, with_schemas=record.with_schemas),
        "headers": record.headers,
    }


def ours(case: Any) -> Any:
    kind = PluginKind.PREDICATE if ".predicates." in case.transform else PluginKind.TRANSFORM
    found = find(kind, case.transform, "type")
    try:
        plugin = found(found.config_class.parse(case.config))
    except ConfigError as error:
        return {"error": str(error)}
    return [applied(plugin, record) for record in case.records]


def applied(plugin: Any, record: Any) -> Any:
    batch = batch_of(record)
    if isinstance(plugin, Predicate):
        return plugin.test(batch)[0]
    try:
        after = plugin.apply(batch)
    except ValueError as error:
        return {"error": str(error)}
    if not len(after):
        return None
    (key_schema, key), (value_schema, value) = first(after.keys), first(after.values)
    return {
        "topic": after.topics[0],
        "timestamp": after.timestamps[0],
        "keySchema": shown_schema(key_schema),
        "key": shown(key),
        "valueSchema": shown_schema(value_schema),
        "value": shown(value),
        "headers": [[name, shown(content)] for name, content in after.headers[0]],
    }


def batch_of(record: Any) -> RecordBatch:
    config = {
        "schemas.enable": str(record.with_schemas).lower(),
        "replace.null.with.default": "false",
    }
    converter = JsonConverter(JsonConverterConfig.parse(config))
    key, value = (
        converter.convert_column([None if content is None else json.dumps(content).encode()])
        for content in (record.key, record.value)
    )
    columns: dict[str, Any] = {
        "offsets": [record.offset],
        "keys": key,
        "values": value,
        "timestamps": [record.timestamp],
        "headers": [list(record.headers)],
    }
    return RecordBatch(TopicPartition(record.topic, 3), columns, record.offset + 1)


def first(column: Any) -> tuple[Schema | None, Any]:
    schemas = schemas_of(column)
    return (next(schema for _, _, schema in schemas.runs(1)) if schemas else None), column[0]


def shown_schema(schema: Schema | None) -> Any:
    if schema is None:
        return None
    found: dict[str, Any] = {
        "type": schema.type.value,
        "optional": schema.optional,
        "name": schema.name,
        "version": schema.version,
        "doc": schema.doc,
        "parameters": dict(schema.parameters),
        "default": None if schema.default is None else shown(schema.default),
    }
    if schema.type is Type.STRUCT:
        found["fields"] = [[field.name, shown_schema(field.schema)] for field in schema.fields]
    if schema.type is Type.MAP:
        found["keys"] = shown_schema(schema.keys)
    if schema.type in {Type.MAP, Type.ARRAY}:
        found["values"] = shown_schema(schema.values)
    return found


def shown(value: Any) -> Any:  # noqa: C901, PLR0911 - one line per type
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
            return {"decimal": str(value)}
        case str():
            return {"text": value}
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case date() | time():
            return {"moment": millis_of(value)}
        case list():
            return {"list": [shown(each) for each in value]}
        case dict():
            return {"map": [[shown(key), shown(each)] for key, each in value.items()]}
    raise AssertionError(value)


def comparable(found: Any, *, single: bool = False) -> Any:
    """Numbers as numbers, maps in one order; with ``single`` floats by their 32 bits.

    Java before 19 shows some floats with more digits than it takes.
    """
    if isinstance(found, list):
        return [comparable(each, single=single) for each in found]
    if not isinstance(found, dict):
        return found
    if "error" in found:
        return "error"
    if "float" in found:
        number = float(found["float"])
        return {"float": repr(narrowed(number) if single else number)}
    if "map" in found:
        return {"map": sorted(comparable(found["map"], single=single), key=repr)}
    return {key: comparable(each, single=single) for key, each in found.items()}


def differences(theirs: list[Any]) -> dict[str, tuple[Any, Any]]:
    different = {}
    for case, expected in zip(cases.CASES, theirs[: len(cases.CASES)], strict=True):
        found = ours(case)
        name = f"{case.transform.removeprefix(cases.KAFKA)} {case.config}"
        single = "float32" in str(case.config)
        if comparable(found, single=single) == comparable(expected, single=single):
            continue
        if "error" in expected or "error" in found:
            different[name] = (expected, found)
            continue
        for record, java, python in zip(case.records, expected, found, strict=True):
            if comparable(java, single=single) != comparable(python, single=single):
                different[f"{name} {record}"] = (java, python)
    return different


def test_every_transform_has_the_options_that_kafka_gives_it(theirs: list[Any]) -> None:
    for name, expected in zip(cases.CLASSES, theirs[len(cases.CASES) :], strict=True):
        kind = PluginKind.PREDICATE if ".predicates." in name else PluginKind.TRANSFORM
        options = find(kind, name, "type").config_class.options().values()
        found = sorted(
            [option.name, option.kind.name, not option.required, text_of(option)] for option in options
        )
        assert found == sorted(
            [option, type_, has_default, default] for option, type_, has_default, _, default in expected
        ), name


def text_of(option: Option[Any]) -> str | None:
    """The default as Java prints it."""
    if option.required or isinstance(option.default, bool):
        return None if option.required else str(option.default).lower()
    return "null" if option.default is None else str(option.default)


def test_every_case_gives_what_kafka_gives(theirs: list[Any]) -> None:
    different = {name: pair for name, pair in differences(theirs).items() if not cases.is_known(name, *pair)}
    shown_all = "\n".join(
        f"{name}\n   java {java}\n   ours {found}" for name, (java, found) in different.items()
    )
    assert different == {}, f"{len(different)} differ\n{shown_all}"
