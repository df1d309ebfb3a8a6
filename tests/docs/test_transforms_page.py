"""The examples of docs/transforms.md work as they are written, and no transform is missing there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector import plugins
from connector.column import JsonColumn
from connector.plugins import PluginKind
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.blueprint import draw
from connector.settings import WorkerSettings

PAGE = (Path(__file__).parents[2] / "docs" / "transforms.md").read_text()
SETTINGS = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
BASE = {"name": "c", "connector.class": "s3", "topics": "orders", "aws.s3.bucket.name": "orders"}
EXAMPLES = re.findall(r"^### (\w+)\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


def config_of(text: str) -> dict[str, str]:
    (block,) = BLOCK.findall(text)
    options = json.loads(block)
    own = {key: value for key, value in options.items() if key.startswith("predicates.")}
    if own:
        own["predicates"] = options["predicate"]
    steps = {f"transforms.x.{key}": value for key, value in options.items() if key not in own}
    return {**BASE, **own, **steps, "transforms": "x"}


def test_the_first_example_is_a_legal_part_of_a_connector() -> None:
    first = BLOCK.search(PAGE)
    assert first
    blueprint = draw({**BASE, **json.loads(first[1])}, SETTINGS)
    assert (len(blueprint.make_steps()), blueprint.unknown) == (2, {})


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_does_what_the_page_says(name: str, text: str) -> None:
    blueprint = draw(config_of(text), SETTINGS)
    (step,) = blueprint.make_steps()
    assert simple(type(step._transform).__name__) == name
    said = re.search(r"^`(.*)` becomes `(.*)`$", text, re.MULTILINE)
    if said:
        batch = RecordBatch.of(TopicPartition("orders", 0), [Record(42, None, None, 0, [])])
        after = step.apply(batch.with_columns(values=JsonColumn([said[1].encode()])))
        found: Any = after.values[0]
        assert found == json.loads(said[2])


def test_every_transform_and_predicate_is_on_the_page() -> None:
    known = {name.rpartition(":")[2] for name in plugins.names(PluginKind.TRANSFORM).values()}
    assert set(map(simple, known)) == {name for name, _ in EXAMPLES}


def simple(name: str) -> str:
    """Without what says whether it is keys or values."""
    return name if name in {"ValueToKey", "KeyToValue"} else re.sub(r"(Key|Value)$", "", name)
