"""docs/migrate.md: its example is rewritten as it says, and its tables name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from connector.cli import app
from connector.migration.camel_keys import KEYS
from connector.plugins import PluginKind, find
from connector.sinks.s3.confluent import ConfluentOptions, ConfluentS3Config

PAGE = (Path(__file__).parents[2] / "docs" / "migrate.md").read_text()
(EXAMPLE,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(LINES,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_runs_as_it_is_and_rewritten(tmp_path: Path) -> None:
    assert ConfluentS3Config(json.loads(EXAMPLE)).problems() == []
    (tmp_path / "confluent.json").write_text(EXAMPLE)
    result = CliRunner().invoke(app, ["migrate", str(tmp_path / "confluent.json")])
    assert result.exit_code == 0
    assert result.stderr == LINES
    (tmp_path / "orders.json").write_text(result.stdout)
    for name in ("confluent.json", "orders.json"):
        checked = CliRunner().invoke(app, ["validate", str(tmp_path / name)])
        assert checked.exit_code == 0
        assert "warning" not in checked.stderr


def test_every_key_is_in_a_table() -> None:
    for name in ConfluentOptions.options():
        assert f"\n| `{name}` |" in PAGE
    for keys in KEYS.values():
        assert all(f"\n| `{key.name}` |" in PAGE for key in keys)


def test_what_keys_become_are_options_of_the_sinks() -> None:
    s3 = ConfluentS3Config.options()
    for option in ConfluentOptions.options().values():
        assert set(option.becomes) <= s3.keys(), option.name  # type: ignore[attr-defined]
    for service, keys in KEYS.items():
        known = find(PluginKind.SINK, service, "connector.class").config_class.options()
        for key in keys:
            assert set(key.becomes) <= known.keys(), (service, key.name)
