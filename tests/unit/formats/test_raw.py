"""Raw records: the bytes that somebody reads back."""

from __future__ import annotations

import pytest

from connector.errors import BatchError
from connector.formats.fields import OutputFields, separator_bytes
from connector.formats.raw import RawFormat
from connector.record import Record, RecordBatch, TopicPartition


def batch(*values: object, key: object = None) -> RecordBatch:
    return RecordBatch.of(
        TopicPartition("t", 0), [Record(offset, key, value) for offset, value in enumerate(values)]
    )


def test_a_value_longer_than_a_byte_counts_has_a_longer_varint() -> None:
    fields = OutputFields(("value",), raw_framing="varint")
    assert RawFormat(fields).encode(batch(b"x" * 300, None)) == b"\xac\x02" + b"x" * 300 + b"\0"


def test_keys_may_be_written_instead_and_text_is_utf_8() -> None:
    assert RawFormat(OutputFields(("key",))).encode(batch(b"v", b"w", key="ü")) == "üü".encode()


def test_what_is_no_bytes_is_named_by_offset() -> None:
    with pytest.raises(BatchError, match="raw writes bytes and text, and there is dict") as caught:
        RawFormat(OutputFields(("value",))).encode(batch(b"a", {"b": 1}, 3))
    assert list(caught.value.failed) == [1, 2]


def test_separators_are_written_with_escapes() -> None:
    assert separator_bytes(r"\n\r\t\0\s\\|\x1E") == b"\n\r\t\0 \\|\x1e"
