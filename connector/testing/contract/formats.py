"""What every format must do.

Inherit and give the format::

    class TestMyFormat(FormatContract):
        @pytest.fixture
        def output_format(self):
            return MyFormat(OutputFields(("value",)))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from connector.errors import BatchError
from connector.record import Record, RecordBatch, TopicPartition

if TYPE_CHECKING:
    from connector.formats.base import Format

_TOPIC_PARTITION = TopicPartition("contract", 3)


def _batch(records: list[Record]) -> RecordBatch:
    return RecordBatch.of(_TOPIC_PARTITION, records)


class FormatContract(ABC):
    """Give ``output_format``; override ``records`` and ``impossible`` where the defaults do not fit."""

    @pytest.fixture
    @abstractmethod
    def output_format(self) -> Format:
        """The format under test."""

    @pytest.fixture
    def records(self) -> list[Record]:
        """At least two records that the format can express in one object."""
        return [
            Record(0, b"k1", b"v1", 1000, [("h", b"x")]),
            Record(1, None, b"a,b\n\x00\xff", 1234, None),
            Record(7, b"k2", None, None, []),
            Record(8, b"", b"", 0, [("h", b"1"), ("h", None)]),
        ]

    @pytest.fixture
    def impossible(self) -> Any:
        """A value that the format cannot express."""
        return object()

    def read(self, data: bytes) -> Any:
        """What a reader finds in an object; the bytes themselves, unless these depend on how records came."""
        return data

    def test_a_batch_cut_anywhere_gives_the_same_object(
        self, output_format: Format, records: list[Record]
    ) -> None:
        (whole,) = objects(output_format, _batch(records))
        for cut in range(1, len(records)):
            (parts,) = objects(output_format, *_cut(records, cut))
            assert self.read(parts) == self.read(whole)

    def test_every_record_adds_to_the_object_in_offset_order(
        self, output_format: Format, records: list[Record]
    ) -> None:
        (whole,) = objects(output_format, _batch(records))
        (one_by_one,) = objects(output_format, *(_batch([record]) for record in records))
        assert self.read(one_by_one) == self.read(whole)

    def test_the_same_batch_gives_the_same_bytes_each_time(
        self, output_format: Format, records: list[Record]
    ) -> None:
        batch = _batch(records)
        (first,) = objects(output_format, batch)
        assert type(first) is bytes
        assert objects(output_format, batch) == [first] == objects(output_format, _batch(records))

    def test_threads_may_share_the_format(self, output_format: Format, records: list[Record]) -> None:
        expected = objects(output_format, _batch(records))
        with ThreadPoolExecutor(4) as threads:
            results = threads.map(lambda batch: objects(output_format, batch), [_batch(records)] * 32)
            assert all(result == expected for result in results)

    def test_encoding_leaves_the_columns_as_they_are(
        self, output_format: Format, records: list[Record]
    ) -> None:
        batch = _batch(records)
        objects(output_format, batch)
        assert list(batch) == records

    def test_every_record_that_cannot_be_expressed_is_named(
        self, output_format: Format, records: list[Record], impossible: Any
    ) -> None:
        first, second = 1_000_000, 1_000_002
        bad = [records[0]._replace(offset=offset, value=impossible) for offset in (first, second)]
        good = records[0]._replace(offset=1_000_001)
        with pytest.raises(BatchError) as caught:
            objects(output_format, _batch([*records, bad[0], good, bad[1]]))
        assert list(caught.value.failed) == [first, second]
        assert caught.value.topic_partition == _TOPIC_PARTITION
        assert all(error.stage and error.origin for error in caught.value.failed.values())

    def test_a_record_that_cannot_be_expressed_harms_no_other(
        self, output_format: Format, records: list[Record], impossible: Any
    ) -> None:
        expected = objects(output_format, _batch(records))
        encoder, body = output_format.encoder(), None
        data = b""
        for record in records:
            with pytest.raises(BatchError):
                encoder.encode(_batch([record, record._replace(offset=record.offset + 1, value=impossible)]))
            (piece,) = encoder.encode(_batch([record]))
            body = body or encoder.begin()
            assert body.takes(piece.data)
            data += b"".join(body.append(piece.data))
        assert body is not None
        assert [self.read(data + body.finish())] == [self.read(each) for each in expected]


def objects(output_format: Format, *batches: RecordBatch) -> list[bytes]:
    """The objects that the batches of one partition make; another one begins where the format asks for it."""
    encoder = output_format.encoder()
    finished: list[bytes] = []
    body = None
    data = b""
    for piece in (piece for batch in batches for piece in encoder.encode(batch)):
        if body is not None and not body.takes(piece.data):
            finished.append(data + body.finish())
            body, data = None, b""
        body = body or encoder.begin()
        data += b"".join(body.append(piece.data))
    return finished if body is None else [*finished, data + body.finish()]


def _cut(records: list[Record], at: int) -> tuple[RecordBatch, RecordBatch]:
    return _batch(records[:at]), _batch(records[at:])
