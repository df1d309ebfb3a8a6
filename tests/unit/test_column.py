from __future__ import annotations

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition


def column() -> JsonColumn:
    return JsonColumn([b'{"a":1}', None, b"null", b"[2]"])


def test_a_column_reads_as_plain_values() -> None:
    assert list(column()) == [{"a": 1}, None, None, [2]]
    assert column()[0] == {"a": 1}
    assert column()[-1:] == [[2]]
    assert len(column()) == 4
    assert column() == [{"a": 1}, None, None, [2]]


def test_texts_are_gone_once_a_value_was_seen() -> None:
    looked_at = column()
    assert looked_at.texts == [b'{"a":1}', None, b"null", b"[2]"]
    looked_at[0]["a"] = 2
    assert looked_at.texts is None
    assert looked_at[0] == {"a": 2}


def test_nulls_are_found_without_a_look_at_values() -> None:
    unseen = column()
    assert unseen.nulls() == [False, True, True, False]
    assert unseen.texts is not None


def test_a_selection_is_text_until_a_value_was_seen() -> None:
    unseen = column()
    selected = unseen.select([3, 0])
    assert isinstance(selected, JsonColumn)
    assert selected.texts == [b"[2]", b'{"a":1}']
    unseen[0]["a"] = 2
    assert unseen.select([0]) == [{"a": 2}]


def test_a_batch_selects_and_splits_without_decoding() -> None:
    records = [Record(offset, None, b"") for offset in range(4)]
    batch = RecordBatch.of(TopicPartition("t", 0), records).with_columns(values=column())
    head, tail = batch.split_at(1)
    for part in (head, tail, batch.select([0])):
        assert isinstance(part.values, JsonColumn)
        assert part.values.texts is not None
