"""The page about distributed mode says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from connector.cluster.config_records import connection_entry, task_restart_entry
from connector.cluster.membership import worker_group
from connector.cluster.settings import DistributedSettings
from connector.cluster.status_records import Owner, leaving_entry, placement_entry
from connector.config.connector import ConnectorConfig

PAGE = (Path(__file__).parents[2] / "docs" / "distributed.md").read_text()


def test_the_file_of_the_page_is_understood(tmp_path: Path) -> None:
    (text,) = re.findall(r"```properties\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "worker.properties"
    path.write_text(text)
    settings = DistributedSettings.load(path, {})
    assert (settings.unknown, settings.ignored, settings.worker_id) == ({}, {}, "worker-1:8083")


def test_every_option_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(task\.restart\.[a-z.]+?)(?:=\w+)?`", PAGE))
    assert named == {name for name in ConnectorConfig.options() if name.startswith("task.restart.")}


def test_keys_and_groups_that_the_page_names_are_those_that_are_used() -> None:
    keys = [
        connection_entry("x", b"").key,
        placement_entry("x", None).key,
        leaving_entry(Owner("x", "h")).key,
        task_restart_entry("x", 0).key.removesuffix("-0"),
    ]
    assert all(f"`{key.removesuffix('x')}…`" in PAGE for key in keys)
    assert f"`{worker_group('GROUP_ID')}`" in PAGE
