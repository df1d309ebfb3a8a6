"""The examples of the pages about references work as they are written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector import plugins
from connector.config.reference import references
from connector.config_providers.resolver import Resolver
from connector.errors import ConfigError
from connector.plugins import PluginKind
from connector.properties import parse_properties
from connector.runtime.blueprint import draw
from connector.settings import WorkerSettings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "config-providers.md"


def block(page: Path, language: str, holding: str = "") -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return next(text for text in found if holding in text)


def moved(text: str, folder: Path) -> str:
    """As if the folder were where the page has its files."""
    return text.replace("/etc/connector", str(folder))


def test_the_example_of_the_page_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "aws.properties").write_text("key.id=AKIAEXAMPLE\nsecret=page-secret\n")
    monkeypatch.setenv("STAGE", "prod")
    properties = parse_properties(moved(block(PAGE, "properties"), tmp_path), source="page")
    settings = WorkerSettings.of({"bootstrap.servers": "k:1", **properties}, {})
    assert not settings.unknown
    raw = json.loads(moved(block(PAGE, "json"), tmp_path))
    config = draw(raw, settings).make_sink().config
    assert config.bucket == "orders-prod"
    assert config.secret_access_key.get_secret_value() == "page-secret"


def test_the_environment_does_for_the_properties_as_the_page_says(tmp_path: Path) -> None:
    properties = parse_properties(moved(block(PAGE, "properties"), tmp_path), source="page")
    variables = {f"CONNECT_{name.replace('.', '_').upper()}": value for name, value in properties.items()}
    for name, value in re.findall(r"`(CONNECT_[A-Z_]+)=([^`]*)`", PAGE.read_text()):
        assert variables[name] == moved(value, tmp_path)
    (tmp_path / "aws.properties").write_text("key.id=AKIAEXAMPLE\n")
    environ = {"CONNECT_BOOTSTRAP_SERVERS": "k:1", **variables}
    resolver = WorkerSettings.load(None, environ).resolver
    found = resolver.resolve({"x": f"${{file:{tmp_path}/aws.properties:key.id}}"})
    assert found.values == {"x": "AKIAEXAMPLE"}
    with pytest.raises(ConfigError, match="HOME"):
        resolver.read(references("${env:HOME}"))


def test_every_class_of_the_page_is_installed_under_both_names() -> None:
    rows = re.findall(r"^\| `(org\.apache\.\S+)` \| `(\w+)` \| `(\S+)`", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == 3
    for java, short, example in rows:
        kind = PluginKind.CONFIG_PROVIDER
        assert plugins.find(kind, java, "") is plugins.find(kind, short, "")
        assert references(example)[0].provider == short


def test_the_provider_of_the_plugin_page_works(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "json_provider"}
    exec(compile(block(DOCS / "plugins.md", "python", "JsonConfigProvider"), "page", "exec"), namespace)
    provider = namespace["JsonConfigProvider"]
    path = tmp_path / "keys.json"
    path.write_text('{"a": "1"}')
    resolver = Resolver({"vault": provider(provider.config_class.parse({"most.bytes": "20"}))})
    assert resolver.resolve({"x": f"${{vault:{path}:a}}"}).values == {"x": "1"}
    for fault in ('{"a": "page-secret"', '{"a": "page-secret-that-is-long"}'):
        path.write_text(fault)
        with pytest.raises(ConfigError, match="is no JSON, or too large"):
            resolver.read(references(f"${{vault:{path}:a}}"))
