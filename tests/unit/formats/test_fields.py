from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.formats.csv import CsvFormat
from connector.formats.fields import FormatConfig, OutputFields, ParquetOptions
from connector.formats.jsonl import JsonlFormat


def faults(**options: str) -> list[str]:
    raw = {f"format.output.{key.replace('__', '.')}": value for key, value in options.items()}
    with pytest.raises(ConfigError) as caught:
        FormatConfig.parse(raw)
    return [problem.message for problem in caught.value.problems]


def test_the_default_is_csv_of_base64_values() -> None:
    created = FormatConfig.parse({}).create_format()
    assert type(created) is CsvFormat
    assert created.fields == OutputFields(("value",), "base64", envelope=True)


def test_type_and_fields_ignore_letter_case() -> None:
    raw = {
        "format.output.type": "JSONL",
        "format.output.fields": "Key, VALUE",
        "format.output.envelope": "True",
    }
    created = FormatConfig.parse(raw).create_format()
    assert type(created) is JsonlFormat
    assert created.fields.names == ("key", "value")


def test_an_unknown_type_names_what_is_supported_and_what_was_meant() -> None:
    (message,) = faults(type="jsnl")
    assert message.startswith(
        "Invalid value jsnl for configuration format.output.type: Supported values are: "
    )
    assert "'avro', 'csv', 'json', 'jsonl', 'parquet'" in message
    assert 'Did you mean "jsonl"?' in message


def test_a_blank_type_is_refused() -> None:
    assert faults(type=" ")[0].endswith("must not be empty or not set")


def test_unknown_fields_are_refused_and_none_too() -> None:
    supported = "supported values are: 'key', 'value', 'offset', 'timestamp', 'headers'"
    assert faults(fields="value,topic")[0].endswith(supported)
    assert faults(fields="")[0].endswith("cannot be empty")


def test_the_value_encoding_is_case_sensitive() -> None:
    assert faults(fields__value__encoding="None")[0].endswith("supported values are: 'none', 'base64'")


def test_no_envelope_needs_exactly_one_field() -> None:
    expected = "When format.output.envelope is false, format.output.fields must contain only one field"
    assert faults(envelope="false", fields="key,value") == [expected]


def test_unset_fields_count_as_one() -> None:
    assert FormatConfig.parse({"format.output.envelope": "false"}).create_format().fields.envelope is False


def test_all_faults_come_at_once() -> None:
    assert len(faults(type="x", fields="x", envelope="x", fields__value__encoding="x")) == 4


def test_output_fields_by_aivens_older_name_yield_to_the_newer() -> None:
    assert FormatConfig.parse({"output_fields": "key"}).create_format().fields.names == ("key",)
    both = {"output_fields": "key", "format.output.fields": "offset"}
    assert FormatConfig.parse(both).create_format().fields.names == ("offset",)


def test_options_of_columns_reach_the_format() -> None:
    raw = {
        "format.output.type": "Parquet",
        "format.output.schema.drift": "WIDEN",
        "avro.codec": "deflate",
        "connect.meta.data": "false",
        "connect.parquet.block.size": "1000",
        "connect.parquet.page.size": "2000",
        "connect.parquet.enable.dictionary": "false",
        "connect.parquet.dictionary.page.size": "3000",
        "connect.parquet.writer.version": "PARQUET_2_0",
    }
    fields = FormatConfig.parse(raw).create_format("zstd", 7).fields
    assert (fields.drift, fields.avro_codec, fields.connect_meta_data) == ("widen", "deflate", False)
    assert fields.parquet == ParquetOptions("zstd", 7, 1000, 2000, False, 3000, "2.0")


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("avro.codec", "lzo", "Unknown or not supported codec lzo"),
        ("format.output.schema.drift", "x", "supported values are: 'new_file', 'widen', 'fail'"),
        ("behavior.on.null.values", "skip", "supported values are: 'ignore', 'write', 'fail'"),
        ("connect.parquet.writer.version", "v2", "supported values are: 'PARQUET_1_0', 'PARQUET_2_0'"),
        ("connect.parquet.block.size", "0", "Value must be at least 1"),
    ],
)
def test_what_a_format_cannot_do_is_refused_with_what_it_can(option: str, value: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FormatConfig.parse({option: value})
    (problem,) = caught.value.problems
    assert problem.option == option
    assert reason in problem.message
