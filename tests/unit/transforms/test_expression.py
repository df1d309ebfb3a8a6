"""What the expression transform keeps and makes, and what bounds it."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import ConfigError
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition

ORDERS = TopicPartition("orders", 3)
VALUES: list[Any] = [
    {"id": 1, "total": 5, "lines": [{"sku": "a", "n": 2}, {"sku": "b", "n": 0}]},
    {"id": 2, "total": 50, "lines": []},
    None,
]


def expression(**options: str) -> Any:
    found = find(PluginKind.TRANSFORM, "Expression", "type")
    return found(found.config_class.parse(options))


def batch() -> RecordBatch:
    return RecordBatch.of(
        ORDERS, [Record(10 + n, f"k{n}", value, 1000 + n, [("h", n)]) for n, value in enumerate(VALUES)]
    )


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("value.total > `10`", [11]),
        ("value.lines", [10]),
        ("value", [10, 11]),
        ("!value", [12]),
        ("offset", [10, 11, 12]),
        ("headers.h == `1` || key == 'k2'", [11, 12]),
        ("topic == 'orders' && partition == `3` && timestamp >= `1001`", [11, 12]),
        ("value.lines[?n > `1`]", [10]),
        ("`0`", [10, 11, 12]),
        ("nothing", []),
        ("contains(keys(@), 'topic') && starts_with(@.key, 'k1')", [11]),
    ],
)
def test_records_stay_that_the_filter_is_true_for(text: str, offsets: list[int]) -> None:
    after = expression(filter=text).apply(batch())
    assert (list(after.offsets), after.next_offset) == (offsets, 13)


def test_values_and_keys_are_made_of_the_whole_record_as_it_was() -> None:
    made = expression(
        filter="value", value="{id: value.id, skus: value.lines[].sku, at: topic}", key="value.id"
    )
    after = made.apply(batch())
    assert list(after.values) == [
        {"id": 1, "skus": ["a", "b"], "at": "orders"},
        {"id": 2, "skus": [], "at": "orders"},
    ]
    assert list(after.keys) == [1, 2]
    assert list(after.headers) == [[("h", 0)], [("h", 1)]]


def test_only_columns_are_asked_for_that_an_expression_names() -> None:
    assert set(expression(filter="topic == 'a'").columns) == set()
    assert set(expression(filter="value.a && headers.b").columns) == {"values", "headers"}
    assert set(expression(key="'k'").columns) == {"keys"}
    assert set(expression(filter="@").columns) == {"keys", "values", "headers", "timestamps"}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "gives nothing to do"),
        ({"filter": "a b"}, "is no JMESPath expression"),
        ({"value": "x" * 5000}, "longer than 4096 characters"),
        ({"value": "|".join(["[@,@]"] * 40)}, "may make too much of a record"),
        ({"filter": "|".join(["[@,@][]"] * 40)}, "may make too much of a record"),
    ],
)
def test_a_faulty_expression_is_refused_before_the_start(options: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        expression(**options)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"filter": "starts_with(value, 'a')"}, "does not fit the record"),
        ({"value": "|".join(["[@,@]"] * 13)}, "more than 100000 values"),
    ],
)
def test_a_record_that_does_not_fit_is_a_fault_of_that_record(options: dict[str, str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        expression(**options).apply(batch())
