"""Discovery over a distribution that is really there, as pip leaves one behind."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from connector import plugins
from connector.errors import ConfigError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTRY_POINTS = """
[connector.sinks]
acme = acme_plugins:AcmeSink
com.acme.AcmeSinkConnector = acme_plugins:AcmeSink
acme-broken = acme_plugins:Missing
acme-unimportable = acme_plugins.nowhere:Sink

[connector.converters]
com.acme.AcmeConverter = acme_plugins:AcmeText
"""


@pytest.fixture(autouse=True)
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    info = tmp_path / "acme_plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-plugins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(dedent(ENTRY_POINTS))
    (tmp_path / "acme_plugins.py").write_text("class AcmeSink: ...\nclass AcmeText: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget()
    yield
    _forget()


def _forget() -> None:
    plugins._entry_points.cache_clear()
    plugins._by_name.cache_clear()


@pytest.mark.parametrize(
    "name",
    [
        "acme", "com.acme.AcmeSinkConnector", "AcmeSinkConnector", "AcmeSink", "acme_plugins.AcmeSink",
    ],
)  # fmt: skip
def test_a_third_partys_sink_answers_to_all_its_names(name: str) -> None:
    found = plugins.find(PluginKind.SINK, name, "connector.class")
    assert (found.__module__, found.__name__) == ("acme_plugins", "AcmeSink")


def test_a_converter_answers_to_connects_short_forms() -> None:
    for name in ("com.acme.AcmeConverter", "AcmeConverter", "Acme", "AcmeText"):
        assert plugins.find(PluginKind.CONVERTER, name, "key.converter").__name__ == "AcmeText"


def test_an_unknown_name_is_told_with_the_option_the_probable_name_and_what_there_is() -> None:
    with pytest.raises(ConfigError) as raised:
        plugins.find(PluginKind.SINK, "com.acme.AcmeSinkConector", "connector.class")
    (problem,) = raised.value.problems
    assert problem.option == "connector.class"
    assert "Class com.acme.AcmeSinkConector could not be found." in problem.message
    assert 'Did you mean "com.acme.AcmeSinkConnector"?' in problem.message
    assert "Installed here: acme" in problem.message


def test_where_dozens_are_installed_the_probable_name_is_told_and_where_the_others_are_listed() -> None:
    with pytest.raises(ConfigError) as raised:
        plugins.find(PluginKind.TRANSFORM, "org.apache.kafka.connect.transforms.RegexRoutr", "type")
    (problem,) = raised.value.problems
    assert 'Did you mean "org.apache.kafka.connect.transforms.RegexRouter"?' in problem.message
    count = len(plugins.names(PluginKind.TRANSFORM))
    assert problem.message.endswith(f"? {count} are installed here: `connector plugins` lists them.")


def test_names_of_one_kind_are_not_names_of_another() -> None:
    with pytest.raises(ConfigError):
        plugins.find(PluginKind.CONVERTER, "acme", "key.converter")


@pytest.mark.parametrize("name", ["acme-broken", "acme-unimportable"])
def test_a_plug_in_that_cannot_be_loaded_is_told_as_such(name: str) -> None:
    with pytest.raises(ConfigError, match="installed but cannot be loaded") as raised:
        plugins.find(PluginKind.SINK, name, "connector.class")
    assert raised.value.problems[0].option == "connector.class"


def test_plug_ins_are_listed_by_their_shortest_name() -> None:
    names = plugins.names(PluginKind.SINK)
    assert names["acme"] == "acme_plugins:AcmeSink"
    assert "com.acme.AcmeSinkConnector" not in names


def test_a_worker_with_every_plug_in_says_nothing_while_it_imports() -> None:
    """The client of confluent-kafka for registries would: its own dependencies warn of each other."""
    program = """
        import sys, connector.distributed, connector.standalone
        from connector import plugins
        for kind in plugins.PluginKind:
            for name in plugins.names(kind):
                plugins.find(kind, name, "option")
        print({"authlib", "confluent_kafka.schema_registry"} & sys.modules.keys())
    """
    command = [sys.executable, "-W", "always", "-c", dedent(program)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("set()\n", "")
