"""Transforms that apply to some records only."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import JsonColumn, SchemaColumn, schemas_of
from connector.config.schema import Config
from connector.converters.byte_array import ByteArrayConverter
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.pipeline import Pipeline, Step
from connector.schema import Schema, Schemas, Type
from connector.transforms.base import Predicate, Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDERS = TopicPartition("orders", 0)
NUMBER, TEXT = Schema(Type.INT64), Schema(Type.STRING)


class IsOdd(Predicate):
    def test(self, batch: RecordBatch) -> list[bool]:
        return [offset % 2 == 1 for offset in batch.offsets]


class AsText(Transform):
    """Makes text of numbers, with its schema, and leaves the fifth record out."""

    def apply(self, batch: RecordBatch) -> RecordBatch:
        kept = batch.select([at for at, offset in enumerate(batch.offsets) if offset != 5])
        texts = [str(value) for value in kept.values]
        return kept.with_columns(values=SchemaColumn(texts, Schemas([TEXT] * len(texts))))


class AsItIs(Transform):
    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch


class Bare(Transform):
    """Knows nothing of schemas."""

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.with_columns(values=[value * 10 for value in batch.values])


def batch_with(values: Sequence[Any]) -> RecordBatch:
    records = [Record(offset, f"k{offset}", None, offset, []) for offset in range(len(values))]
    return RecordBatch.of(ORDERS, records).with_columns(values=values)


def apply(transform: type[Transform], batch: RecordBatch, *, negate: bool = False) -> RecordBatch:
    return Step(transform(Config.parse({})), IsOdd(Config.parse({})), negate=negate).apply(batch)


def schemas(column: Sequence[Any]) -> list[Schema | None]:
    found = schemas_of(column)
    assert found is not None
    return [schema for start, end, schema in found.runs(len(column)) for _ in range(start, end)]


def test_transformed_and_other_records_keep_their_own_schemas() -> None:
    batch = batch_with(SchemaColumn(range(7), Schemas([NUMBER] * 7)))
    result = apply(AsText, batch)
    assert list(result.offsets) == [0, 1, 2, 3, 4, 6]
    assert list(result.values) == [0, "1", 2, "3", 4, 6]
    assert schemas(result.values) == [NUMBER, TEXT, NUMBER, TEXT, NUMBER, NUMBER]
    assert list(result.keys) == ["k0", "k1", "k2", "k3", "k4", "k6"]
    assert result.next_offset == batch.next_offset


def test_what_a_transform_made_without_a_schema_has_none_beside_those_that_have_one() -> None:
    result = apply(Bare, batch_with(SchemaColumn(range(4), Schemas([NUMBER] * 4))), negate=True)
    assert list(result.values) == [0, 1, 20, 3]
    assert schemas(result.values) == [None, NUMBER, None, NUMBER]


@pytest.mark.parametrize("with_schemas", [True, False])
def test_json_that_nobody_looked_at_stays_the_text_that_it_was(*, with_schemas: bool) -> None:
    converter = JsonConverter(JsonConverterConfig.parse({"schemas.enable": str(with_schemas).lower()}))
    schema = {"type": "struct", "fields": [{"field": "n", "type": "int64"}]}
    payloads = [{"n": number} for number in range(4)]
    raw = [
        json.dumps({"schema": schema, "payload": each} if with_schemas else each).encode()
        for each in payloads
    ]
    result = apply(AsItIs, batch_with(converter.convert_column(raw)))
    assert isinstance(result.values, JsonColumn)
    assert result.values.texts is not None
    assert list(map(json.loads, filter(None, result.values.texts))) == payloads
    assert (schemas_of(result.values) is not None) == with_schemas
    assert list(result.values) == payloads


def test_columns_without_schemas_stay_without() -> None:
    result = apply(Bare, batch_with([0, 1, 2]))
    assert list(result.values) == [0, 10, 2]
    assert schemas_of(result.values) is None


def pipeline(name: str, **options: str) -> Pipeline:
    plugin = find(PluginKind.TRANSFORM, name, "type")
    config = plugin.config_class.parse({key.replace("_", "."): value for key, value in options.items()})
    json_converter = JsonConverter(JsonConverterConfig.parse({"schemas.enable": "false"}))
    as_it_is = ByteArrayConverter(Config.parse({}))
    return Pipeline(as_it_is, json_converter, as_it_is, [Step(plugin(config), None, negate=False)])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("io.aiven.kafka.connect.transforms.CaseTransform$Value", {"field_names": "a", "case": "upper"}),
        (
            "io.aiven.kafka.connect.transforms.ConcatFields$Value",
            {"field_names": "a", "output_field_name": "b"},
        ),
        (
            "io.aiven.kafka.connect.transforms.FilterByFieldValue$Value",
            {"field_name": "a", "field_value_pattern": "x"},
        ),
    ],
)
def test_a_value_nested_too_deeply_is_a_fault_of_its_record(name: str, options: dict[str, str]) -> None:
    deep = b'{"a":' * 600 + b'"x"' + b"}" * 600
    applied = pipeline(name, **options).apply(batch_with([b'{"a":"x"}', deep, b'{"a":"x"}']))
    assert [list(part.offsets) for part in applied.batches] == [[0, 2]]
    assert {at: (error.stage, error.origin) for at, error in applied.failed.items()} == {
        1: ("TRANSFORMATION", name)
    }


@pytest.mark.parametrize(("sign", "cast"), [("", math.inf), ("-", -math.inf)])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_whole_number_beyond_all_floats_becomes_infinity(sign: str, cast: float, kind: str) -> None:
    data = b'{"a":%b}' % (sign + "9" * 400).encode()
    applied = pipeline("org.apache.kafka.connect.transforms.Cast$Value", spec=f"a:{kind}").apply(
        batch_with([data])
    )
    assert applied.batches[0].values[0] == {"a": cast}


def test_a_batch_of_several_names_may_lose_all_its_records_and_still_covers_their_offsets() -> None:
    renamed = batch_with([b"{}", b"{}"]).renamed(["orders-1", "orders-2"])
    (part,) = renamed.select([]).by_topic()
    assert (len(part), part.next_offset, part.topic) == (0, 2, "orders")
