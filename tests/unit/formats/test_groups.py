"""Batches whose records go into several objects: encoded once, as if each were encoded alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import fastavro
import pyarrow as pa
import pytest
from pyarrow import parquet

from connector.column import JsonColumn
from connector.errors import BatchError
from connector.formats.avro import AvroFormat
from connector.formats.fields import OutputFields
from connector.formats.parquet import ParquetFormat
from connector.record import RecordBatch, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.formats.base import Body, Encoder, Format

FORMATS = [AvroFormat, ParquetFormat]
FIELDS = OutputFields(("value", "offset"))


def batch_of(texts: Sequence[bytes], start: int = 0) -> RecordBatch:
    offsets = list(range(start, start + len(texts)))
    columns = {"offsets": offsets, "values": JsonColumn(list(texts))}
    return RecordBatch(TopicPartition("t", 0), columns, start + len(texts))


def deal(batch: RecordBatch, parts: int) -> list[RecordBatch]:
    """Round robin."""
    return [batch.select(range(number, len(batch), parts)) for number in range(parts)]


def put(encoder: Encoder, bodies: Sequence[Body], batch: RecordBatch) -> list[list[bytes]]:
    dealt = encoder.encode_parts(batch, deal(batch, len(bodies)))
    return [
        [ready for piece in pieces for ready in body.append(piece.data)]
        for body, pieces in zip(bodies, dealt, strict=True)
    ]


def rows(data: bytes) -> list[dict[str, Any]]:
    if data.startswith(b"PAR1"):
        found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
        return found
    return list(fastavro.reader(io.BytesIO(data)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FORMATS)
def test_each_object_has_its_records_in_order(kind: type[Format]) -> None:
    encoder = kind(FIELDS).encoder()
    bodies = [encoder.begin() for _ in range(3)]
    written = [b""] * 3
    for start in (0, 10, 20):
        texts = [b'{"n":%d,"tags":["x%d"]}' % (at, at) for at in range(start, start + 10)]
        for number, ready in enumerate(put(encoder, bodies, batch_of(texts, start))):
            written[number] += b"".join(ready)
    found = [rows(data + body.finish()) for data, body in zip(written, bodies, strict=True)]
    expected = [[at for start in (0, 10, 20) for at in range(start + n, start + 10, 3)] for n in range(3)]
    assert [[row["offset"] for row in each] for each in found] == expected
    assert found[1][0]["value"] == {"n": 1, "tags": ["x1"]}


@pytest.mark.parametrize("kind", FORMATS)
def test_groups_of_different_types_do_not_tear_each_other_apart(kind: type[Format]) -> None:
    encoder = kind(FIELDS).encoder()
    batch = batch_of([b'{"a":%d}' % at if at % 2 else b'{"a":"%d"}' % at for at in range(40)])
    dealt = encoder.encode_parts(batch, deal(batch, 2))
    assert [len(pieces) for pieces in dealt] == [1, 1]


@pytest.mark.parametrize("kind", FORMATS)
def test_records_of_no_part_are_not_looked_at(kind: type[Format]) -> None:
    """Of objects that keep the last record of a key only."""
    encoder = kind(FIELDS).encoder()
    batch = batch_of([b'{"a":1}', b'{"a":"x"}', b'{"a":2}'])
    dealt = encoder.encode_parts(batch, [batch.select([0]), batch.select([2])])
    assert [len(pieces) for pieces in dealt] == [1, 1]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_record_that_fails_is_named_whatever_its_object(kind: type[Format]) -> None:
    encoder = kind(OutputFields(("value",), drift="fail")).encoder()
    encoder.encode(batch_of([b'{"a":1}']))
    batch = batch_of([b'{"a":1}', b'{"a":"x"}', b'{"a":2}', b'{"a":"y"}'], 1)
    with pytest.raises(BatchError) as error:
        encoder.encode_parts(batch, deal(batch, 4))
    assert list(error.value.failed) == [2, 4]


def test_an_object_with_few_rows_of_many_batches_does_not_hold_the_others() -> None:
    encoder = ParquetFormat(FIELDS).encoder()
    slow = encoder.begin()
    before = pa.total_allocated_bytes()
    for start in range(0, 20_000, 1000):
        batch = batch_of([b'{"text":"%01000d"}' % at for at in range(start, start + 1000)], start)
        first, rest = encoder.encode_parts(batch, list(batch.split_at(1)))
        slow.append(first[0].data)
        other = encoder.begin()
        other.append(rest[0].data)
        other.finish()
    assert pa.total_allocated_bytes() - before < 8 * 2**20
    assert [row["offset"] for row in rows(slow.finish())] == list(range(0, 20_000, 1000))


def test_rows_that_were_compressed_for_want_of_memory_are_one_row_group_with_the_others() -> None:
    encoder = ParquetFormat(FIELDS).encoder()
    bodies = [encoder.begin(), encoder.begin()]
    for start in range(0, 300, 100):
        put(encoder, bodies, batch_of([b'{"text":"%0100d"}' % at for at in range(start, start + 100)], start))
        held = bodies[0].held_bytes
        raw = bodies[0].raw_bytes
        assert not b"".join(bodies[0].shrink())
        assert bodies[0].held_bytes < held
        assert bodies[0].raw_bytes == raw
    data = bodies[0].finish()
    assert parquet.ParquetFile(io.BytesIO(data)).metadata.num_row_groups == 1
    assert [row["offset"] for row in rows(data)] == list(range(0, 300, 2))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("text", [b"{}", b'{"a":{}}', b"[]"])
def test_a_value_of_which_no_type_is_known_is_a_row_with_null(kind: type[Format], text: bytes) -> None:
    """Parquet has no struct without fields."""
    encoder = kind(OutputFields(("value",))).encoder()
    body = encoder.begin()
    (piece,) = encoder.encode(batch_of([text]))
    assert rows(b"".join(body.append(piece.data)) + body.finish()) == [{"value": None}]
