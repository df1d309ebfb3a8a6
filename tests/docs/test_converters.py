"""The page about converters says what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from connector.plugins import PluginKind, find
from connector.runtime.blueprint import draw
from connector.schema_registry.mock import MockSchemaRegistry
from connector.settings import WorkerSettings

PAGE = (Path(__file__).parents[2] / "docs" / "converters.md").read_text()


def example(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_connector_of_the_page_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "registry.properties").write_text("login=reader:page-secret\n")
    providers = {
        "config.providers": "file",
        "config.providers.file.class": "file",
        "config.providers.file.param.allowed.paths": str(tmp_path),
    }
    settings = WorkerSettings.of({"bootstrap.servers": "k:1", **providers}, {})
    connector = json.loads(example("json").replace("/etc/connector", str(tmp_path)))
    keys = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "example"}
    blueprint = draw({**connector, **keys}, settings)
    converter = blueprint.converters["value"]()
    assert type(converter).__name__ == "AvroConverter"
    assert converter.config.user_info.get_secret_value() == "reader:page-secret"


def test_every_class_on_the_page_is_a_converter_by_its_short_name_too() -> None:
    rows = re.findall(r"^\| `((?:org|io|com)\.[\w.]+)`.*?\| `(\w+)`", PAGE, re.MULTILINE)
    assert len(rows) == 11
    for java_name, short in rows:
        kind = PluginKind.HEADER_CONVERTER if short == "Simple" else PluginKind.CONVERTER
        assert find(kind, java_name, "converter") is find(kind, short, "converter")


def test_the_mock_of_the_page_works() -> None:
    found: dict[str, Any] = {}
    exec(example("python"), found)
    assert MockSchemaRegistry.of_scope("name").schema(found["schema_id"]).text == '"long"'
