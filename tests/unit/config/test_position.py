"""Keys are found in the lines in which they are given."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from connector.config.position import lines_of_keys

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.dictionaries(KEYS, st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2), max_size=6))
def test_every_key_of_any_json_object_is_in_its_line(config: dict[str, str | list[str]]) -> None:
    text = "{\n" + ",\n".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in config.items()) + "}"
    expected = {key: [line] for line, key in enumerate(config, start=2)}
    assert lines_of_keys(text) == expected


def test_values_are_no_keys_and_deeper_objects_are_no_configs() -> None:
    text = '{"a": "b:{",\n"config":\n{"c": ["d", {"e": 1}],\n"f": "\\"g\\": 1"}}'
    assert lines_of_keys(text) == {"a": [1], "config": [2], "c": [3], "f": [4]}


def test_broken_json_keeps_what_stands_before_the_fault() -> None:
    assert lines_of_keys('{"a": 1,\n"b": "c,\n"d": 1}')["a"] == [1]
