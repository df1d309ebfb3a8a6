"""Columns that know more than their values: JSON that is still text, and values that have a schema.

Decoding a small JSON object and encoding it again costs more than everything else that is done to a
record. Most pipelines do neither: the text that was produced is the text that is stored. So the JSON
converter only checks the text, and this column carries it on. Code that knows nothing about it sees a
sequence of plain Python values. A column of either kind may say which schema its values have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, overload

import msgspec

from connector.payload import is_plain, reader
from connector.schema import Schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

_decode = msgspec.json.Decoder().decode


class SchemaColumn(list[Any]):
    """Python values with their schemas."""

    __slots__ = ("schemas",)

    def __init__(self, values: Iterable[Any], schemas: Schemas) -> None:
        super().__init__(values)
        self.schemas = schemas

    def select(self, indices: Sequence[int]) -> SchemaColumn:
        return SchemaColumn([self[index] for index in indices], self.schemas.select(indices))


class JsonColumn(Sequence[Any]):
    """Valid JSON texts that decode on first access, all at once.

    Whoever has seen the decoded values may have changed them in place. So from that moment they are the
    truth and :attr:`texts` is gone: a format then encodes the values, and no change is silently lost.
    """

    __slots__ = ("_texts", "_values", "schemas")

    def __init__(self, texts: list[bytes | None], schemas: Schemas | None = None) -> None:
        """Take texts as they are.

        Args:
            texts: One JSON text per record, valid UTF-8 without line breaks; None is a null value. The
                column owns the list.
            schemas: Which schema each value has, if any; its text is then what Connect's converter prints.
        """
        self.schemas = schemas
        self._texts = texts
        self._values: list[Any] | None = None

    @property
    def texts(self) -> list[bytes | None] | None:
        """The JSON text of each record, or None once a value has been looked at."""
        return self._texts if self._values is None else None

    def nulls(self) -> list[bool]:
        """Which values are null, without looking at the others."""
        return [text is None or text.strip() == b"null" for text in self._texts]

    def select(self, indices: Sequence[int]) -> Sequence[Any]:
        """The values at these positions, still as text if nobody has looked at them."""
        if self._values is not None:
            return self.with_schemas([self._values[index] for index in indices], indices)
        schemas = self.schemas.select(indices) if self.schemas else None
        return JsonColumn([self._texts[index] for index in indices], schemas)

    def with_schemas(self, values: list[Any], indices: Sequence[int]) -> list[Any]:
        """Values of the records at these positions, with the schemas they have there."""
        return SchemaColumn(values, self.schemas.select(indices)) if self.schemas else values

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._decoded())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._decoded()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._decoded() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"JsonColumn({self._texts!r})"

    def _decoded(self) -> list[Any]:
        if self._values is None:
            values = [None if text is None else decode_json(text) for text in self._texts]
            # Kept only once all of it is read: who looks again after a fault must meet the fault again.
            self._values = _read_by_schema(values, self.schemas) if self.schemas else values
        return self._values


def _read_by_schema(values: list[Any], schemas: Schemas) -> list[Any]:
    read: list[Any] = []
    for start, end, schema in schemas.runs(len(values)):
        run = values[start:end]
        read += run if schema is None or is_plain(schema) else map(reader(schema.as_optional()), run)
    return read


def interleaved(first: Sequence[Any], second: Sequence[Any], order: Sequence[int]) -> Sequence[Any]:
    """One column out of two, with the schemas that they bring; text stays text if both are.

    Args:
        first: A column.
        second: A column whose positions go on where those of the first end.
        order: The positions that the result has, in its order.
    """
    schemas = _schemas_of_both(first, second, order)
    texts, more = (column.texts if isinstance(column, JsonColumn) else None for column in (first, second))
    if texts is not None and more is not None:
        every = [*texts, *more]
        return JsonColumn([every[position] for position in order], schemas)
    values = [*first, *second]
    chosen = [values[position] for position in order]
    return SchemaColumn(chosen, schemas) if schemas else chosen


def _schemas_of_both(first: Sequence[Any], second: Sequence[Any], order: Sequence[int]) -> Schemas | None:
    found = [
        schemas.of_each(len(column)) if (schemas := schemas_of(column)) else [None] * len(column)
        for column in (first, second)
    ]
    every = [*found[0], *found[1]]
    chosen = [every[position] for position in order]
    return Schemas(chosen) if any(chosen) else None


def schemas_of(column: Sequence[Any]) -> Schemas | None:
    """The schemas that a column brings; None if its values are schemaless."""
    return getattr(column, "schemas", None)


def decode_json(text: bytes) -> Any:
    """The value of a JSON text; integers of any size stay exact, ``1e999`` is infinity as in Java.

    Raises:
        ValueError: It is no JSON, or nested too deeply to be read.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def decode_exactly(text: bytes) -> Any:
    """As :func:`decode_json`, but fractions are decimals, with all their digits."""
    try:
        return _decode_exactly(text)
    except msgspec.ValidationError:
        return json.loads(text, parse_float=_decimal)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]} is too large for a number") from error


_decode_exactly = msgspec.json.Decoder(float_hook=_decimal).decode


def nulls(column: Sequence[Any]) -> list[bool]:
    """Which values of a column are null, without decoding any."""
    if isinstance(column, JsonColumn):
        return column.nulls()
    return [value is None for value in column]
