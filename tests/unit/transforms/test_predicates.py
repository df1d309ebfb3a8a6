from __future__ import annotations

import pytest

from connector.column import JsonColumn
from connector.config.schema import Config
from connector.errors import ConfigError
from connector.record import Record, RecordBatch, TopicPartition
from connector.transforms.filter import Filter
from connector.transforms.predicates import (
    HasHeaderKey,
    HasHeaderKeyConfig,
    RecordIsTombstone,
    TopicNameMatches,
    TopicNameMatchesConfig,
)

BATCH = RecordBatch.of(
    TopicPartition("orders.eu", 0),
    [
        Record(3, b"k", b"v", 0, [("a", b""), ("b", None)]),
        Record(4, b"k", None, 0, None),
        Record(6, b"k", b"", 0, [("A", b"")]),
    ],
)


def test_filter_drops_all_and_still_covers_their_offsets() -> None:
    filtered = Filter(Config.parse({})).apply(BATCH)
    assert len(filtered) == 0
    assert filtered.next_offset == 7


def test_tombstones_are_null_values_not_empty_ones() -> None:
    assert RecordIsTombstone(Config.parse({})).test(BATCH) == [False, True, False]


def test_a_json_null_is_a_tombstone_and_is_found_without_decoding() -> None:
    column = JsonColumn([b"1", None, b" null "])
    assert RecordIsTombstone(Config.parse({})).test(BATCH.with_columns(values=column)) == [False, True, True]
    assert column.texts is not None


@pytest.mark.parametrize(("pattern", "matches"), [("orders.*", True), ("orders", False), ("rders.eu", False)])
def test_topic_names_match_as_a_whole(pattern: str, *, matches: bool) -> None:
    predicate = TopicNameMatches(TopicNameMatchesConfig.parse({"pattern": pattern}))
    assert predicate.test(BATCH) == [matches] * 3


def test_header_keys_are_case_sensitive() -> None:
    assert HasHeaderKey(HasHeaderKeyConfig.parse({"name": "a"})).test(BATCH) == [True, False, False]


def test_patterns_and_names_are_required_and_checked() -> None:
    with pytest.raises(ConfigError, match="Missing required"):
        TopicNameMatchesConfig.parse({})
    with pytest.raises(ConfigError, match="Invalid regex"):
        TopicNameMatchesConfig.parse({"pattern": "("})
    with pytest.raises(ConfigError, match="must be non-empty"):
        HasHeaderKeyConfig.parse({"name": " "})
