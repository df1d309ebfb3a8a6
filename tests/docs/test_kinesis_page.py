"""What the page of the Kinesis sink says holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

from connector.config.connector import ConnectorConfig
from connector.sinks.kinesis import KinesisConfig

PAGE = (Path(__file__).parents[2] / "docs" / "kinesis-sink.md").read_text()


def test_the_connector_of_the_page_has_only_options_that_exist() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    raw = json.loads(text)
    assert set(raw) <= {*ConnectorConfig.options(), *KinesisConfig.options()}
    assert KinesisConfig.parse(raw).region == "eu-north-1"


def test_every_option_that_the_page_names_exists_and_takes_the_value_it_shows() -> None:
    prose, _, _ = PAGE.partition("## Options")
    known = {**ConnectorConfig.options(), **KinesisConfig.options()}
    named = re.findall(r"`((?:aws|behavior|delivery|message|oversize|task)\.[a-z0-9.]+)(?:=([^`]+))?`", prose)
    assert len(named) > 30
    for name, value in named:
        assert name in known, name
        if value:
            known[name].parse(value)
