"""``.proto`` text of anybody who may register schemas, read by protoc."""

from __future__ import annotations

import pytest
from google.protobuf.message_factory import GetMessageClass

from connector.aws import protoc
from connector.aws.protoc import compiled
from connector.errors import RetriableError


def test_text_is_a_file_with_what_it_imports() -> None:
    file = compiled(
        'syntax = "proto3"; package a; import "google/type/date.proto";'
        'import "additionalTypes/decimal.proto";'
        "message Order { google.type.Date day = 1; additionalTypes.Decimal price = 2; }"
    )
    fields = file.message_types_by_name["Order"].fields
    assert [field.message_type.full_name for field in fields] == [
        "google.type.Date",
        "additionalTypes.Decimal",
    ]


def test_entries_of_maps_may_be_written_out_as_awss_serialisers_do() -> None:
    file = compiled(
        """syntax = "proto3"; message Outer { message A { repeated KindsEntry kinds = 1; string note = 2;
        message KindsEntry {
          option map_entry = true;

          string key = 1; int32 value = 2;
        } /* option map_entry = true; */ message B { string text = 1; } } } // option map_entry = true;"""
    )
    message = file.message_types_by_name["Outer"].nested_types_by_name["A"]
    entries = {each.name: each.GetOptions().map_entry for each in message.nested_types}
    assert entries == {"KindsEntry": True, "B": False}
    assert dict(GetMessageClass(message)(kinds={"a": 1}).kinds) == {"a": 1}


@pytest.mark.parametrize("piece", ["/*", '"\\', "'\\", '"', "option ", "option map_entry", "/* *", "*/"])
def test_text_of_many_beginnings_is_refused_in_time(piece: str) -> None:
    with pytest.raises(ValueError, match="protoc refuses"):
        compiled(piece * (160_000 // len(piece)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'syntax = "proto3"; message A { int32 a = 1; int32 a = 2; }',
            r"schema\.proto:1:51: .*already defined",
        ),
        ('import "orders.proto";', r"orders\.proto: File not found"),
        ('import "/etc/passwd";', "/etc/passwd: File not found"),
        ('import "../known";', "not allowed in the virtual path"),
        ('import "schema.proto";', "recursively imports itself"),
        ("message A {" * 5000, "maximum recursion limit"),
        ("option (a) = {" * 10_000, "Unexpected end"),
        (b'"\\ud800"'.decode("unicode_escape"), "no Unicode"),
        (" " * 170_001, "more than 170000 characters"),
        ("no proto at all", "Expected top-level statement"),
    ],
    ids=lambda value: value[:20],
)
def test_text_that_is_no_file_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        compiled(text)
    assert len(str(caught.value)) < 600
    assert "/sources/" not in str(caught.value)


def test_text_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass"
    monkeypatch.setattr(protoc, "_CHILD", endless)
    with pytest.raises(ValueError, match="ended by signal"):
        compiled("message A {}")


def test_a_machine_that_is_too_busy_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protoc, "_CHILD", "import time; time.sleep(600)")
    monkeypatch.setattr(protoc, "_SECONDS", 0.5)
    with pytest.raises(RetriableError, match=r"within 0\.5 s"):
        compiled("message A {}")


def test_a_disk_that_is_full_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(RetriableError, match="cannot be run"):
        compiled("message A {}")
