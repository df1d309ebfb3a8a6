"""AWS's own serialisers for Glue Schema Registry write, with schemas that they register; ours reads it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from connector.aws.protoc import compiled
from connector.plugins import PluginKind, find
from connector.testing.kafka import KafkaUnavailableError
from connector.testing.kafka.jars import glue_jars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import FileDescriptor

    from connector.testing.aws import AwsServer

SOURCE = Path(__file__).parents[1] / "oracle" / "GlueProducer.java"
CLASSES = {"AVRO": "glue_avro", "JSON": "glue_json_schema", "PROTOBUF": "glue_protobuf"}
AVRO = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}
JSON = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"id": {"type": "integer", "connect.type": "int64"}, "paid": {"type": "boolean"}},
}
PROTO = """syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto"; import "google/type/date.proto";
import "additionalTypes/decimal.proto"; import "metadata/metadata.proto";
message Order { int64 id = 1; google.protobuf.Timestamp at = 2; google.type.Date day = 3;
  optional string note = 4;
  additionalTypes.Decimal price = 5
    [(metadata.metadata_key) = "connect.decimal.scale", (metadata.metadata_value) = "2"];
  oneof paid { string card = 6; int32 cash = 7; }
  repeated Line lines = 8; map<string, Kind> kinds = 9; enum Kind { NONE = 0; SOME = 1; }
  message Line { string name = 1; uint64 count = 2; message Tax { sint32 rate = 1; } Tax tax = 3; } }
message Bill { string text = 1; }"""
OLD_PROTO = """syntax = "proto2"; package old;
message Old { required int32 a = 1; optional string b = 2 [default = "x"]; extensions 100 to 199;
  reserved 3, 5 to 7; reserved "gone"; repeated int32 c = 4 [packed = true]; }"""
BARE_PROTO = (
    'syntax = "proto3"; message B { C c = 1; message C { int32 c = 1; } } message Ant { string s = 1; }'
)
ORDER = {
    "id": 7,
    "at": "1970-01-01T00:00:01Z",
    "day": {"year": 2020, "month": 2, "day": 29},
    "price": {"units": 7, "fraction": 500_000_000, "precision": 3, "scale": 2},
    "cash": 0,
    "lines": [{"name": "pen", "count": 2, "tax": {"rate": -1}}],
    "kinds": {"a": "SOME"},
}


def files_of(file: FileDescriptor) -> FileDescriptorSet:
    """With all that it imports, which come first."""
    found: dict[str, FileDescriptor] = {}

    def add(each: FileDescriptor) -> None:
        for needed in each.dependencies:
            add(needed)
        found.setdefault(each.name, each)

    add(file)
    files = FileDescriptorSet()
    for each in found.values():
        each.CopyToProto(files.file.add())
    return files


def message(text: str, path: str, value: dict[str, Any]) -> dict[str, Any]:
    file = compiled(text)
    names = path.split(".")
    found = file.message_types_by_name[names[0]]
    for name in names[1:]:
        found = found.nested_types_by_name[name]
    data = ParseDict(value, GetMessageClass(found)()).SerializeToString()
    files = files_of(file).SerializeToString()
    return {
        "format": "PROTOBUF",
        "files": base64.b64encode(files).decode(),
        "message": names,
        "value": base64.b64encode(data).decode(),
    }


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"format": "AVRO", "schema": json.dumps(AVRO), "value": '{"id": 7}'}, {"id": 7}),
    (
        {"format": "JSON", "schema": json.dumps(JSON), "value": '{"paid": true, "id": 7}'},
        {"id": 7, "paid": True},
    ),
    (
        message(PROTO, "Order", ORDER),
        {
            "id": 7,
            "at": dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
            "day": dt.date(2020, 2, 29),
            "price": Decimal("7.50"),
            "lines": [{"name": "pen", "count": 2, "tax": {"rate": -1}}],
            "kinds": {"a": "SOME"},
            "paid": {"card": None, "cash": 0},
            "note": None,
        },
    ),
    (message(PROTO, "Order.Line", {"name": "x"}), {"name": "x", "count": 0, "tax": {"rate": 0}}),
    (message(PROTO, "Order.Line.Tax", {"rate": 3}), {"rate": 3}),
    (message(PROTO, "Bill", {"text": "x"}), {"text": "x"}),
    (message(OLD_PROTO, "Old", {"a": 1, "c": [1, 2]}), {"a": 1, "b": None, "c": [1, 2]}),
    (message(BARE_PROTO, "Ant", {"s": "x"}), {"s": "x"}),
    (message(BARE_PROTO, "B", {"c": {"c": 1}}), {"c": {"c": 1}}),
    (message(BARE_PROTO, "B.C", {"c": 2}), {"c": 2}),
]


@pytest.fixture
def registry(aws: AwsServer) -> Iterator[str]:
    glue = aws.client("glue")
    glue.create_registry(RegistryName="producers")
    yield "producers"
    glue.delete_registry(RegistryId={"RegistryName": "producers"})


def written(aws: AwsServer, registry: str, folder: Path) -> list[bytes]:
    if not (shutil.which("java") and shutil.which("javac")):
        pytest.skip("AWS's serialisers need java and javac")
    try:
        jars = glue_jars()
    except KafkaUnavailableError as error:
        pytest.skip(f"AWS's serialisers could not be had: {error}")
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", folder, SOURCE], check=True, timeout=300)
    own = {"region": "us-east-1", "endpoint": aws.url, "registry.name": registry}
    asked = []
    for number, (case, _) in enumerate(CASES):
        config = {
            "dataFormat": case["format"],
            "schemaName": f"schema-{number}",
            "schemaAutoRegistrationEnabled": "true",
            "compression": "ZLIB" if number % 2 else "NONE",
        }
        asked.append({**case, "config": {**own, **config}})
    run = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}:{jars}/*", SOURCE.stem],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={
            **os.environ,
            "AWS_ACCESS_KEY_ID": aws.access_key_id,
            "AWS_SECRET_ACCESS_KEY": aws.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return list(map(base64.b64decode, json.loads(run.stdout)))


@pytest.mark.timeout(900)  # where the jars have to be fetched first
def test_what_awss_serialisers_write_is_read(aws: AwsServer, registry: str, tmp_path: Path) -> None:
    own = {
        "region": "us-east-1",
        "endpoint": aws.url,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
    }
    for (case, expected), data in zip(CASES, written(aws, registry, tmp_path), strict=True):
        found = find(PluginKind.CONVERTER, CLASSES[case["format"]], "converter")
        assert found(found.config_class.parse(own)).convert(data) == expected
