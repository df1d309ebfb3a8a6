from __future__ import annotations

import re

import pytest
from structlog.testing import capture_logs

from connector.errors import ConfigError
from connector.record import TopicPartition
from connector.sinks.s3.grouping import Grouper, GroupKey
from connector.sinks.s3.naming import FileNameConfig

WHERE = TopicPartition("t", 0)
FULL = "{{topic}}-{{partition}}-{{start_offset}}"


def grouper(**options: str) -> Grouper:
    raw = {f"file.{key.replace('__', '.')}": value for key, value in options.items()}
    return FileNameConfig.parse(raw).create_grouper()


def fault(**options: str) -> str:
    with pytest.raises(ConfigError) as caught:
        grouper(**options)
    (problem,) = caught.value.problems
    return problem.message


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "t-0-5.gz"),
        ({"compression__type": "gzip"}, "t-0-5.gz"),
        ({"compression__type": "GZIP"}, "t-0-5.gz"),
        ({"compression__type": "none"}, "t-0-5"),
        ({"compression__type": "zstd"}, "t-0-5.zst"),
        ({"name__template": FULL}, "t-0-5"),
    ],
)
def test_only_the_default_name_gets_the_suffix_of_the_compression(options: dict[str, str], name: str) -> None:
    assert grouper(**options).object_key(GroupKey(WHERE), 5) == name


def test_the_suffix_of_the_format_stands_before_that_of_the_compression() -> None:
    named = FileNameConfig.parse({}).create_grouper(".avro")
    assert named.object_key(GroupKey(WHERE), 5) == "t-0-5.avro.gz"


@pytest.mark.parametrize(
    ("template", "last_only"),
    [
        (FULL, False),
        (FULL + "{{timestamp:unit=HH}}", False),
        (FULL + "/{{key}}", False),
        (FULL + "/{{key}}/{{ timestamp:unit=dd }}", False),
        ("{{key}}", True),
        ("{{topic}}/{{key}}", True),
        ("{{partition}}/{{key}}", True),
        ("{{topic}}/{{partition:padding=true}}/{{key}}", True),
    ],
)
def test_legal_sets_of_variables_are_accepted(template: str, *, last_only: bool) -> None:
    assert grouper(name__template=template).keeps_last_only is last_only


@pytest.mark.parametrize(
    "template",
    [
        "{{topic}}",
        "{{topic}}-{{partition}}",
        "{{topic}}-{{start_offset}}",
        "{{partition}}-{{start_offset}}",
        "{{timestamp:unit=HH}}",
        "{{key}}-{{start_offset}}",
        "{{key}}/{{topic}}/{{timestamp:unit=HH}}",
        FULL + "{{foo}}",
    ],
)
def test_other_sets_are_refused_with_those_supported(template: str) -> None:
    assert fault(name__template=template) == (
        f"Invalid value {template} for configuration file.name.template: unsupported set of template"
        " variables, supported sets are: topic,partition,start_offset,timestamp;"
        " topic,partition,key,start_offset,timestamp; key; key,topic,partition"
    )


def test_a_template_without_variables_is_refused() -> None:
    assert "RecordGrouper requires that the template [x/y] has variables defined" in fault(
        name__template="x/y"
    )


@pytest.mark.parametrize(
    "placeholder",
    [
        "{{partition:padding=maybe}}",
        "{{start_offset:unit=HH}}",
        "{{timestamp:unit=SSS}}",
        "{{topic:padding=true}}",
    ],
)
def test_unknown_parameters_are_refused(placeholder: str) -> None:
    assert fault(name__template=FULL + placeholder).endswith(
        "unsupported set of template variables parameters, supported sets are: partition:padding=true|false,"
        "start_offset:padding=true|false,timestamp:unit=yyyy|MM|dd|HH|mm|ss"
    )


def test_a_timestamp_needs_a_unit() -> None:
    assert fault(name__template=FULL + "{{timestamp}}").endswith(
        "parameter unit is required for the the variable timestamp, supported values are: yyyy|MM|dd|HH|mm|ss"
    )


def test_incomplete_placeholders_are_faults_of_the_option() -> None:
    assert fault(name__template="{{topic:}}").endswith("Wrong variable with parameter definition")


def test_week_years_are_read_as_years_with_a_warning() -> None:
    with capture_logs() as logs:
        named = grouper(name__template=FULL + "/{{ timestamp:unit=YYYY }}", name__timestamp__source="event")
    assert named.object_key(GroupKey(WHERE, None, ("2024",)), 1) == "t-0-1/2024"
    assert [(entry["log_level"], entry["option"]) for entry in logs] == [("warning", "file.name.template")]


def test_names_that_certificate_checks_use_are_refused() -> None:
    assert ".well-known/acme-challenge" in fault(name__template=".well-known/acme-challenge/" + FULL)


def test_fixed_text_that_fills_a_name_is_refused() -> None:
    assert "1024 bytes" in fault(name__template="é" * 512 + FULL)


def test_an_unknown_compression_is_refused_with_what_there_is() -> None:
    assert fault(compression__type="lz4").endswith("supported values are: 'none', 'gzip', 'snappy', 'zstd'")


@pytest.mark.parametrize(
    ("name", "level", "reason"),
    [
        ("gzip", "10", "a level of gzip is from 1 to 9"),
        ("zstd", "0", "a level of zstd is from 1 to 22"),
        ("snappy", "1", "snappy has no levels"),
    ],
)
def test_a_level_that_a_compression_does_not_have_is_refused(name: str, level: str, reason: str) -> None:
    assert reason in fault(compression__type=name, compression__level=level)


def test_objects_of_one_key_hold_one_record() -> None:
    expected = "When file.name.template is {{key}}, file.max.records must be either 1 or not set"
    assert fault(name__template="{{key}}", max__records="2") == expected
    grouper(name__template="{{key}}", max__records="1")
    grouper(name__template=FULL + "{{key}}", max__records="2")


@pytest.mark.parametrize("number", ["-1", "2147483648", "many"])
def test_max_records_is_a_number_from_zero(number: str) -> None:
    assert f"Invalid value {number} for configuration file.max.records" in fault(max__records=number)


def test_unknown_timestamp_sources_are_refused() -> None:
    assert "Unknown timestamp source: broker" in fault(name__timestamp__source="broker")
    grouper(name__timestamp__source="EVENT")


@pytest.mark.parametrize(
    "template",
    [
        FULL + "/{{header:h}}",
        FULL + "/{{value:a.b}}/{{key:id}}/{{key}}",
        "{{topic}}/dt={{timestamp:format=yyyy-MM-dd}}/{{partition}}/{{start_offset}}",
        FULL + "/{{timestamp:unit=mm}}{{timestamp:unit=ss}}",
    ],
)
def test_headers_fields_and_patterns_are_accepted(template: str) -> None:
    assert not grouper(name__template=template).keeps_last_only


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (
            "{{topic}}/{{value:id}}",
            "Objects would replace each other.*Add {{partition}} and {{start_offset}}",
        ),
        ("{{topic}}/{{partition}}/{{header:h}}", "Add {{start_offset}}, which make names unique"),
        ("{{value:id}}/{{key}}", "Objects would replace each other"),
        (FULL + "{{value:id}}{{foo}}", "there is no variable foo"),
        (FULL + "{{timestamp:format=YYYY}}", "the format YYYY of timestamp has Y, the year of the week"),
        (FULL + "{{value:}}", "Wrong variable with parameter definition"),
        (
            FULL + "{{value:id}}",
            "start_offset and value stand side by side, where 1 and 23 read like 12 and 3",
        ),
        ("{{header:h}}{{partition}}/{{topic}}/{{start_offset}}", "header and partition stand side by side"),
        ("../" + FULL, "must not lead out of its bucket, as ../{{topic}}"),
    ],
)
def test_names_that_cannot_be_unique_are_refused_with_the_reason(template: str, reason: str) -> None:
    assert re.search(reason.replace("{", r"\{"), fault(name__template=template))


@pytest.mark.parametrize(("source", "option"), [("header", "header"), ("field", "field")])
def test_a_source_of_time_must_be_named(source: str, option: str) -> None:
    assert f"is needed where file.name.timestamp.source is {source}" in fault(name__timestamp__source=source)
    grouper(**{"name__timestamp__source": source, f"name__timestamp__{option}": "at"})


@pytest.mark.parametrize(
    ("template", "notes"),
    [
        ("{{topic}}-{{partition}}{{start_offset}}", 1),
        ("{{topic}}-{{partition}}{{start_offset:padding=true}}", 0),
        ("{{topic}}-{{partition}}0{{start_offset}}", 1),
        (FULL + "{{key}}", 1),
        (FULL + "{{timestamp:unit=HH}}", 0),
        ("{{topic}}{{partition}}-{{start_offset}}", 1),
        ("{{topic}}{{partition}}/{{partition}}-{{start_offset}}", 0),
        (FULL, 0),
    ],
)
def test_numbers_that_run_together_are_told(template: str, notes: int) -> None:
    config = FileNameConfig.parse({"file.name.template": template})
    assert [note for note in config.notes() if "side by side" in note] == list(config.notes())
    assert len(list(config.notes())) == notes


def test_a_number_beside_the_only_topic_is_no_matter() -> None:
    template = {"file.name.template": "{{topic}}{{partition}}-{{start_offset}}"}
    assert list(FileNameConfig.parse({**template, "topics": "t"}).notes()) == []
    assert len(list(FileNameConfig.parse({**template, "topics": "t,t1"}).notes())) == 1


@pytest.mark.parametrize("text", ["-{{timestamp: unit=HH}}", "/{{start_offset", "-{{timestamp : unit=HH}}"])
def test_braces_that_are_no_placeholder_are_told(text: str) -> None:
    (note,) = FileNameConfig.parse({"file.name.template": FULL + text}).notes()
    assert f"file.name.template has {text}, which is no placeholder" in note


def test_a_prefix_that_leads_out_of_the_bucket_is_refused() -> None:
    with pytest.raises(ConfigError, match="must not lead out of its bucket"):
        FileNameConfig.parse({"aws.s3.prefix": "{{topic}}/../../"})
