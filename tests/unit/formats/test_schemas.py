"""What avro and parquet make of schemas, given or inferred, and of their changes."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from pyarrow import parquet

from connector.column import JsonColumn, SchemaColumn
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.converters.string import StringConverter, StringConverterConfig
from connector.errors import BatchError
from connector.formats.avro import AvroFormat
from connector.formats.fields import OutputFields, ParquetOptions
from connector.formats.jsonl import JsonlFormat
from connector.formats.parquet import ParquetFormat
from connector.record import Record, RecordBatch, TopicPartition
from connector.schema import Field, Schema, Schemas, Type
from connector.testing.contract.formats import objects

WHERE = TopicPartition("t", 0)
CONNECT = "org.apache.kafka.connect.data."
FORMATS = [AvroFormat, ParquetFormat]
USER = {"type": "struct", "name": "com.example.User", "fields": [{"field": "name", "type": "string"}]}
ALL_TYPES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "int8": ({"type": "int8"}, -128, -128),
    "int16": ({"type": "int16"}, 32767, 32767),
    "int32": ({"type": "int32"}, -(2**31), -(2**31)),
    "int64": ({"type": "int64"}, 2**63 - 1, 2**63 - 1),
    "float": ({"type": "float"}, 0.5, 0.5),
    "double": ({"type": "double"}, 0.1, 0.1),
    "boolean": ({"type": "boolean"}, True, True),
    "string": ({"type": "string"}, "gr\u00fc\u00df", "gr\u00fc\u00df"),
    "bytes": ({"type": "bytes"}, "AP8=", b"\x00\xff"),
    "array": ({"type": "array", "items": {"type": "int32"}}, [1, 2], [1, 2]),
    "map": (
        {"type": "map", "keys": {"type": "string"}, "values": {"type": "int64"}},
        {"a": 1},
        {"a": 1},
    ),
    "struct": (USER, {"name": "x"}, {"name": "x"}),
    "decimal": (
        {"type": "bytes", "name": CONNECT + "Decimal", "version": 1, "parameters": {"scale": "2"}},
        "MDk=",
        Decimal("123.45"),
    ),
    "date": ({"type": "int32", "name": CONNECT + "Date", "version": 1}, 1, date(1970, 1, 2)),
    "time": ({"type": "int32", "name": CONNECT + "Time", "version": 1}, 1001, time(0, 0, 1, 1000)),
    "timestamp": (
        {"type": "int64", "name": CONNECT + "Timestamp", "version": 1},
        1001,
        datetime(1970, 1, 1, 0, 0, 1, 1000, tzinfo=UTC),
    ),
}


def batch(*messages: bytes | None, schemas: bool, first: int = 0) -> RecordBatch:
    converter = JsonConverter(JsonConverterConfig.parse({"schemas.enable": str(schemas).lower()}))
    records = [Record(first + index, None, None, 1000) for index in range(len(messages))]
    return RecordBatch.of(WHERE, records).with_columns(values=converter.convert_column(list(messages)))


def enveloped(schema: Any, payload: Any) -> bytes:
    return json.dumps({"schema": schema, "payload": payload}).encode()


def plain(*values: Any, first: int = 0) -> RecordBatch:
    return batch(*(None if value is None else json.dumps(value).encode() for value in values),
                 schemas=False, first=first)  # fmt: skip


def rows(data: bytes) -> list[Any]:
    if data.startswith(b"Obj"):
        return list(fastavro.reader(io.BytesIO(data)))
    found: list[Any] = parquet.read_table(io.BytesIO(data)).to_pylist(maps_as_pydicts="strict")
    return found


def written(kind: Any, *batches: RecordBatch, names: tuple[str, ...] = ("value",), **rest: Any) -> list[Any]:
    return [rows(data) for data in objects(kind(OutputFields(names, **rest)), *batches)]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("name", ALL_TYPES)
@pytest.mark.parametrize("neighbour", ["int64", "decimal"], ids=["as text", "as values"])
def test_every_type_of_connect_reads_back(kind: Any, name: str, neighbour: str, *, optional: bool) -> None:
    # A decimal in the record has all of it decoded in Python, where else JSON text goes straight to Arrow.
    schema, payload, value = ALL_TYPES[name]
    other, other_payload, other_value = ALL_TYPES[neighbour]
    struct = {
        "type": "struct",
        "fields": [{"field": "f", **schema, "optional": optional}, {"field": "g", **other}],
    }
    found = batch(enveloped(struct, {"f": payload, "g": other_payload}), schemas=True)
    assert written(kind, found) == [[{"value": {"f": value, "g": other_value}}]]
    if optional:
        found = batch(enveloped(struct, {"g": other_payload}), schemas=True)
        assert written(kind, found) == [[{"value": {"f": None, "g": other_value}}]]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_array_or_a_map_of_structs_reads_back(kind: Any) -> None:
    schema = {
        "type": "struct",
        "fields": [
            {"field": "a", "type": "array", "items": {**USER, "optional": True}},
            {"field": "m", "type": "map", "keys": {"type": "string"}, "values": USER},
        ],
    }
    value = {"a": [{"name": "x"}, None], "m": {"k": {"name": "y"}}}
    found = batch(enveloped(schema, value), enveloped(schema, {"a": [], "m": {}}), schemas=True)
    assert written(kind, found) == [[{"value": value}, {"value": {"a": [], "m": {}}}]]


@pytest.mark.parametrize("kind", FORMATS)
def test_without_the_envelope_a_struct_is_the_row(kind: Any) -> None:
    found = batch(enveloped(USER, {"name": "user-0"}), enveloped(USER, {"name": "user-1"}), schemas=True)
    (data,) = objects(kind(OutputFields(envelope=False)), found)
    assert rows(data) == [{"name": "user-0"}, {"name": "user-1"}]
    if kind is AvroFormat:
        schema = json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])
        assert (schema["namespace"], schema["name"]) == ("com.example", "User")
    assert written(kind, plain({"a": 1}, {"b": "x"}), envelope=False) == [
        [{"a": 1, "b": None}, {"a": None, "b": "x"}]
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_without_the_envelope_a_null_is_no_row(kind: Any) -> None:
    encoder = kind(OutputFields(envelope=False)).encoder()
    with pytest.raises(BatchError, match=r"behavior\.on\.null\.values") as caught:
        encoder.encode(plain({"a": 1}, None, {"a": 2}))
    assert list(caught.value.failed) == [1]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_schema_change_begins_another_object_at_its_record(kind: Any) -> None:
    other = {"type": "struct", "name": "com.example.User", "fields": [{"field": "id", "type": "int32"}]}
    messages = [enveloped(USER, {"name": "x"})] * 5 + [enveloped(other, {"id": 1})] * 5
    first, second = written(kind, batch(*messages, schemas=True), names=("offset", "value"))
    assert first == [{"offset": offset, "value": {"name": "x"}} for offset in range(5)]
    assert second == [{"offset": offset, "value": {"id": 1}} for offset in range(5, 10)]


@pytest.mark.parametrize("kind", FORMATS)
def test_tombstones_between_values_with_a_schema_stay_in_their_object(kind: Any) -> None:
    user = enveloped(USER, {"name": "x"})
    first = batch(user, None, user, schemas=True)
    second = batch(None, user, schemas=True, first=3)
    third = batch(user, user, schemas=True, first=5)
    value, null = {"value": {"name": "x"}}, {"value": None}
    assert written(kind, first, second, third) == [[value, null, value, null, value, value, value]]


@pytest.mark.parametrize("kind", FORMATS)
def test_inferred_schemas_are_the_union_of_what_a_batch_has(kind: Any) -> None:
    found = plain(
        {"a": 1, "n": None, "t": "2020-01-01T00:00:00Z", "o": {"p": [1]}, "e": {}, "l": []},
        None,
        {"a": 2.5, "b": True, "o": {"q": "x", "p": []}},
    )
    assert written(kind, found) == [
        [
            {
                "value": {
                    "a": 1.0,
                    "t": "2020-01-01T00:00:00Z",
                    "o": {"p": [1], "q": None},
                    "b": None,
                }
            },
            {"value": None},
            {"value": {"a": 2.5, "t": None, "o": {"p": [], "q": "x"}, "b": True}},
        ]
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_new_field_begins_another_object_once_and_stays(kind: Any) -> None:
    batches = [
        plain({"a": 1}),
        plain({"a": 2, "b": 1}, first=1),
        plain({"a": 3}, first=2),
        plain({"b": 4}, first=3),
    ]
    assert written(kind, *batches) == [
        [{"value": {"a": 1}}],
        [{"value": {"a": 2, "b": 1}}, {"value": {"a": 3, "b": None}}, {"value": {"a": None, "b": 4}}],
    ]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("at_once", [True, False])
def test_types_in_conflict_follow_the_policy_of_drift(kind: Any, *, at_once: bool) -> None:
    values = [{"a": 1}, {"a": "x"}, {"a": {"b": [True]}}]
    batches = (
        [plain(*values)] if at_once else [plain(value, first=index) for index, value in enumerate(values)]
    )
    assert written(kind, *batches) == [
        [{"value": {"a": 1}}],
        [{"value": {"a": "x"}}],
        [{"value": {"a": {"b": [True]}}}],
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_widened_fields_are_text_from_then_on(kind: Any) -> None:
    values = [{"a": 1}, {"a": "x"}, {"a": {"b": [True]}}, {"a": None}, {"a": 2}]
    batches = [plain(value, first=index) for index, value in enumerate(values)]
    first, second = written(kind, *batches, drift="widen")
    assert first == [{"value": {"a": 1}}]
    assert second == [{"value": {"a": text}} for text in ("x", '{"b":[true]}', None, "2")]


@pytest.mark.parametrize("kind", FORMATS)
def test_with_fail_what_does_not_fit_is_errant(kind: Any) -> None:
    encoder = kind(OutputFields(drift="fail")).encoder()
    encoder.encode(plain({"a": 1, "b": None}))
    with pytest.raises(BatchError, match=r"format\.output\.schema\.drift") as caught:
        encoder.encode(plain({"a": 2}, {"a": "x"}, {}, {"a": 1, "c": 1}, {"a": 1.5}, first=1))
    assert list(caught.value.failed) == [2, 4, 5]
    (piece,) = encoder.encode(plain({"a": 3}, None, first=6))
    assert len(piece.records) == 2


@pytest.mark.parametrize("kind", FORMATS)
def test_numbers_beyond_64_bits_are_refused_by_offset(kind: Any) -> None:
    encoder = kind(OutputFields()).encoder()
    encoder.encode(plain({"a": 1}))
    with pytest.raises(BatchError) as caught:
        encoder.encode(plain({"a": 1}, {"a": 2**70}, first=1))
    assert list(caught.value.failed) == [2]


def test_field_names_that_avro_does_not_allow_are_spelled_with_underscores() -> None:
    (found,) = written(AvroFormat, plain({"first-name": "a", "first_name": "b", "1st": 1}))
    assert found == [{"value": {"first_name": "a", "first_name_2": "b", "_1st": 1}}]


@pytest.mark.parametrize("kind", FORMATS)
def test_keys_without_any_value_do_not_keep_values_back(kind: Any) -> None:
    keyless = plain({"a": 1}).with_columns(keys=JsonColumn([None]))
    assert written(kind, keyless, names=("key", "value")) == [[{"key": None, "value": {"a": 1}}]]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_record_without_a_timestamp_makes_the_column_optional(kind: Any) -> None:
    undated = RecordBatch.of(WHERE, [Record(0, b"", b"", None)])
    dated = RecordBatch.of(WHERE, [Record(1, b"", b"", 5)])
    assert written(kind, undated, dated, names=("timestamp",)) == [[{"timestamp": None}, {"timestamp": 5}]]


def test_a_row_group_leaves_memory_when_it_is_full() -> None:
    options = ParquetOptions(row_group_bytes=20_000)
    encoder = ParquetFormat(OutputFields(parquet=options)).encoder()
    body = encoder.begin()
    given, most = b"", 0
    for number in range(50):
        (piece,) = encoder.encode(
            plain(*({"a": number * 100 + index} for index in range(100)), first=number * 100)
        )
        given += b"".join(body.append(piece.data))
        most = max(most, body.held_bytes)
    assert 10_000 < most < 40_000
    assert len(given) > 10_000
    data = given + body.finish()
    assert parquet.ParquetFile(io.BytesIO(data)).num_row_groups > 1
    assert [row["value"]["a"] for row in rows(data)] == list(range(5000))


@pytest.mark.parametrize(
    ("options", "encodings"),
    [(ParquetOptions(), True), (ParquetOptions(dictionary=False), False)],
)
def test_dictionaries_are_written_on_demand(options: ParquetOptions, *, encodings: bool) -> None:
    (data,) = objects(ParquetFormat(OutputFields(parquet=options)), plain({"a": "x"}, {"a": "x"}))
    column = parquet.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    assert column.has_dictionary_page is encodings


def test_json_of_a_schema_is_what_connect_prints() -> None:
    schema = {
        "type": "struct",
        "fields": [
            {"field": "z", "type": "int32"},
            {"field": "bytes", "type": "bytes", "optional": True},
            {"field": "d", "type": "int32", "name": CONNECT + "Date", "optional": True},
            {"field": "f", "type": "double", "optional": True},
        ],
    }
    found = batch(enveloped(schema, {"unknown": 1, "d": 5, "f": 1, "z": 2}), schemas=True)
    assert objects(JsonlFormat(OutputFields()), found) == [b'{"value":{"z":2,"bytes":null,"d":5,"f":1.0}}']


def test_json_of_decimals_and_defaults_is_what_connect_prints() -> None:
    schema = {
        "type": "struct",
        "fields": [
            {"field": "m", **ALL_TYPES["decimal"][0]},
            {"field": "d", "type": "string", "optional": True, "default": "none"},
            {"field": "t", **ALL_TYPES["timestamp"][0]},
        ],
    }
    found = batch(
        enveloped(schema, {"m": "MDk=", "t": 1001}),
        enveloped(schema, {"m": 123.45, "t": 1, "d": "x"}),
        schemas=True,
    )
    assert isinstance(found.values, SchemaColumn)
    assert objects(JsonlFormat(OutputFields(envelope=False)), found) == [
        b'{"m":"MDk=","d":"none","t":1001}\n{"m":"MDk=","d":"x","t":1}'
    ]


@pytest.mark.parametrize("meta_data", [True, False])
def test_avro_schemas_keep_what_only_connect_knows_on_demand(*, meta_data: bool) -> None:
    schema = {"type": "struct", "name": "a.B", "version": 3, "fields": [{"field": "f", "type": "int8"}]}
    fields = OutputFields(connect_meta_data=meta_data)
    (data,) = objects(AvroFormat(fields), batch(enveloped(schema, {"f": 1}), schemas=True))
    header = json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])
    (value,) = header["fields"]
    kept = {"connect.name": "a.B", "connect.version": 3}
    assert {name: found for name, found in value["type"].items() if name.startswith("connect.")} == (
        kept if meta_data else {}
    )
    (field,) = value["type"]["fields"]
    assert field["type"] == ({"type": "int", "connect.type": "int8"} if meta_data else "int")


@pytest.mark.parametrize("kind", FORMATS)
def test_text_that_is_always_null_is_text_and_bytes_are_bytes(kind: Any) -> None:
    text = StringConverter(StringConverterConfig.parse({})).convert_column([None])
    found = RecordBatch.of(WHERE, [Record(0, None, None, 0)]).with_columns(keys=text)
    (data,) = objects(kind(OutputFields(("key", "value"))), found)
    assert rows(data) == [{"key": None, "value": None}]
    if kind is AvroFormat:
        fields = json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])["fields"]
        assert [field["type"] for field in fields] == [["null", "string"], ["null", "bytes"]]
    else:
        assert [str(each.type) for each in parquet.read_schema(io.BytesIO(data))] == ["string", "binary"]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "bad", [{"l": [1]}, {"n": "x", "l": [1, None]}, {"n": None}, {"n": 1}, {"n": "x", "s": {}}, [1], "text"]
)
def test_values_that_do_not_fit_their_own_schema_are_named_before_anything_is_written(
    kind: Any, bad: Any
) -> None:
    schema = Schema(
        Type.STRUCT,
        fields=(
            Field("n", Schema(Type.STRING)),
            Field("l", Schema(Type.ARRAY, optional=True, values=Schema(Type.INT32))),
            Field("s", Schema(Type.STRUCT, optional=True, fields=(Field("i", Schema(Type.INT32)),))),
        ),
    )
    good = {"n": "x", "l": [1], "s": None}
    found = RecordBatch.of(WHERE, [Record(offset, None, None) for offset in range(3)])
    values = SchemaColumn([good, bad, good], Schemas([schema] * 3))
    encoder = kind(OutputFields()).encoder()
    with pytest.raises(BatchError) as caught:
        encoder.encode(found.with_columns(values=values))
    assert list(caught.value.failed) == [1]
    assert written(kind, found.select([0, 2]).with_columns(values=values.select([0, 2]))) == [
        [{"value": good}, {"value": good}]
    ]


@pytest.mark.parametrize("format_class", FORMATS)
@pytest.mark.parametrize("depth", [70, 150, 300, 700, 990])
@pytest.mark.parametrize("nest", [b'{"a":%b}', b"[%b]"])
def test_values_nested_too_deeply_are_faults_of_their_records_alone(
    format_class: type[AvroFormat | ParquetFormat], depth: int, nest: bytes
) -> None:
    deep = b"1"
    for _ in range(depth):
        deep = nest % deep
    texts = JsonColumn([b'{"b":1}', deep, b'{"b":2}'])
    records = [Record(index, None, None, 1000) for index in range(3)]
    with pytest.raises(BatchError) as raised:
        format_class(OutputFields()).encoder().encode(
            RecordBatch.of(WHERE, records).with_columns(values=texts)
        )
    assert list(raised.value.failed) == [1]
