"""A transform sees columns, and a batch becomes what its records would become one by one."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import JsonColumn, SchemaColumn, schemas_of
from connector.converters.byte_array import ByteArrayConverter
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.converters.string import StringConverter, StringConverterConfig
from connector.errors import ConfigError
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.pipeline import Pipeline, Step
from connector.schema import OPTIONAL_STRING
from tests.oracle import aiven_cases
from tests.oracle import transform_cases as cases

if TYPE_CHECKING:
    from connector.transforms.base import Transform

ORDERS = TopicPartition("orders", 3)
KAFKA = "org.apache.kafka.connect.transforms."


def made(name: str, /, **config: str) -> Any:
    kind = PluginKind.PREDICATE if ".predicates." in name else PluginKind.TRANSFORM
    found = find(kind, name, "type")
    return found(found.config_class.parse({key.replace("_", "."): value for key, value in config.items()}))


def batch_of(records: list[Any]) -> RecordBatch:
    (with_schemas,) = {record.with_schemas for record in records}
    options = {"schemas.enable": str(with_schemas).lower(), "replace.null.with.default": "false"}
    converter = JsonConverter(JsonConverterConfig.parse(options))
    keys, values = (
        converter.convert_column([None if each is None else json.dumps(each).encode() for each in column])
        for column in ([record.key for record in records], [record.value for record in records])
    )
    columns: dict[str, Any] = {
        "offsets": list(range(len(records))),
        "keys": keys,
        "values": values,
        "timestamps": [record.timestamp for record in records],
        "headers": [list(record.headers) for record in records],
    }
    return RecordBatch(ORDERS, columns, len(records))


def listed(batch: RecordBatch) -> list[Any]:
    schemas = [
        found.of_each(len(batch)) if (found := schemas_of(column)) else [None] * len(batch)
        for column in (batch.keys, batch.values)
    ]
    return [repr(each) for each in zip(batch, batch.topics, *schemas, strict=True)]


def alone(transform: Transform, batch: RecordBatch) -> tuple[list[int], list[Any]]:
    """Which records do not fail, and what becomes of each."""
    good, results = [], []
    for index in range(len(batch)):
        try:
            results += listed(transform.apply(batch.select([index])))
        except ValueError:
            continue
        good.append(index)
    return good, results


EVERY_CASE = [*cases.CASES, *aiven_cases.CASES]


@pytest.mark.parametrize(
    "name", sorted({case.transform for case in EVERY_CASE if ".predicates." not in case.transform})
)
def test_a_batch_becomes_what_its_records_become_one_by_one(name: str) -> None:
    compared = 0
    for case in (case for case in EVERY_CASE if case.transform == name):
        found = find(PluginKind.TRANSFORM, name, "type")
        try:
            transform = found(found.config_class.parse(case.config))
        except ConfigError:
            continue
        for _, kind in groupby(case.records, key=lambda record: record.with_schemas):
            batch = batch_of(list(kind))
            good, expected = alone(transform, batch)
            if good:
                assert listed(transform.apply(batch.select(good))) == expected, case.config
            compared += len(expected)
    assert compared or name.endswith("Filter")


def pipeline(steps: list[Step], converter: Any = None) -> Pipeline:
    raw = ByteArrayConverter(ByteArrayConverter.config_class({}))
    return Pipeline(raw, converter or raw, raw, steps)


def step(name: str, predicate: Any = None, /, *, negate: bool = False, **config: str) -> Step:
    return Step(made(KAFKA + name, **config), predicate, negate=negate)


def raw(*values: bytes | None, headers: list[Any] | None = None) -> RecordBatch:
    records = [
        Record(10 + index, b"k", value, 0, headers[index] if headers else [])
        for index, value in enumerate(values)
    ]
    return RecordBatch.of(ORDERS, records)


def json_converter(*, schemas: bool = False) -> JsonConverter:
    return JsonConverter(JsonConverterConfig.parse({"schemas.enable": str(schemas).lower()}))


def test_exactly_the_records_that_a_transform_fails_on_are_left_out_with_stage_and_class() -> None:
    inserting = pipeline([step("InsertField$Value", topic_field="t")], json_converter())
    (batch,), failed = inserting.apply(raw(b"1", b"{}", b"2", b"{}", b"[]"))
    assert {offset: (error.stage, error.origin) for offset, error in failed.items()} == dict.fromkeys(
        (10, 12, 14), ("TRANSFORMATION", KAFKA + "InsertField$Value")
    )
    assert list(batch.offsets) == [11, 13]
    assert list(batch.values) == [{"t": "orders"}, {"t": "orders"}]
    assert batch.next_offset == 15


def test_a_transform_changes_nothing_that_another_may_hold() -> None:
    values = [{"a": {"b": 1}}]
    batch = raw(b"").with_columns(values=values)
    for name, config in (
        ("InsertField$Value", {"topic_field": "t"}),
        ("MaskField$Value", {"fields": "a"}),
        ("Cast$Value", {"spec": "c:string"}),
        ("Flatten$Value", {}),
        ("ReplaceField$Value", {"exclude": "a"}),
        ("TimestampConverter$Value", {"field": "c", "target_type": "unix"}),
    ):
        made(KAFKA + name, **config).apply(batch)
    assert values == [{"a": {"b": 1}}]


def test_routers_and_their_predicates_leave_json_as_the_text_it_was() -> None:
    routed = pipeline(
        [
            step("RegexRouter", regex="(.*)", replacement="$1-x"),
            step(
                "RegexRouter",
                made(KAFKA + "predicates.RecordIsTombstone"),
                negate=True,
                regex="(.*)",
                replacement="$1-y",
            ),
        ],
        json_converter(),
    )
    first, second = routed.apply(raw(b'{"a": 1.0}', None)).batches
    assert (first.topic, second.topic) == ("orders-x-y", "orders-x")
    assert isinstance(first.values, JsonColumn)
    assert first.values.texts == [b'{"a": 1.0}']
    assert routed.columns == {"values"}


def test_a_router_asks_for_no_column() -> None:
    assert pipeline([step("RegexRouter", regex="a", replacement="b")]).columns == frozenset()


def test_records_that_got_different_names_come_in_batches_of_one_name_that_cover_every_offset() -> None:
    by_header = made(KAFKA + "predicates.HasHeaderKey", name="h")
    named = [("h", b"")]
    routed = pipeline([step("RegexRouter", by_header, regex="orders", replacement="other")])
    batch = raw(b"a", b"b", b"c", b"d", headers=[[], named, named, []])
    parts = routed.apply(batch).batches
    assert [(part.topic, list(part.offsets), part.next_offset) for part in parts] == [
        ("orders", [10], 11),
        ("other", [11, 12], 13),
        ("orders", [13], 14),
    ]
    assert {part.topic_partition for part in parts} == {ORDERS}


def test_a_predicate_goes_by_the_name_that_an_earlier_transform_gave() -> None:
    matches = made(KAFKA + "predicates.TopicNameMatches", pattern="other")
    routed = pipeline([step("RegexRouter", regex="orders", replacement="other"), step("Filter", matches)])
    (batch,) = routed.apply(raw(b"a")).batches
    assert (len(batch), batch.topic, batch.next_offset) == (0, "other", 11)


def test_a_transform_of_some_records_keeps_the_schemas_of_all() -> None:
    schema = {"type": "struct", "fields": [{"field": "a", "type": "int32"}]}
    values = [json.dumps({"schema": schema, "payload": {"a": number}}).encode() for number in range(3)]
    by_header = made(KAFKA + "predicates.HasHeaderKey", name="h")
    chosen = pipeline(
        [step("Cast$Value", by_header, spec="a:string")],
        json_converter(schemas=True),
    )
    (batch,) = chosen.apply(raw(*values, headers=[[], [("h", b"")], []])).batches
    assert list(batch.values) == [{"a": 0}, {"a": "1"}, {"a": 2}]
    assert isinstance(batch.values, SchemaColumn)
    kinds = [schema.fields[0].schema.type for schema in batch.values.schemas.of_each(3) if schema]
    assert kinds == ["INT32", "STRING", "INT32"]


def test_text_has_a_schema_as_in_java_once_a_transform_looks_at_it() -> None:
    text = StringConverter(StringConverterConfig({}))
    (batch,) = pipeline([step("HoistField$Value", field="line")], text).apply(raw(b"x", None)).batches
    assert list(batch.values) == [{"line": "x"}, {"line": None}]
    found = schemas_of(batch.values)
    assert found
    (schema,) = {schema for schema in found.of_each(2) if schema}
    assert schema.fields[0].schema == OPTIONAL_STRING


def test_json_is_wrapped_as_text() -> None:
    hoisted = pipeline([step("HoistField$Value", field='a"b')], json_converter())
    (batch,) = hoisted.apply(raw(b"1.00", None)).batches
    assert isinstance(batch.values, JsonColumn)
    assert batch.values.texts == [b'{"a\\"b":1.00}', b'{"a\\"b":null}']


def test_new_names_are_known_before_any_record_where_they_do_not_depend_on_one() -> None:
    router = step("RegexRouter", regex="o(.*)", replacement="$1")
    assert router.topics(["orders", "x"]) == ["rders", "x"]
    by_header = made(KAFKA + "predicates.HasHeaderKey", name="h")
    assert step("RegexRouter", by_header, regex="o(.*)", replacement="$1").topics(["orders"]) is None
    assert step("RegexRouter", by_header, regex="o(.*)", replacement="$1").topics(["x"]) == ["x"]
    assert step("TimestampRouter").topics(["orders"]) is None
