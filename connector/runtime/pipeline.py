"""From the bytes of Kafka to what the sink is given: converters, then transforms, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.errors import RecordError
from connector.record import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.converters.base import Converter
    from connector.record import RecordBatch
    from connector.runtime.errant import ErrantRecords
    from connector.transforms.base import Predicate, Transform


class Pipeline:
    """Key converter, value converter, header converter, then each transform, as Connect orders them."""

    def __init__(
        self,
        key: Converter,
        value: Converter,
        header: Converter,
        transforms: Sequence[Step],
        errant: ErrantRecords,
    ) -> None:
        self._stages = [
            (name, stage, converter)
            for name, stage, converter in (
                ("keys", "KEY_CONVERTER", key),
                ("values", "VALUE_CONVERTER", value),
            )
            if not converter.is_identity
        ]
        self._header = header
        self._transforms = transforms
        self._errant = errant

    def is_identity(self, columns: Collection[str]) -> bool:
        """Batches with these columns pass untouched, so there is nothing to run in a thread."""
        headers_stay = self._header.is_identity or "headers" not in {*columns, *self.columns}
        return not self._stages and not self._transforms and headers_stay

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that conversion and transforms look at."""
        if self._transforms:
            return COLUMNS
        converted = {name for name, _, _ in self._stages}
        return frozenset(converted if self._header.never_fails else {*converted, "headers"})

    def apply(self, batch: RecordBatch) -> RecordBatch:
        """The batch to put; CPU work, for a thread.

        Raises:
            ToleranceExceededError: A record can never succeed and may not be skipped.
        """
        for column, stage, converter in self._stages:
            batch = self._convert(batch, column, stage, converter)
        if not self._header.is_identity and batch.has("headers"):
            batch = self._convert_headers(batch)
        for step in self._transforms:
            batch = step.apply(batch)
        return batch

    def _convert(self, batch: RecordBatch, column: str, stage: str, converter: Converter) -> RecordBatch:
        raw: list[Any] = getattr(batch, column)
        try:
            return batch.with_columns(**{column: converter.convert_column(raw)})
        except ValueError:
            # The column does not say which record it was; only now is each one looked at alone.
            batch = self._errant.leave_out(batch, _culprits(batch, raw, stage, converter))
            return batch.with_columns(**{column: converter.convert_column(getattr(batch, column))})

    def _convert_headers(self, batch: RecordBatch) -> RecordBatch:
        failed: dict[int, RecordError] = {}
        converted: list[Any] = []
        for offset, headers in zip(batch.offsets, batch.headers, strict=True):
            try:
                converted.append([(name, self._header.convert(value)) for name, value in headers or ()])
            except ValueError as error:
                failed[offset] = _record_error(error, "HEADER_CONVERTER", self._header)
                converted.append(None)
        batch = batch.with_columns(headers=converted)
        return self._errant.leave_out(batch, failed) if failed else batch


class Step:
    """One transform with its predicate: records that the predicate does not name pass as they are."""

    def __init__(self, transform: Transform, predicate: Predicate | None, *, negate: bool) -> None:
        self._transform = transform
        self._predicate = predicate
        self._negate = negate

    def apply(self, batch: RecordBatch) -> RecordBatch:
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
    chosen = [index for index, answer in enumerate(applies) if answer]
    transformed = transform.apply(batch.select(chosen))
    by_offset = {record.offset: record for record in transformed}
    untouched = {record.offset: record for record, answer in zip(batch, applies, strict=True) if not answer}
    records = sorted({**by_offset, **untouched}.values(), key=lambda record: record.offset)
    kept = {record.offset for record in records}
    survivors = batch.select([index for index, offset in enumerate(batch.offsets) if offset in kept])
    return survivors.with_columns(
        keys=[record.key for record in records],
        values=[record.value for record in records],
        timestamps=[record.timestamp for record in records],
        headers=[record.headers for record in records],
    )


def _culprits(
    batch: RecordBatch, column: list[Any], stage: str, converter: Converter
) -> dict[int, RecordError]:
    failed: dict[int, RecordError] = {}
    for offset, data in zip(batch.offsets, column, strict=True):
        try:
            converter.convert(data)
        except ValueError as error:
            failed[offset] = _record_error(error, stage, converter)
    if not failed:
        raise AssertionError(f"{type(converter).__name__} fails on a column, but on no value of it")
    return failed


def _record_error(error: ValueError, stage: str, converter: Converter) -> RecordError:
    record_error = RecordError(str(error), stage=stage, origin=type(converter).__name__)
    record_error.__cause__ = error
    return record_error
