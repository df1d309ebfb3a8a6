import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.config.files import connector_files, read_connector
from connector.errors import ConfigError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "connector.json"


def read(path: Path, content: str) -> dict[str, str]:
    path.write_text(content, encoding="utf-8")
    return read_connector(path)


def faults(path: Path, content: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        read(path, content)
    assert str(path) in str(raised.value)
    return {problem.option: problem.message for problem in raised.value.problems}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(config=st.dictionaries(TEXT, TEXT))
def test_a_flat_map_reads_as_it_is(path: Path, config: dict[str, str]) -> None:
    assert read(path, json.dumps(config)) == config


def test_numbers_and_booleans_become_their_text_as_written(path: Path) -> None:
    content = '{"a": 1, "b": 1.0, "c": 1e3, "d": -0, "e": true, "f": false, "g": 12345678901234567890123}'
    assert read(path, content) == {
        "a": "1", "b": "1.0", "c": "1e3", "d": "-0", "e": "true", "f": "false",
        "g": "12345678901234567890123",
    }  # fmt: skip


def test_a_request_gives_its_config_with_the_trimmed_name_first(path: Path) -> None:
    content = '{"name": " x ", "config": {"topics": "t"}, "initial_state": "running"}'
    assert list(read(path, content).items()) == [("name", "x"), ("topics", "t")]
    assert read(path, '{"name": "x", "config": {"topics": "t", "name": "x"}}') == {"name": "x", "topics": "t"}
    assert read(path, '{"config": {"name": "x"}}') == {"name": "x"}
    assert read(path, '{"name": 5, "config": {}}') == {"name": "5"}


def test_two_names_that_differ_are_refused_in_connects_words(path: Path) -> None:
    found = faults(path, '{"name": "b", "config": {"name": "a"}}')
    text = "Connector name configuration (a) doesn't match connector name in the URL (b)"
    assert found["name"].startswith(text)


def test_a_flat_map_may_hold_an_option_called_config(path: Path) -> None:
    assert read(path, '{"name": "x", "config": "y"}') == {"name": "x", "config": "y"}


def test_every_value_that_a_config_cannot_hold_is_named_at_once(path: Path) -> None:
    content = (
        '{"a": {"x": "s3cret"}, "b": ["s3cret"], "c": null, "d": "\\ud800", "e": 1, "e": 2, "f": "fine"}'
    )
    found = faults(path, content)
    assert set(found) == {"a", "b", "c", "d", "e"}
    assert "object" in found["a"]
    assert "array" in found["b"]
    assert "Null value can not be supplied as the configuration value." in found["c"]
    assert "surrogate" in found["d"]
    assert "more than once" in found["e"]
    assert "s3cret" not in str(found)


def test_what_does_not_belong_into_a_request_is_named_at_once(path: Path) -> None:
    found = faults(path, '{"name": null, "config": {"a": []}, "topics": "t", "initial_state": "GONE"}')
    assert set(found) == {"name", "a", "topics", "initial_state"}


@pytest.mark.parametrize(
    ("content", "position", "reason"),
    [
        ('{"a": "s3cret"\n "b": 1}', "line 2, column 2", "Expecting ',' delimiter"),
        ('{"a": "s3cret",\n}', "line 1, column 15", "a comma before a closing bracket"),
        ('{"a": "s3cret', "line 1, column 7", "Unterminated string"),
        ('{"a": "s3cret\\q"}', "line 1, column 14", "Invalid \\escape"),
        ('{"a": "s3cret"} {}', "line 1, column 17", "Extra data"),
        ("{'a': 's3cret'}", "line 1, column 2", "double quotes"),
    ],
)
def test_malformed_json_is_told_by_position_and_reason_only(
    path: Path, content: str, position: str, reason: str
) -> None:
    (message,) = faults(path, content).values()
    assert position in message
    assert reason in message
    assert "s3cret" not in message


@pytest.mark.parametrize("content", ["[]", '"x"', "null", "[{}]", '{"a": NaN}', "[" * 100_000])
def test_json_that_is_no_config_is_refused(path: Path, content: str) -> None:
    assert faults(path, content)


def test_properties_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    assert read(tmp_path / "sink.properties", "name=x\ntopics = a,b\n") == {"name": "x", "topics": "a,b"}
    assert read(tmp_path / "sink", "name=x") == {"name": "x"}
    assert read(tmp_path / "sink", '\ufeff{"name": "x"}') == {"name": "x"}


def test_a_json_file_that_holds_properties_is_malformed_json(path: Path) -> None:
    (message,) = faults(path, "name=x").values()
    assert "Not valid JSON" in message


def test_a_folder_stands_for_its_connector_files_by_name(tmp_path: Path) -> None:
    for name in ("b.json", "a.properties", "C.JSON", "readme.txt", ".hidden.json"):
        (tmp_path / name).touch()
    assert [path.name for path in connector_files([tmp_path])] == ["C.JSON", "a.properties", "b.json"]


def test_the_file_of_a_worker_beside_its_connectors_is_none_of_them_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "worker.properties").write_text("bootstrap.servers=broker:9092\n")
    (tmp_path / "orders.properties").write_text("bootstrap.servers=broker:9092\nname=orders\n")
    assert [path.name for path in connector_files([tmp_path])] == ["orders.properties"]
    assert connector_files([tmp_path / "worker.properties"]) == [tmp_path / "worker.properties"]


def test_a_file_stands_for_itself_whatever_it_is_called(tmp_path: Path) -> None:
    assert connector_files([tmp_path / "absent", tmp_path / "connector"]) == [
        tmp_path / "absent",
        tmp_path / "connector",
    ]


def test_what_cannot_be_looked_at_stands_for_itself(tmp_path: Path) -> None:
    # No system has names so long; the error is of the kind that a folder gives which may not be searched.
    unseen = tmp_path / ("x" * 5000)
    assert connector_files([unseen]) == [unseen]


def test_a_folder_without_connectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no connector"):
        connector_files([tmp_path])
