"""Text made from a record: ``{{topic}}``, ``{{header:NAME}}``, ``{{value:field.path}}`` … in text.

An expression is evaluated column by column. Where one of its variables has no value in a record, the record
has no text; what that means is up to the option that holds the expression.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from connector.column import JsonColumn
from connector.sinks.variable import fields, headers, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.record import RecordBatch

    Column = Sequence[str | None]

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*(?::\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*)?\}\}")
_BRACES = ("{{", "}}")
_COLUMNS = {"key": "keys", "value": "values", "header": "headers", "timestamp": "timestamps"}
_PLAIN = frozenset({"topic", "partition", "offset", "timestamp", "key", "value"})
_WITH_NAME = frozenset({"header", "key", "value"})
_VARIABLES = (
    "there are {{topic}}, {{partition}}, {{offset}}, {{timestamp}}, {{key}}, {{value}}, {{header:NAME}},"
    " {{key:FIELD}} and {{value:FIELD}}"
)


class Expression:
    """A parsed expression.

    Attributes:
        text: As it was written.
        columns: The columns of a batch that it looks at.
    """

    def __init__(self, text: str) -> None:
        """Parse ``text``; raises ValueError for a variable that does not exist, or is not written as one."""
        self.text = text
        self.columns: set[str] = set()
        self._parts: list[str | Callable[[RecordBatch], Column]] = []
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            self._add_literal(text[end : match.start()])
            self._parts.append(self._variable(match[1], match[2]))
            end = match.end()
        self._add_literal(text[end:])
        variables = {found[1] for found in _PLACEHOLDER.finditer(text)}
        self.is_constant = not variables
        self.is_of_topic = variables <= {"topic"}
        """The same for all records of a topic."""
        self.is_of_partition = variables <= {"topic", "partition"}
        """The same for all records of a partition."""

    def render(self, batch: RecordBatch) -> Column:
        """The text of each record, or None where a variable has no value.

        Raises:
            ValueError: A field is asked for and a value is no JSON.
        """
        if self.is_constant:
            return ["".join(map(str, self._parts))] * len(batch)
        columns = [[part] * len(batch) if isinstance(part, str) else part(batch) for part in self._parts]
        if len(columns) == 1:
            return columns[0]
        return [None if None in row else "".join(row) for row in zip(*columns, strict=True)]

    def render_each(self, batch: RecordBatch) -> tuple[Column, dict[int, str]]:
        """As :meth:`render`; of records whose value is no JSON, by position, what is wrong with it."""
        try:
            return self.render(batch), {}
        except ValueError:
            found: list[str | None] = []
            faults: dict[int, str] = {}
            for index in range(len(batch)):
                try:
                    found += self.render(batch.select([index]))
                except ValueError as error:
                    found.append(None)
                    faults[index] = f"{self.text} cannot be made: the record {error}"
            return found, faults

    def of_topic(self, topic: str) -> str:
        """The text for a topic, of an expression that :attr:`is_of_topic`."""
        return _PLACEHOLDER.sub(lambda _: topic, self.text)

    def _add_literal(self, text: str) -> None:
        """Braces that are left over were meant as a variable: as text they would be the same everywhere."""
        if any(braces in text for braces in _BRACES):
            raise ValueError(f"{text.strip()!r} holds braces, and no variable: {_VARIABLES}")
        if text:
            self._parts.append(text)

    def _variable(self, name: str, argument: str | None) -> Callable[[RecordBatch], Column]:
        if name not in (_WITH_NAME if argument else _PLAIN):
            raise ValueError(
                f"{{{{{name}{':' + argument if argument else ''}}}}} is no variable: {_VARIABLES}"
            )
        if column := _COLUMNS.get(name):
            self.columns.add(column)
        if argument is None:
            return _PLAIN_READERS[name]
        if name == "header":
            return partial(_header, argument)
        return partial(_field, _COLUMNS[name], argument)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def texts(column: Sequence[Any]) -> Sequence[bytes | str | None]:
    """Values as what a message carries: bytes and text as they are, everything else as JSON."""
    if isinstance(column, JsonColumn) and column.texts is not None:
        return column.texts
    return [
        value if value is None or isinstance(value, bytes | str) else msgspec.json.encode(value)
        for value in column
    ]


def _header(name: str, batch: RecordBatch) -> Column:
    return list(map(text_of, headers(name, batch)))


def _field(column: str, path: str, batch: RecordBatch) -> Column:
    return list(map(text_of, fields(path, getattr(batch, column))))


_PLAIN_READERS: dict[str, Callable[[RecordBatch], Column]] = {
    "topic": lambda batch: [batch.topic] * len(batch),
    "partition": lambda batch: [str(batch.topic_partition.partition)] * len(batch),
    "offset": lambda batch: list(map(str, batch.offsets)),
    "timestamp": lambda batch: [None if at is None else str(at) for at in batch.timestamps],
    "key": lambda batch: list(map(text_of, batch.keys)),
    "value": lambda batch: list(map(text_of, batch.values)),
}


KEY = Expression("{{key}}")


def legal_expression(value: str) -> None:
    """A validator of options; raises ValueError."""
    Expression(value)


def legal_topic_expression(value: str) -> None:
    """A validator of options that can differ by topic only; raises ValueError."""
    if not Expression(value).is_of_topic:
        raise ValueError("may hold no variable but {{topic}}")
