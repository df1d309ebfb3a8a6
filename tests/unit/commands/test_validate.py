"""What ``connector validate`` tells: each fault with its line, and what may not be meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from connector.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

ORDERS = {"name": "orders", "connector.class": "s3", "topics": "orders", "aws.s3.bucket.name": "bucket"}


def validate(path: Path, content: str | bytes) -> Result:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CliRunner().invoke(app, ["validate", str(path)])


def lines(path: Path, content: str) -> list[str]:
    """What is told of a file, without its path."""
    return [line.removeprefix(str(path)) for line in validate(path, content).stderr.splitlines()]


def test_a_session_name_that_was_left_out_is_noted(tmp_path: Path) -> None:
    config = {**ORDERS, "aws.sts.role.arn": "arn:aws:iam::123456789012:role/r"}
    path = tmp_path / "orders.json"
    result = validate(path, json.dumps(config))
    assert result.exit_code == 0
    assert "note: aws.sts.role.session.name is not set" in result.output
    assert "note:" not in validate(path, json.dumps({**config, "aws.sts.role.session.name": "orders"})).output


def test_faults_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = """{
      "name": "orders", "connector.class": "s3",
      "topics": "orders",
      "aws.s3.bucket.nam": "bucket",
      "transforms": "stamp",
      "transforms.stamp.type":
         "InsertFeld$Value",
      "tasks.max": "none"
    }"""
    told = lines(tmp_path / "orders.json", text)
    assert [line.partition(": ")[0] for line in told] == ["", ":6", ":8", ":4"]
    assert told[0].startswith(": error: aws.s3.bucket.name: ")
    assert 'Did you mean "InsertField$Value"?' in told[1]
    assert told[3].endswith(
        "warning: aws.s3.bucket.nam is not read by anything; did you mean aws.s3.bucket.name?"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n "name": "a",\n "topics": "b",}', ":3: error: Not valid JSON"),
        ('{"name": "a"\n "topics": "b"}', ":2: error: Not valid JSON"),
        ('{"name": "a",\n "topics": "b",\n\n "topics": "c"}', ":4: error: topics: Given more than once."),
        ('{"name": "a",\n "config": {\n "topics": ["b"]}}', ":3: error: topics: Is an array"),
    ],
)
def test_what_is_no_config_is_found_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    (line,) = lines(tmp_path / "orders.json", text)
    assert line.startswith(told)


def test_a_key_that_is_given_twice_names_both_lines(tmp_path: Path) -> None:
    (line,) = lines(tmp_path / "orders.json", '{\n"topics": "a",\n"topics": "b"}')
    assert line.startswith(":3: ")
    assert line.endswith("(Also in line 2.)")


def test_another_name_of_an_option_is_found_where_it_stands(tmp_path: Path) -> None:
    config = {**ORDERS, "file.max.records": "1"}
    del config["aws.s3.bucket.name"]
    text = json.dumps({**config, "aws_s3_bucket": "x"}, indent=0)
    (line,) = lines(tmp_path / "orders.json", text)
    assert line.startswith(":6: error: aws.s3.bucket.name: ")


def test_lines_of_properties_count_comments_and_continued_lines(tmp_path: Path) -> None:
    text = (
        "# orders\n\nname=orders\nconnector.class : s3\ntopics=a,\\\n   b\n"
        "aws.s3.bucket.name=bucket\ntaks.max=1\n  tasks.max  =  none\n"
    )
    told = lines(tmp_path / "orders.properties", text)
    assert [line.partition(": ")[0] for line in told] == [":9", ":8"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty."),
        (b" \n\t", "The file is empty."),
        (bytes(range(1, 256)), "The file is not UTF-8: see line 2."),
        (b"\x7fELF\0\0\0", "not text at all"),
        ('{"name": "a"}'.encode("utf-16"), "UTF-16"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"a"', "Must hold a JSON object"),
        (b" " * (17 << 20) + b"{}", "more than 16 MiB"),
    ],
    ids=["empty", "blank", "binary", "program", "utf-16", "deep", "text", "huge"],
)
def test_a_file_that_is_no_connector_is_refused_in_a_line(tmp_path: Path, content: bytes, told: str) -> None:
    result = validate(tmp_path / "orders.json", content)
    assert result.exit_code == 3
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert validate(tmp_path / "orders.json", "\ufeff" + json.dumps(ORDERS)).exit_code == 0


def test_faults_of_one_file_leave_none_of_the_others_out(tmp_path: Path) -> None:
    for name, topics in (("a", ""), ("b", "orders"), ("c", "")):
        (tmp_path / f"{name}.json").write_text(json.dumps({**ORDERS, "name": name, "topics": topics}))
    result = CliRunner().invoke(app, ["validate", str(tmp_path)])
    assert result.exit_code == 3
    assert {line.split(".json")[0][-1] for line in result.stderr.splitlines()} == {"a", "c"}
    assert "b.json: ok: connector b" in result.stdout


def test_two_files_of_one_name_are_refused_though_one_of_them_has_faults_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(ORDERS))
    (tmp_path / "b.json").write_text(json.dumps({**ORDERS, "topics": ""}, indent=0))
    result = CliRunner().invoke(app, ["validate", str(tmp_path), str(tmp_path / "a.json")])
    assert result.exit_code == 3
    assert f"{tmp_path}/a.json: ok" in result.stdout
    assert [line.removeprefix(f"{tmp_path}/b.json:") for line in result.stderr.splitlines()] == [
        f"2: error: name: {tmp_path}/a.json has another connector orders: give each a name of its own.",
        "4: error: topics: Must configure one of topics or topics.regex",
    ]


def test_no_fault_quotes_a_secret(tmp_path: Path) -> None:
    config = {**ORDERS, "aws.access.key.id": "AKIA", "aws.secret.access.key": "canary", "tasks.max": "x"}
    text = json.dumps(config, indent=1)
    assert "canary" not in validate(tmp_path / "orders.json", text).output
    assert "canary" not in validate(tmp_path / "orders.json", text.replace('"canary"', '"canary')).output
