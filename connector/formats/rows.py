"""What formats with a schema share: rows of one schema out of batches, remembering what a partition had.

A row has the configured fields in their order; without the envelope a struct is a row itself. A change of
schema ends a piece, and the writer begins another object.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.column import JsonColumn, nulls, schemas_of
from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError
from connector.formats.base import Encoder, Piece
from connector.formats.inference import Drift, Runs, inferred_runs, pruned
from connector.schema import OPTIONAL_BYTES, OPTIONAL_STRING, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connector.formats.fields import OutputFields
    from connector.record import Headers, RecordBatch

_LONG = Schema(Type.INT64)
_NULL_ROW = (
    "its value is null, and without the envelope a row cannot be null: set behavior.on.null.values to ignore,"
    " or format.output.envelope to true."
)
NOTHING = Schema(Type.STRUCT, optional=True, doc="null")
"""Stands for the type of a field that has only ever been null."""


REFUSALS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, NotImplementedError)
"""What libraries raise where a value does not fit a schema."""


class Row(NamedTuple):
    """What rows of a piece have in common.

    Attributes:
        schema: A struct.
        is_bare: A row is its record's only field; else it has a field for each.
    """

    schema: Schema
    is_bare: bool


class RowEncoder(Encoder):
    """Encodes runs of rows; subclasses say what a run becomes."""

    def __init__(self, fields: OutputFields, row_name: str, origin: str) -> None:
        """Args: ``row_name`` is the full name of a row's record type, ``origin`` the format's, for errors."""
        self._fields = fields
        self._row_name = row_name if fields.row_name is None else fields.row_name
        self._origin = origin
        self._known: dict[str, Schema | None] = {}
        self._declared: dict[str, Schema] = {}

    @abstractmethod
    def _encode_rows(self, batch: RecordBatch, row: Row) -> Any:
        """The data of records that have one schema.

        Raises:
            One of ``REFUSALS``: Some record does not fit it; single ones are tried then.
        """

    @abstractmethod
    def _split(self, data: Any, parts: Sequence[Sequence[int]]) -> Iterable[Any]:
        """The data of the rows at these positions, for each part; each row is in one of them."""

    def encode_parts(self, batch: RecordBatch, parts: Sequence[RecordBatch]) -> list[list[Piece]]:
        """Encode the batch once and deal out its rows: what a call costs is more than what a few rows do."""
        if len(parts) <= 1:
            return super().encode_parts(batch, parts)
        part_of = {offset: number for number, part in enumerate(parts) for offset in part.offsets}
        if len(part_of) < len(batch):
            batch = batch.select([at for at, offset in enumerate(batch.offsets) if offset in part_of])
        before = dict(self._known), dict(self._declared)
        pieces = self.encode(batch)
        if len(pieces) > len(parts):
            # Parts differ in their schemas, and the records of each would be torn apart with the others'.
            self._known, self._declared = before
            return super().encode_parts(batch, parts)
        dealt: list[list[Piece]] = [[] for _ in parts]
        for piece in pieces:
            positions: dict[int, list[int]] = defaultdict(list)
            for position, offset in enumerate(piece.records.offsets):
                positions[part_of[offset]].append(position)
            split = self._split(piece.data, list(positions.values()))
            for (number, mine), data in zip(positions.items(), split, strict=True):
                part = parts[number]
                records = part if len(mine) == len(part) else piece.records.select(mine)
                dealt[number].append(Piece(data, records))
        return dealt

    def encode(self, batch: RecordBatch) -> list[Piece]:
        failed: dict[int, Exception] = {}
        columns = {name: self._runs(name, batch, failed) for name in self._fields.names}
        pieces: list[Piece] = []
        for start, end, schemas in _spans(columns, len(batch)):
            part = batch if end - start == len(batch) else _slice(batch, start, end)
            self._check_rows(part, schemas, failed)
            if not failed:
                pieces += self._pieces(part, self._row(schemas), failed)
        if failed:
            raise BatchError(batch.topic_partition, {at: self._error(failed[at]) for at in sorted(failed)})
        return pieces

    def _pieces(self, part: RecordBatch, row: Row, failed: dict[int, Exception]) -> Iterator[Piece]:
        try:
            yield Piece(self._encode_rows(part, row), part)
        except REFUSALS as error:
            found = dict(self._culprits(part, row))
            if not found:
                raise AssertionError(f"{self._origin} fails on a batch, but on no record of it") from error
            failed.update(found)

    def _culprits(self, part: RecordBatch, row: Row) -> Iterator[tuple[int, Exception]]:
        for position, offset in enumerate(part.offsets):
            try:
                self._encode_rows(part.select([position]), row)
            except REFUSALS as error:
                yield offset, error

    def _error(self, error: Exception) -> RecordError:
        record_error = RecordError(
            f"The record does not fit its schema: {error}",
            stage="TASK_PUT",
            origin=self._origin,
            code=ErrorCode.RECORD_UNFIT,
        )
        record_error.__cause__ = error
        return record_error

    # ---- schemas ----

    def _runs(
        self, name: str, batch: RecordBatch, failed: dict[int, Exception]
    ) -> list[tuple[int, int, Schema | None]]:
        match name:
            case "offset":
                return [(0, len(batch), _LONG)]
            case "timestamp":
                is_dated = None not in batch.timestamps and "timestamp" not in self._declared
                if not is_dated:
                    self._declared["timestamp"] = _LONG.as_optional()
                return [(0, len(batch), _LONG.as_optional(optional=not is_dated))]
            case "headers":
                return [(0, len(batch), self._header_schema(batch, failed))]
        column = batch.keys if name == "key" else batch.values
        schemas = schemas_of(column)
        if schemas is None:
            return self._inferred(name, column, batch.offsets, failed)
        return [
            run if run[2] is not None else _schemaless_run(column, batch.offsets, run, failed)
            for run in self._declared_runs(name, column, schemas.runs(len(column)))
        ]

    def _declared_runs(
        self, name: str, column: Sequence[Any], runs: Iterator[tuple[int, int, Schema | None]]
    ) -> list[tuple[int, int, Schema | None]]:
        """Nulls without a schema go with their neighbours, whose schema becomes optional for good."""
        is_null = nulls(column)
        result: list[tuple[int, int, Schema | None]] = []
        for start, end, found in runs:
            known = self._declared.get(name) if all(is_null[start:end]) else None
            schema = self._declare(name, found or known, is_null=any(is_null[start:end]))
            if result and _bare(result[-1][2]) == _bare(schema):
                result[-1] = (result[-1][0], end, schema)
            elif result and result[-1][2] is None and all(is_null[: result[-1][1]]):
                schema = self._declare(name, schema, is_null=True)
                result[-1] = (result[-1][0], end, schema)
            else:
                result.append((start, end, schema))
        return result

    def _declare(self, name: str, schema: Schema | None, *, is_null: bool) -> Schema | None:
        if schema is None:
            return None
        known = self._declared.get(name)
        if known is not None and known.optional and _bare(known) == _bare(schema):
            return known
        self._declared[name] = schema.as_optional(optional=schema.optional or is_null)
        return self._declared[name]

    def _inferred(
        self, name: str, column: Sequence[Any], offsets: Sequence[int], failed: dict[int, Exception]
    ) -> list[tuple[int, int, Schema | None]]:
        known = self._known.get(name)
        found = self._infer(column, known)
        failed.update({offsets[position]: error for position, error in found.failed.items()})
        self._known[name] = found.last
        if found.last is None and not isinstance(column, JsonColumn):
            # What ByteArrayConverter leaves has a type even if it is null.
            return [(0, len(column), OPTIONAL_BYTES)]
        return [(start, end, pruned(schema)) for start, end, schema in found.runs]

    def _infer(self, column: Sequence[Any], known: Schema | None) -> Runs:
        return inferred_runs(column, known, Drift(self._fields.drift))

    def _header_schema(self, batch: RecordBatch, failed: dict[int, Exception]) -> Schema | None:
        """A map of the type that header values have; what was seen once stays."""
        known = self._known.get("headers")
        for offset, headers in zip(batch.offsets, batch.headers, strict=True):
            if not headers:
                continue
            found = inferred_runs([value for _, value in headers], known, Drift.WIDEN)
            if found.failed:
                failed[offset] = next(iter(found.failed.values()))
            known = found.last or OPTIONAL_BYTES
        self._known["headers"] = known
        if known is None:
            return None
        return Schema(Type.MAP, keys=Schema(Type.STRING), values=pruned(known) or OPTIONAL_STRING)

    def _is_bare(self, schemas: Mapping[str, Schema | None]) -> bool:
        """Whether the only field is the row."""
        (only, *others) = schemas.values()
        return not self._fields.envelope and not others and only is not None and only.type is Type.STRUCT

    def _row(self, schemas: Mapping[str, Schema | None]) -> Row:
        if self._is_bare(schemas):
            (struct,) = schemas.values()
            assert struct is not None  # noqa: S101 - just asked
            name = struct.name or self._row_name or None
            return Row(replace(struct, name=name, optional=False), is_bare=True)
        fields = tuple(Field(name, schema or NOTHING) for name, schema in schemas.items())
        return Row(Schema(Type.STRUCT, name=self._row_name or None, fields=fields), is_bare=False)

    def _check_rows(
        self, part: RecordBatch, schemas: Mapping[str, Schema | None], failed: dict[int, Exception]
    ) -> None:
        if self._fields.envelope or not self._is_bare(schemas):
            return
        column = part.keys if "key" in schemas else part.values
        for offset, is_null in zip(part.offsets, nulls(column), strict=True):
            if is_null:
                failed[offset] = ValueError(_NULL_ROW)


def _schemaless_run(
    column: Sequence[Any],
    offsets: Sequence[int],
    run: tuple[int, int, Schema | None],
    failed: dict[int, Exception],
) -> tuple[int, int, Schema | None]:
    """Values without a schema between others that have one: their types are found out for this run alone."""
    start, end, _ = run
    found = inferred_runs(column[start:end], None, Drift.WIDEN)
    failed.update({offsets[start + at]: error for at, error in found.failed.items()})
    return start, end, pruned(found.last)


def _bare(schema: Schema | None) -> Schema | None:
    return schema and schema.as_optional()


def _spans(
    columns: Mapping[str, list[tuple[int, int, Schema | None]]], count: int
) -> Iterator[tuple[int, int, dict[str, Schema | None]]]:
    """Runs in which no column changes its schema."""
    starts = sorted({start for runs in columns.values() for start, _, _ in runs})
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        yield (
            start,
            end,
            {
                name: next(schema for first, last, schema in runs if first <= start < last)
                for name, runs in columns.items()
            },
        )


def _slice(batch: RecordBatch, start: int, end: int) -> RecordBatch:
    part = batch.select(range(start, end))
    if end < len(batch):
        part.next_offset = batch.offsets[end]
    return part


def header_map(headers: Headers | None) -> dict[str, Any]:
    """Headers as a map: of equal names the last one stays."""
    return dict(headers or ())
