"""What text formats share: encode a column, collect the records that fail, weave columns into lines.

Everything here costs a fixed number of C calls per column, not Python code per record, except where a
record fails.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Any

import orjson

from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.record import RecordBatch


def base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)


def base64_lines(column: Sequence[bytes]) -> bytes:
    """The base64 of each value, joined by line breaks.

    Raises:
        TypeError: Some value is not bytes.
    """
    # The newline that b2a_base64 adds is the separator; to ask it for none takes longer than the encoding.
    return b"".join(map(b2a_base64, column))[:-1]


def base64_column(column: Sequence[bytes]) -> list[bytes]:
    """As :func:`base64_lines`, in pieces."""
    return base64_lines(column).split(b"\n")


class Encoding:
    """One pass over one batch: encodes its columns and keeps what failed until all were tried."""

    def __init__(self, batch: RecordBatch, origin: str) -> None:
        """Args: ``origin`` is the name of the format, for the error."""
        self._batch = batch
        self._origin = origin
        self._failed: dict[int, RecordError] = {}

    def column(
        self,
        values: Sequence[Any],
        encode: Callable[[Any], bytes],
        encode_all: Callable[[Any], list[bytes]] | None = None,
    ) -> list[bytes]:
        """A column, encoded; the list is shorter if records failed.

        Args:
            values: One value per record.
            encode: Encodes one value; raises TypeError or ValueError if the record has failed.
            encode_all: Encodes the column at once to the same bytes, or raises one of these errors.
        """
        try:
            return encode_all(values) if encode_all else list(map(encode, values))
        except (TypeError, ValueError):
            return self._one_by_one(values, encode)

    def finish(self) -> None:
        """Raise a BatchError if any record failed."""
        if self._failed:
            raise BatchError(self._batch.topic_partition, dict(sorted(self._failed.items())))

    def _one_by_one(self, values: Sequence[Any], encode: Callable[[Any], bytes]) -> list[bytes]:
        encoded: list[bytes] = []
        for offset, value in zip(self._batch.offsets, values, strict=True):
            try:
                encoded.append(encode(value))
            except (TypeError, ValueError) as error:
                failure = RecordError(
                    str(error), stage="TASK_PUT", origin=self._origin, code=ErrorCode.RECORD_UNFIT
                )
                failure.__cause__ = error
                self._failed.setdefault(offset, failure)
        return encoded


def weave(columns: Sequence[Sequence[bytes]], between: Sequence[bytes], separator: bytes) -> bytes:
    """Lines out of columns: ``between[0] column[0] between[1] column[1] … between[-1]``, joined.

    Args:
        columns: At least one, of equal length, at least one long.
        between: One more than there are columns: what stands before, between and after them.
        separator: What stands between two lines.
    """
    first, *inner, last = between
    next_line = last + separator + first
    if len(columns) == 1:
        return first + next_line.join(columns[0]) + last
    step, count = 2 * len(columns), len(columns[0])
    pieces: list[bytes] = [b""] * (step * count)
    for index, column in enumerate(columns):
        pieces[2 * index :: step] = column
        after = inner[index] if index < len(inner) else next_line
        pieces[2 * index + 1 :: step] = [after] * count
    pieces[-1] = last
    return first + b"".join(pieces)


def integers(numbers: Sequence[int | None], null: bytes) -> list[bytes]:
    """Decimal digits of each number; a whole column is written and cut in two calls."""
    return orjson.dumps(list(numbers))[1:-1].replace(b"null", null).split(b",")
