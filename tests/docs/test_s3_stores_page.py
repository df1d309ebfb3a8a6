"""The page about S3-compatible stores: its configs are taken, its facts are those that are tested."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector.sinks.s3.config import S3Config
from connector.testing.contract.s3_answers import S3AnswersContract

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "s3-stores.md").read_text()
CONFIGS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", CONFIGS)
def test_configs_are_taken(text: str) -> None:
    keys = {"aws.access.key.id": "id", "aws.secret.access.key": "secret", "aws.s3.bucket.name": "orders"}
    config = S3Config.parse({**json.loads(text), **keys})
    assert config.addressing_style == "path"


def test_there_are_as_many_facts_as_it_says() -> None:
    facts = [name for name in vars(S3AnswersContract) if name.startswith("test_")]
    assert f"as {len(facts)} tests" in re.sub(r"\s+", " ", PAGE)
    assert f"12 of {len(facts)}" in PAGE


def test_the_version_it_names_is_the_one_that_is_built() -> None:
    (version,) = re.findall(r"versitygw@v(\S+)", (ROOT / "Makefile").read_text())
    assert f"versitygw {version}" in PAGE


def test_what_is_run_to_try_a_store_is_there() -> None:
    paths = re.findall(r"tests/\S+\.py", PAGE)
    assert len(paths) == 2
    assert all((ROOT / path).exists() for path in paths)
