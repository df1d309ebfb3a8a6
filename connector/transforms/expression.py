"""Our own Expression: keeps records that a JMESPath expression is true for, makes new values and keys.

Expressions see a whole record: ``key``, ``value``, ``headers``, ``topic``, ``partition``, ``offset`` and
``timestamp``. They have no loops and no calls to the outside, and what they make has a bound.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import jmespath
from jmespath.exceptions import JMESPathError

from connector.config.option import STRING, Importance, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from jmespath.parser import ParsedResult

    from connector.record import RecordBatch

_MOST_CHARACTERS = 4096
_MOST_PARTS = 100_000
"""Values within a value: an expression can double what it has with every few characters."""
_MOST_GROWTH = 10_000
"""How often an expression may repeat what it is given."""
_COLUMNS = {"key": "keys", "value": "values", "headers": "headers", "timestamp": "timestamps"}
_PLACES = ("topic", "partition", "offset")
_BESIDE = frozenset({"multi_select_list", "multi_select_dict", "function_expression"})
_WHOLE = frozenset({"current", "identity", "value_projection", "function_expression"})
"""Nodes that may mean all of the record."""


def _jmespath(text: str) -> None:
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"is longer than {_MOST_CHARACTERS} characters")
    try:
        growth = _growth(jmespath.compile(text).parsed)
    except JMESPathError as error:
        raise ValueError(f"is no JMESPath expression: {error}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if growth > _MOST_GROWTH:
        raise ValueError("may make too much of a record: [@,@] in a row doubles what there is each time")


class ExpressionConfig(Config):
    condition = optional(
        "filter",
        STRING,
        "Records stay for which this is true; false, null and what is empty is not.",
        validate=_jmespath,
        group="Transform",
    )
    new_value = optional(
        "value",
        STRING,
        "What takes the place of the value, without a schema; null makes a tombstone.",
        validate=_jmespath,
        group="Transform",
    )
    new_key = optional(
        "key",
        STRING,
        "What takes the place of the key, without a schema.",
        validate=_jmespath,
        importance=Importance.LOW,
        group="Transform",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.condition is None and self.new_value is None and self.new_key is None:
            yield Problem("filter", "gives nothing to do: give at least one of filter, value and key")


class Expression(Transform):
    """Whatever does not depend on the record's columns, such as its topic, is not read for it."""

    config_class: ClassVar[type[Config]] = ExpressionConfig

    def __init__(self, config: ExpressionConfig) -> None:
        super().__init__(config)
        self._filter = _compiled(config.condition)
        made = (("keys", config.new_key), ("values", config.new_value))
        self._made = {column: found for column, text in made if (found := _compiled(text))}
        looked_at = [*self._made.values(), *([self._filter] if self._filter else [])]
        self._names = {name for found in looked_at for name in _names(found)}

    @property
    def columns(self) -> Collection[str]:  # type: ignore[override] # it depends on the expressions
        return {*self._made, *(_COLUMNS[name] for name in self._names if name in _COLUMNS)}

    def apply(self, batch: RecordBatch) -> RecordBatch:
        scopes = self._scopes(batch)
        if self._filter:
            kept = [index for index, scope in enumerate(scopes) if _is_true(_found(self._filter, scope))]
            if len(kept) < len(scopes):
                batch, scopes = batch.select(kept), [scopes[index] for index in kept]
        made = {
            column: [_bounded(_found(expression, scope)) for scope in scopes]
            for column, expression in self._made.items()
        }
        return batch.with_columns(**made) if made else batch

    def _scopes(self, batch: RecordBatch) -> list[dict[str, Any]]:
        count = len(batch)
        columns: dict[str, Sequence[Any]] = {}
        readers: dict[str, Callable[[], Sequence[Any]]] = {
            "key": lambda: batch.keys,
            "value": lambda: batch.values,
            "headers": lambda: [dict(headers or ()) for headers in batch.headers],
            "timestamp": lambda: batch.timestamps,
            "topic": lambda: batch.topics,
            "partition": lambda: [batch.topic_partition.partition] * count,
            "offset": lambda: batch.offsets,
        }
        for name in self._names:
            columns[name] = readers[name]()
        if not columns:
            return [{} for _ in range(count)]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _compiled(text: str | None) -> ParsedResult | None:
    return None if text is None else jmespath.compile(text)


def _growth(node: dict[str, Any]) -> int:
    """How often the result may hold what the node is given, at most; lists in it count once."""
    inner = [_growth(child) for child in node.get("children", ()) if isinstance(child, dict)]
    if node["type"] in _BESIDE:
        return max(1, sum(inner))
    return prod(inner)


def _names(expression: ParsedResult) -> set[str]:
    """What of a record it may look at: too much rather than too little."""
    known = {*_COLUMNS, *_PLACES}
    found: set[str] = set()
    nodes = [expression.parsed]
    while nodes:
        node = nodes.pop()
        if node["type"] in _WHOLE:
            return known
        if node["type"] == "field" and node["value"] in known:
            found.add(node["value"])
        nodes += [child for child in node.get("children", ()) if isinstance(child, dict)]
    return found


def _found(expression: ParsedResult, scope: dict[str, Any]) -> Any:
    try:
        return expression.search(scope)
    except RecursionError:
        raise ValueError("the record is nested too deeply for the expression") from None
    except JMESPathError as error:
        raise ValueError(f"the expression does not fit the record: {error}") from error
    except (TypeError, ArithmeticError) as error:
        raise ValueError(f"the expression does not fit the record ({type(error).__name__})") from error


def _is_true(found: Any) -> bool:
    # JMESPath specification, "Or Expressions": 0 is true, what is empty is not.
    return found is not None and found is not False and found not in ("", [], {})


def _bounded(found: Any) -> Any:
    left, waiting = _MOST_PARTS, [found]
    while waiting:
        one = waiting.pop()
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        left -= len(inner)
        if left < 0:
            raise ValueError(f"the expression makes more than {_MOST_PARTS} values of one record")
        waiting += inner
    return found
