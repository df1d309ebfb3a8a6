"""AWS's own converters of Glue Schema Registry and ours: one table of cases, the same results.

Their jars are in no registry, so that their answers were recorded; with the folders and jars of their classes
in ``GLUE_CONVERTERS``, as a class path, they are asked again.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from connector.column import schemas_of
from connector.plugins import PluginKind, find
from connector.schema_registry.mock import MockSchemaRegistry
from tests.integration.test_converter_oracle import comparable, shown, shown_schema
from tests.oracle import glue_cases as cases

if TYPE_CHECKING:
    from tests.oracle.glue_cases import Case

SOURCES = Path(__file__).parents[1] / "oracle"
AWS = "com.amazonaws.services.schemaregistry.kafkaconnect."
CLASSES = {
    "JSON": AWS + "jsonschema.JsonSchemaConverter",
    "PROTOBUF": AWS + "protobuf.ProtobufSchemaConverter",
}


def ours(case: Case) -> dict[str, Any]:
    registry = MockSchemaRegistry()
    version = UUID(int=registry.register(case.kind, case.schema))
    found = find(PluginKind.CONVERTER, CLASSES[case.kind], "converter")
    converter = found(found.config_class.parse({"region": "eu-north-1"}), registry)
    try:
        column = converter.convert_column([b"\x03\x00" + version.bytes + case.data])
        value = column[0]
    except ValueError as error:
        return {"error": str(error)}
    schemas = schemas_of(column)
    schema = next(schema for _, _, schema in schemas.runs(1)) if schemas else None
    return {"schema": shown_schema(schema), "value": shown(value)}


def same(found: Any) -> Any:
    """Without what differs on purpose: members of unions are optional here, or nobody could write them."""
    if isinstance(found, list):
        return [same(each) for each in found]
    if not isinstance(found, dict):
        return found
    alike = {name: same(each) for name, each in found.items()}
    if "parameters" in alike:
        alike["parameters"] = {name: value or "" for name, value in alike["parameters"].items()}
    if alike.get("name") == "oneOf":
        alike["fields"] = [[name, {**schema, "optional": True}] for name, schema in alike["fields"]]
    return alike


def test_every_case_is_converted_as_aws_does() -> None:
    different = {}
    for case, expected in zip(cases.CASES, cases.answers(), strict=True):
        found = ours(case)
        if "schema" not in expected:
            if ("error" in found) is case.fails:
                different[case] = (expected, found)
        elif case.fails or same(comparable(found)) != same(comparable(expected)):
            different[case] = (expected, found)
    assert different == {}, "\n".join(
        f"{case.schema} {case.data!r}\n   java {java}\n   ours {found}"
        for case, (java, found) in different.items()
    )


def test_the_answers_are_still_those_of_aws(tmp_path: Path) -> None:
    place = os.environ.get("GLUE_CONVERTERS")
    if not place:
        pytest.skip("GLUE_CONVERTERS is no class path with AWS's converters of Glue")
    sources = [SOURCES / "ConverterOracle.java", SOURCES / "GlueOracle.java"]
    subprocess.run(["javac", "-cp", place, "-d", tmp_path, *sources], check=True, timeout=300)
    asked = [
        {"kind": each.kind, "schema": each.schema, "data": base64.b64encode(each.data).decode()}
        for each in cases.CASES
    ]
    command = [
        "java",
        "-XX:TieredStopAtLevel=1",
        "-Duser.timezone=UTC",
        "-cp",
        f"{tmp_path}:{place}",
        "GlueOracle",
    ]
    run = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=300
    )
    assert cases.stored(json.loads(run.stdout)) == cases.ANSWERS.read_text()
