from __future__ import annotations

import json
import math
from typing import Any

import pytest

from connector.column import JsonColumn
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.schema import TIMESTAMP, Schema, Schemas, Type

ENVELOPE_FAULT = 'requires "schema" and "payload" fields and may not contain additional fields'


def converter(*, schemas: bool = False) -> JsonConverter:
    return JsonConverter(JsonConverterConfig.parse({"schemas.enable": str(schemas)}))


def texts(*column: bytes | None, schemas: bool = False) -> list[bytes | None]:
    converted = converter(schemas=schemas).convert_column(list(column))
    assert isinstance(converted, JsonColumn)
    assert converted.texts is not None
    return converted.texts


def test_schemas_are_enabled_unless_switched_off() -> None:
    assert JsonConverterConfig.parse({}).schemas_enable is True


def test_valid_json_keeps_its_bytes() -> None:
    column = [b'{"a": 1.0,  "a":2}', b" [1] ", b"12345678901234567890123", b'"\xc3\xa9"', b"null"]
    assert texts(*column) == column


def test_null_and_empty_are_null() -> None:
    assert texts(None, b"", b"1") == [None, None, b"1"]
    assert converter().convert(b"") is None


def test_line_breaks_between_tokens_are_taken_out() -> None:
    column = texts(b'{\n  "a": [1,\r\n 2],\r "b c": "x \\n y"}\n', b'{"keep": "this one"}')
    assert column == [b'{"a":[1,2],"b c":"x \\n y"}', b'{"keep": "this one"}']


def test_a_lone_carriage_return_is_a_line_break() -> None:
    assert texts(b"[1,\r2]") == [b"[1,2]"]


def test_numbers_stay_as_written_when_line_breaks_go() -> None:
    assert texts(b"[1.50,\n12345678901234567890123, 1e400]") == [b"[1.50,12345678901234567890123,1e400]"]


BAD = [
    b"{", b'{"a":}', b'{"a":1,}', b"[1,]", b"01", b"1.", b"+1", b"NaN", b"nul", b"truee", b"1 2", b"{}{}",
    b"'a'", b'"a\nb"', b'"\x00"', b'"\\x"', b'"\\ud800"', b"\xef\xbb\xbf1", b" ", b'"\xff"',
    b'"\xed\xa0\x80"', b'"\xc0\x80"', b'{"\xff":1}', b'"\xc3', b"\xa0", b"1\x00", b"/**/1", b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_is_not_json_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="The value is not JSON"):
        converter().convert(bad)
    with pytest.raises(ValueError, match="The value is not JSON"):
        converter().convert_column([b"{}", bad, b"[]"])


@pytest.mark.parametrize(
    "column",
    [
        [b'{"a":1', b'"b":2}', b"1,2"],
        [b"[1", b"2]"],
        [b'{"a":1', b',"b":2}'],
        [b"1,2", b""],
        [b"1 2", b""],
        [b'"\xc3', b'\xa9"'],
        [b'"', b'"'],
    ],
)
def test_bad_neighbours_do_not_complete_each_other(column: list[bytes | None]) -> None:
    with pytest.raises(ValueError, match="The value is not JSON"):
        converter().convert_column(column)


def test_a_payload_is_taken_out_of_its_envelope() -> None:
    enveloped = b'{"schema": {"type":"struct","fields":[{"field":"a","type":"int64"}]}, "payload": {"a": 1}}'
    assert texts(enveloped, None, b'{"payload":null,"schema":null}', schemas=True) == [
        b'{"a":1}',
        None,
        b"null",
    ]
    assert converter(schemas=True).convert(enveloped) == {"a": 1}


@pytest.mark.parametrize(
    "bad",
    [
        b"{}",
        b"1",
        b"null",
        b'{"payload":1}',
        b'{"schema":{}}',
        b'{"schema":{},"payload":1,"more":1}',
        b'[{"schema":{},"payload":1}]',
    ],
)
def test_an_envelope_with_other_fields_is_refused_in_connects_words(bad: bytes) -> None:
    with pytest.raises(ValueError, match=ENVELOPE_FAULT):
        converter(schemas=True).convert(bad)


@pytest.mark.parametrize("bad", [b"", b"{", b'{"schema":{"doc":"\xff"},"payload":1}'])
def test_with_schemas_empty_or_malformed_bytes_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="The value is not JSON"):
        converter(schemas=True).convert(bad)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,2.5,"x",null,true]}', {"a": [1, 2.5, "x", None, True]}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"1e999", math.inf),
        (b"null", None),
    ],
)
def test_values_decode_on_access(data: bytes, value: Any) -> None:
    assert converter().convert(data) == value
    assert converter().convert_column([data])[0] == value


def field_of(schema: dict[str, Any], payload: str, **rest: Any) -> bytes:
    whole = {"type": "struct", "fields": [{"field": "a", **schema, **rest}]}
    return b'{"schema":%b,"payload":{"a":%b}}' % (json.dumps(whole).encode(), payload.encode())


def logical(name: str, beneath: str, **parameters: str) -> dict[str, Any]:
    return {"type": beneath, "name": f"org.apache.kafka.connect.data.{name}", "parameters": parameters}


@pytest.mark.parametrize(
    ("number", "scale", "value"),
    [
        ("12345678901234567.89", 2, "12345678901234567.89"),
        ("-123456789012345678901234567890.12", 2, "-123456789012345678901234567890.12"),
        ("12345678901234567890123456789012345", 2, "12345678901234567890123456789012345.00"),
        ("1e2", 2, "100.00"),
        ("1200", -2, "1.2E+3"),
        ("-0.0", 2, "0.00"),
    ],
)
def test_a_decimal_that_was_written_as_a_number_keeps_all_its_digits(
    number: str, scale: int, value: str
) -> None:
    data = field_of(logical("Decimal", "bytes", scale=str(scale)), number)
    assert str(converter(schemas=True).convert(data)["a"]) == value


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        (logical("Timestamp", "int64"), str(2**62)),
        (logical("Timestamp", "int64"), "253402300800000"),
        (logical("Timestamp", "int64"), "-62135596800001"),
        (logical("Date", "int32"), str(2**31 - 1)),
        (logical("Time", "int32"), "-1"),
        (logical("Time", "int32"), "86400000"),
        (logical("Decimal", "bytes", scale="2"), "1e999999999"),
        (logical("Decimal", "bytes", scale="2"), "1e99999999999999999999"),
        (logical("Decimal", "bytes", scale="99999999"), "1"),
        (logical("Decimal", "bytes", scale="-99999999"), '"AQ=="'),
        ({"type": "int64"}, "1e999"),
        ({"type": "int64"}, "1e99999999"),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"optional": True}])
def test_a_number_that_its_schema_has_no_place_for_is_a_fault_of_the_value(
    schema: dict[str, Any], payload: str, beside: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="does not fit its schema"):
        converter(schemas=True).convert_column([field_of(schema, payload, **beside)])


@pytest.mark.parametrize(
    ("schema", "last"),
    [
        (logical("Timestamp", "int64"), 253402300799999),
        (logical("Timestamp", "int64"), -62135596800000),
        (logical("Date", "int32"), 2932896),
        (logical("Date", "int32"), -719162),
        (logical("Time", "int32"), 86399999),
    ],
)
def test_the_first_and_last_moments_pass_and_can_be_read(schema: dict[str, Any], last: int) -> None:
    assert converter(schemas=True).convert(field_of(schema, str(last)))["a"] is not None


def test_who_looks_again_at_what_cannot_be_read_meets_the_same_fault() -> None:
    schema = Schema(Type.INT64, name=TIMESTAMP)
    column = JsonColumn([str(2**62).encode()], Schemas([schema]))
    for _ in range(2):
        with pytest.raises(ValueError, match="is no Timestamp"):
            list(column)
    assert column.texts is not None
