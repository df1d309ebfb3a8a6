from __future__ import annotations

from typing import Any

import pytest

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.messaging.expression import Expression

WHERE = TopicPartition("orders", 3)


def batch(*values: Any, key: Any = b"k", headers: list[tuple[str, Any]] | None = None) -> RecordBatch:
    return RecordBatch.of(
        WHERE, [Record(7 + index, key, value, 1000 + index, headers) for index, value in enumerate(values)]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("constant", ["constant", "constant"]),
        ("{{topic}}", ["orders", "orders"]),
        ("{{ topic }}-{{partition}}-{{offset}}", ["orders-3-7", "orders-3-8"]),
        ("{{timestamp}}", ["1000", "1001"]),
        ("{{key}}", ["k", "k"]),
        ("{{value}}!", ['{"a":{"b":1}}!', '{"a":{"b":"x"}}!']),
        ("{{value:a.b}}", ["1", "x"]),
        ("{{value:a}}", ['{"b":1}', '{"b":"x"}']),
        ("{{header:tenant}}", ["last", "last"]),
        ("{not a variable}", ["{not a variable}", "{not a variable}"]),
    ],
)
def test_a_record_becomes_text(text: str, expected: list[str]) -> None:
    records = batch(
        b'{"a":{"b":1}}', b'{"a":{"b":"x"}}', headers=[("tenant", b"first"), ("tenant", b"last"), ("o", b"")]
    )
    assert Expression(text).render(records) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{value.id}}",
        "{{header:id}",
        "a-{{key",
        "{{topic:}}",
        "{{value: }}",
        "{{}}",
        "{{header:a{b}}}",
        "key}}",
    ],
)
def test_what_was_meant_as_a_variable_is_never_taken_for_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"holds braces, and no variable: there are \{\{topic\}\}"):
        Expression(text)


@pytest.mark.parametrize(
    "text", ["{{key}}", "a-{{key}}", "{{header:none}}", "{{value:a.none}}", "{{value:x.y}}"]
)
def test_without_a_value_there_is_no_text(text: str) -> None:
    assert Expression(text).render(batch({"a": {}}, key=None)) == [None]


def test_a_key_that_is_no_text_is_base64() -> None:
    assert Expression("{{key}}").render(batch(1, key=b"\xff\x00")) == ["/wA="]


def test_looking_at_a_field_leaves_the_text_of_the_value_as_it_was() -> None:
    column = JsonColumn([b'{"n": 1.0}'])
    records = batch(None).with_columns(values=column)
    assert Expression("{{value:n}}").render(records) == ["1.0"]
    assert column.texts == [b'{"n": 1.0}']


def test_a_value_that_is_nested_too_deeply_fails_alone() -> None:
    records = batch(b'{"a":1}', b"[" * 100_000)
    texts, faults = Expression("{{value:a}}").render_each(records)
    assert texts == ["1", None]
    assert faults == {1: "{{value:a}} cannot be made: the record is no JSON: it is nested too deeply"}


def test_a_field_of_what_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="is no JSON"):
        Expression("{{value:n}}").render(batch(b"not json"))


@pytest.mark.parametrize("text", ["{{nothing}}", "{{topic:x}}", "{{header}}", "{{offset:padding=true}}"])
def test_an_unknown_variable_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no variable"):
        Expression(text)


def test_an_expression_tells_the_columns_it_looks_at() -> None:
    assert Expression("{{topic}}/{{key}}/{{header:a}}").columns == {"keys", "headers"}
    assert Expression("{{topic}}/{{offset}}").columns == set()


def test_an_expression_of_topics_needs_no_record() -> None:
    expression = Expression("https://host/1/{{topic}}.fifo")
    assert expression.is_of_topic
    assert expression.of_topic("orders") == "https://host/1/orders.fifo"
    assert not Expression("{{key}}").is_of_topic
