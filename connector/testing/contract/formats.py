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
        """At least two records that the format can express."""
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

    def test_a_batch_cut_anywhere_gives_the_same_object(
        self, output_format: Format, records: list[Record]
    ) -> None:
        whole = output_format.encode(_batch(records))
        for cut in range(1, len(records)):
            parts = [output_format.encode(_batch(records[:cut])), output_format.encode(_batch(records[cut:]))]
            assert output_format.separator.join(parts) == whole

    def test_every_record_adds_to_the_object_in_offset_order(
        self, output_format: Format, records: list[Record]
    ) -> None:
        alone = [output_format.encode(_batch([record])) for record in records]
        assert output_format.encode(_batch(records)) == output_format.separator.join(alone)

    def test_the_same_batch_gives_the_same_bytes_each_time(
        self, output_format: Format, records: list[Record]
    ) -> None:
        batch = _batch(records)
        first = output_format.encode(batch)
        assert type(first) is bytes
        assert output_format.encode(batch) == first == output_format.encode(_batch(records))

    def test_threads_may_share_the_format(self, output_format: Format, records: list[Record]) -> None:
        expected = output_format.encode(_batch(records))
        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(output_format.encode, [_batch(records) for _ in range(32)]))
        assert set(results) == {expected}

    def test_encoding_leaves_the_columns_as_they_are(
        self, output_format: Format, records: list[Record]
    ) -> None:
        batch = _batch(records)
        output_format.encode(batch)
        assert list(batch) == records

    def test_every_record_that_cannot_be_expressed_is_named(
        self, output_format: Format, records: list[Record], impossible: Any
    ) -> None:
        first, second = 1_000_000, 1_000_002
        bad = [records[0]._replace(offset=offset, value=impossible) for offset in (first, second)]
        good = records[0]._replace(offset=1_000_001)
        with pytest.raises(BatchError) as caught:
            output_format.encode(_batch([*records, bad[0], good, bad[1]]))
        assert list(caught.value.failed) == [first, second]
        assert caught.value.topic_partition == _TOPIC_PARTITION
        assert all(error.stage and error.origin for error in caught.value.failed.values())
