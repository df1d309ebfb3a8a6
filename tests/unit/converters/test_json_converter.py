from __future__ import annotations

import math
from typing import Any

import pytest

from connector.column import JsonColumn
from connector.converters.json import JsonConverter, JsonConverterConfig

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
