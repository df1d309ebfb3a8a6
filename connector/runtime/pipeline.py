"""From the bytes of Kafka to what the sink is given: converters, then transforms, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector import tracing
from connector.column import SchemaColumn, schemas_of
from connector.errors import RecordError
from connector.plugins import class_name
from connector.record import RecordBatch
from connector.runtime.errant import without
from connector.schema import Schemas

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.converters.base import Converter
    from connector.schema import Schema
    from connector.transforms.base import Predicate, Transform


class Applied(NamedTuple):
    """What became of a batch.

    Attributes:
        batches: What to put, in this order: one batch, or several where records got different topics.
        failed: The records that are in none of them since they can never succeed, by offset.
    """

    batches: list[RecordBatch]
    failed: Mapping[int, RecordError]


class Pipeline:
    """Key converter, value converter, header converter, then each transform, as Connect orders them."""

    def __init__(
        self,
        key: Converter,
        value: Converter,
        header: Converter,
        transforms: Sequence[Step],
    ) -> None:
        self._stages = [
            (name, stage, converter)
            for name, stage, converter in (
                ("keys", "KEY_CONVERTER", key),
                ("values", "VALUE_CONVERTER", value),
            )
            if not converter.is_identity
        ]
        self._before = {
            name: before for name, _, converter in self._stages if (before := converter.header_before(name))
        }
        self._header = header
        self._steps = transforms
        self._looked_at = frozenset(name for step in transforms for name in step.columns)
        self._schemas = {
            name: converter.schema
            for name, converter in (("keys", key), ("values", value))
            if converter.schema and name in self._looked_at
        }

    def is_identity(self, columns: Collection[str]) -> bool:
        """Batches with these columns pass untouched, so there is nothing to run in a thread."""
        return not self._steps and self.only_renames(columns)

    def only_renames(self, columns: Collection[str]) -> bool:
        """Batches with these columns get other names at most: sooner done than handed to a thread."""
        headers_stay = self._header.is_identity or "headers" not in {*columns, *self.columns}
        return not self._stages and headers_stay and all(step.only_renames for step in self._steps)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that conversion and transforms look at."""
        converted = {*self._looked_at, *(name for name, _, _ in self._stages)}
        asks = self._before or not self._header.never_fails
        return frozenset({*converted, "headers"} if asks else converted)

    def apply(self, batch: RecordBatch) -> Applied:
        """Convert and transform; CPU work, for a thread.

        Raises:
            RetriableError: What a converter needs cannot be had now; nothing has become of the batch.
        """
        failed: dict[int, RecordError] = {}
        for column, stage, converter in self._stages:
            if column in self._before:
                batch = _with_header_before(batch, column, self._before[column])
            batch = self._convert(batch, column, stage, converter, failed)
        if not self._header.is_identity and batch.has("headers"):
            batch = self._convert_headers(batch, failed)
        for name, schema in self._schemas.items():
            batch = batch.with_columns(**{name: _with_schema(getattr(batch, name), schema)})
        if self._steps:
            with tracing.span("transform"):
                for step in self._steps:
                    batch = self._transform(batch, step, failed)
        return Applied(batch.by_topic(), failed)

    def _transform(self, batch: RecordBatch, step: Step, failed: dict[int, RecordError]) -> RecordBatch:
        try:
            return step.apply(batch)
        except ValueError:
            return step.apply(_left_out(batch, _transform_errors(batch, step), failed))

    def _convert(
        self,
        batch: RecordBatch,
        column: str,
        stage: str,
        converter: Converter,
        failed: dict[int, RecordError],
    ) -> RecordBatch:
        raw: list[Any] = getattr(batch, column)
        try:
            return batch.with_columns(**{column: converter.convert_column(raw)})
        except ValueError:
            # The column does not say which record it was; only now is each one looked at alone.
            batch = _left_out(batch, _culprits(batch, raw, stage, converter), failed)
            return batch.with_columns(**{column: converter.convert_column(getattr(batch, column))})

    def _convert_headers(self, batch: RecordBatch, failed: dict[int, RecordError]) -> RecordBatch:
        culprits: dict[int, RecordError] = {}
        converted: list[Any] = []
        for offset, headers in zip(batch.offsets, batch.headers, strict=True):
            if not headers:
                converted.append([])
                continue
            try:
                converted.append([(name, self._header.convert(value)) for name, value in headers])
            except ValueError as error:
                culprits[offset] = _record_error(error, "HEADER_CONVERTER", class_name(type(self._header)))
                converted.append(None)
        batch = batch.with_columns(headers=converted)
        return _left_out(batch, culprits, failed) if culprits else batch


class Step:
    """One transform with its predicate: records that the predicate does not name pass as they are."""

    def __init__(self, transform: Transform, predicate: Predicate | None, *, negate: bool) -> None:
        self._transform = transform
        self._predicate = predicate
        self._negate = negate

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that it looks at."""
        asked = self._predicate.columns if self._predicate else ()
        return frozenset({*self._transform.columns, *asked})

    @property
    def only_renames(self) -> bool:
        """It costs the same for any number of records."""
        return self._predicate is None and self._transform.only_renames

    @property
    def origin(self) -> str:
        """The class that a failure is put down to."""
        return class_name(type(self._transform))

    def topics(self, topics: Sequence[str]) -> Sequence[str] | None:
        """The names that records of these topics will go by, if it can be told without the records."""
        names = self._transform.topics(topics)
        return names if self._predicate is None or names == topics else None

    def apply(self, batch: RecordBatch) -> RecordBatch:
        """Raises ValueError if some record is not what the transform takes."""
        if not len(batch):
            return batch
        if self._predicate is None:
            return self._transform.apply(batch)
        applies = [answer is not self._negate for answer in self._predicate.test(batch)]
        if all(applies):
            return self._transform.apply(batch)
        if not any(applies):
            return batch
        return _merge(batch, applies, self._transform)


def _merge(batch: RecordBatch, applies: list[bool], transform: Transform) -> RecordBatch:
    """Transform some records and put them back between the others, in offset order."""
    changed = transform.apply(batch.select([index for index, answer in enumerate(applies) if answer]))
    passed = batch.select([index for index, answer in enumerate(applies) if not answer])
    return RecordBatch.interleaved(changed, passed)


def _with_header_before(batch: RecordBatch, column: str, name: str) -> RecordBatch:
    """Keys or values behind the bytes of their header; the last of several counts, as in Java."""
    given: Sequence[bytes | None] = getattr(batch, column)
    joined = []
    for data, headers in zip(given, batch.headers, strict=True):
        found = dict(headers).get(name) if headers else None
        joined.append(found + data if found and data is not None else data)
    return batch.with_columns(**{column: joined})


def _with_schema(column: Sequence[Any], schema: Schema) -> Sequence[Any]:
    return column if schemas_of(column) else SchemaColumn(column, Schemas([schema]))


def _transform_errors(batch: RecordBatch, step: Step) -> dict[int, RecordError]:
    if failed := _errors(batch, step):
        return failed
    raise AssertionError(f"{step.origin} fails on a batch, but on no part of it")


def _errors(batch: RecordBatch, step: Step) -> dict[int, RecordError]:
    """The records that a step fails on, found by halves: most batches have none, most others one."""
    try:
        step.apply(batch)
    except ValueError as error:
        if len(batch) == 1:
            return {batch.offsets[0]: _record_error(error, "TRANSFORMATION", step.origin)}
        middle = len(batch) // 2
        halves = batch.select(range(middle)), batch.select(range(middle, len(batch)))
        return {**_errors(halves[0], step), **_errors(halves[1], step)}
    return {}


def _culprits(
    batch: RecordBatch, column: list[Any], stage: str, converter: Converter
) -> dict[int, RecordError]:
    failed: dict[int, RecordError] = {}
    for offset, data in zip(batch.offsets, column, strict=True):
        try:
            converter.convert(data)
        except ValueError as error:
            failed[offset] = _record_error(error, stage, class_name(type(converter)))
    if not failed:
        raise AssertionError(f"{type(converter).__name__} fails on a column, but on no value of it")
    return failed


def _left_out(
    batch: RecordBatch, culprits: Mapping[int, RecordError], failed: dict[int, RecordError]
) -> RecordBatch:
    failed.update(culprits)
    return without(batch, culprits)


def _record_error(error: ValueError, stage: str, origin: str) -> RecordError:
    record_error = RecordError(str(error), stage=stage, origin=origin)
    record_error.__cause__ = error
    return record_error
