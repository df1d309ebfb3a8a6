from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.kinesis import KinesisConfig
from connector.sinks.kinesis.entry import EntryMaker
from connector.sinks.kinesis.stream import Stream
from connector.testing.kinesis import deaggregated

if TYPE_CHECKING:
    from connector.sinks.dispatch import Entry, Prepared

PARTITION = TopicPartition("orders", 4)


def prepare(
    *records: tuple[Any, Any],
    stream: Stream | None = None,
    batch: RecordBatch | None = None,
    **options: str,
) -> Prepared:
    """Of keys and values from offset 0 on; options have underscores, and no aws.kinesis before them."""
    raw = {"aws.kinesis.stream": "orders"}
    for name, value in options.items():
        dotted = name.replace("_", ".")
        is_shared = dotted.startswith(("behavior.", "delivery.", "message.", "oversize."))
        raw[dotted if is_shared else f"aws.kinesis.{dotted}"] = value
    batch = batch or RecordBatch.of(
        PARTITION, [Record(offset, key, value, 1, []) for offset, (key, value) in enumerate(records)]
    )
    return EntryMaker(KinesisConfig.parse(raw), "KinesisSink").prepare(batch, stream or Stream("orders"))


def request(entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(entry.payload)
    record["Data"] = base64.b64decode(record["Data"], validate=True)
    return record


def requests(prepared: Prepared) -> list[dict[str, Any]]:
    assert not prepared.failed
    return [request(entry) for entry in prepared.entries]


def data(prepared: Prepared) -> list[bytes]:
    return [record["Data"] for record in requests(prepared)]


def test_a_record_is_its_value_under_its_key() -> None:
    assert requests(prepare((b"k", b"\x00\xff"), (b"l", b""))) == [
        {"Data": b"\x00\xff", "PartitionKey": "k"},
        {"Data": b"", "PartitionKey": "l"},
    ]


def test_the_size_is_that_of_data_and_partition_key_in_bytes() -> None:
    (entry,) = prepare(("ü", b"12345"), explicit_hash_key="17").entries
    assert entry.size_bytes == 7


def test_a_record_without_a_key_gets_one_of_its_own_and_no_order() -> None:
    prepared = prepare((None, b"a"), (b"k", b"b"), (None, b"c"))
    keys = [record["PartitionKey"] for record in requests(prepared)]
    assert len(set(keys)) == 3
    assert [entry.order_key for entry in prepared.entries] == [None, "k", None]


def test_random_keys_have_no_order() -> None:
    prepared = prepare((b"k", b"a"), (b"k", b"b"), partition_key="random")
    assert len({record["PartitionKey"] for record in requests(prepared)}) == 2
    assert [entry.order_key for entry in prepared.entries] == [None, None]


@pytest.mark.parametrize(
    ("order", "expected"), [("key", ["k", "l"]), ("partition", ["", ""]), ("none", [None, None])]
)
def test_order_is_kept_by_partition_key_by_partition_or_not(order: str, expected: list[str | None]) -> None:
    prepared = prepare((b"k", b"a"), (b"l", b"b"), delivery_order=order)
    assert [entry.order_key for entry in prepared.entries] == expected


def test_a_stream_that_spreads_by_itself_has_no_order() -> None:
    prepared = prepare((b"k", b"a"), stream=Stream("orders", spreads_by_itself=True))
    assert prepared.entries[0].order_key is None


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_keys_that_kinesis_does_not_take_are_hashed_and_keep_their_order(key: str) -> None:
    prepared = prepare((key, b"a"), (key, b"b"))
    first, second = requests(prepared)
    assert first["PartitionKey"] == second["PartitionKey"]
    assert len(first["PartitionKey"]) == 64
    assert prepared.entries[0].order_key == prepared.entries[1].order_key == first["PartitionKey"]


def test_explicit_hash_keys_come_from_the_record() -> None:
    batch = RecordBatch.of(
        PARTITION, [Record(0, b"k", b"v", 1, [("shard", b"17")]), Record(1, b"k", b"v", 1, [])]
    )
    first, second = requests(prepare(batch=batch, explicit_hash_key="{{header:shard}}"))
    assert first["ExplicitHashKey"] == "17"
    assert "ExplicitHashKey" not in second


def test_what_is_no_explicit_hash_key_fails_its_record_only() -> None:
    prepared = prepare((b"1", b"a"), (b"no", b"b"), (b"01", b"c"), explicit_hash_key="{{key}}")
    assert [entry.offset for entry in prepared.entries] == [0]
    assert {offset: "explicit.hash.key" in str(error) for offset, error in prepared.failed.items()} == {
        1: True,
        2: True,
    }


def test_all_of_a_partition_has_one_hash_key_and_its_own_partition_keys() -> None:
    first, second = requests(prepare((b"k", b"a"), (None, b"b"), explicit_hash_key="partition"))
    assert first["ExplicitHashKey"] == second["ExplicitHashKey"]
    assert first["PartitionKey"] == "k"


def test_a_record_whose_field_cannot_be_read_fails_alone() -> None:
    prepared = prepare((b"k", b'{"id":"a"}'), (b"k", b"no JSON"), partition_key="{{value:id}}")
    assert [request(entry)["PartitionKey"] for entry in prepared.entries] == ["a"]
    assert "aws.kinesis.partition.key: {{value:id}} cannot be made" in str(prepared.failed[1])


def test_null_values_fail_unless_told_otherwise() -> None:
    prepared = prepare((b"k", b"a"), (b"k", None))
    assert [entry.offset for entry in prepared.entries] == [0]
    assert "behavior.on.null.values" in str(prepared.failed[1])


def test_null_values_are_skipped_and_counted() -> None:
    prepared = prepare((b"k", b"a"), (b"k", None), behavior_on_null_values="skip")
    assert data(prepared) == [b"a"]
    assert prepared.passed_over == {"null_value": 1}


def test_a_null_value_may_be_an_envelope_among_values() -> None:
    first, second = data(prepare((b"k", b"a"), (b"k", None), behavior_on_null_values="envelope"))
    assert first == b"a"
    assert json.loads(second)["value"] is None
    assert json.loads(second)["offset"] == 1


@pytest.mark.parametrize("values", [[b"a", None], JsonColumn([b"1", None]), JsonColumn([b"1", b" null"])])
def test_envelopes_have_null_values_unless_somebody_says_skip(values: Any) -> None:
    batch = RecordBatch.of(PARTITION, [Record(0, b"k", b"", 1, []), Record(1, b"k", b"", 1, [])])
    batch = batch.with_columns(values=values)
    assert len(data(prepare(batch=batch, message_body="envelope"))) == 2
    skipped = prepare(batch=batch, message_body="envelope", behavior_on_null_values="skip")
    assert [entry.offset for entry in skipped.entries] == [0]
    assert skipped.passed_over == {"null_value": 1}


def test_a_record_of_the_limit_is_taken_and_one_byte_more_is_left_to_the_policy() -> None:
    stream = Stream("orders", 100)
    largest, larger = (b"key", b"x" * 97), (b"key", b"x" * 98)
    assert [entry.size_bytes for entry in prepare(largest, larger, stream=stream).entries] == [100, 101]
    skipped = prepare(largest, larger, stream=stream, oversize_policy="skip")
    assert [entry.size_bytes for entry in skipped.entries] == [100]
    assert skipped.passed_over == {"too_large": 1}


def test_what_is_too_large_may_be_stored_and_pointed_to() -> None:
    prepared = prepare(
        (b"key", b"x" * 300),
        stream=Stream("orders", 250),
        oversize_policy="s3",
        oversize_s3_bucket_name="large",
        oversize_s3_prefix="in/",
    )
    ((place, stored),) = prepared.attachments.items()
    assert (place, stored) == ("in/orders/4/00000000000000000000", b"x" * 300)
    assert json.loads(data(prepared)[0])[1] == {"s3BucketName": "large", "s3Key": place}


# ---- aggregation ----


def folded(prepared: Prepared) -> list[tuple[str, list[int], list[bytes]]]:
    """Partition key, offsets and data of each record of the stream."""
    assert not prepared.failed
    return [
        (
            request(entry)["PartitionKey"],
            [entry.offset, *entry.folded],
            [user.data for user in deaggregated(request(entry)["Data"])],
        )
        for entry in prepared.entries
    ]


def test_records_of_a_key_are_folded_in_order() -> None:
    prepared = prepare((b"k", b"a"), (b"l", b"b"), (b"k", b"c"), (b"m", b"d"), aggregation="kpl")
    assert folded(prepared) == [
        ("k", [0, 2], [b"a", b"c"]),
        ("l", [1], [b"b"]),
        ("m", [3], [b"d"]),
    ]
    assert request(prepared.entries[1])["Data"] == b"b", "alone it stays as it is"


def test_every_record_within_has_the_key_that_chose_the_shard() -> None:
    """Consumers drop what does not belong to the shard that it is read from."""
    records = [(b"k", b"a"), (b"k", b"b"), (b"k", b"c")]
    for prepared in (
        prepare(*records, aggregation="kpl"),
        prepare(*records, aggregation="kpl", partition_key="random"),
        prepare(*records, aggregation="kpl", explicit_hash_key="partition"),
    ):
        (entry,) = prepared.entries
        outer = request(entry)
        assert [(user.partition_key, user.explicit_hash_key) for user in deaggregated(outer["Data"])] == [
            (outer["PartitionKey"], outer.get("ExplicitHashKey"))
        ] * 3


def test_records_without_a_key_are_folded_together() -> None:
    prepared = prepare((None, b"a"), (b"k", b"b"), (None, b"c"), aggregation="kpl")
    assert [offsets for _, offsets, _ in folded(prepared)] == [[0, 2], [1]]


def test_a_fold_ends_at_its_most_records() -> None:
    records = [(b"k", b"%d" % number) for number in range(5)]
    prepared = prepare(*records, aggregation="kpl", aggregation_max_records="2")
    assert [offsets for _, offsets, _ in folded(prepared)] == [[0, 1], [2, 3], [4]]


def test_a_fold_ends_at_its_most_bytes_and_a_larger_record_goes_alone() -> None:
    lengths = [30, 30, 500, 30, 30]
    records = [(b"k", b"x" * length) for length in lengths]
    prepared = prepare(*records, aggregation="kpl", aggregation_max_bytes="100")
    assert [offsets for _, offsets, _ in folded(prepared)] == [[0, 1], [2], [3, 4]]
    assert all(
        len(request(entry)["Data"]) + 1 == entry.size_bytes <= 100
        for entry in prepared.entries
        if entry.folded
    )


def test_entries_are_in_the_order_of_their_first_offsets() -> None:
    large = b"x" * 200
    prepared = prepare(
        (b"k", large), (b"l", b"y"), (b"k", large), aggregation="kpl", aggregation_max_bytes="100"
    )
    assert [entry.offset for entry in prepared.entries] == [0, 1, 2]


def test_a_fold_is_never_larger_than_the_stream_takes() -> None:
    records = [(b"k", b"x" * 40)] * 10
    prepared = prepare(*records, stream=Stream("orders", 120), aggregation="kpl")
    assert all(entry.size_bytes <= 120 for entry in prepared.entries)
    assert len(prepared.entries) > 1


def test_in_the_order_of_a_partition_only_neighbours_are_folded() -> None:
    records = [(b"k", b"a"), (b"k", b"b"), (b"l", b"c"), (b"k", b"d")]
    prepared = prepare(*records, aggregation="kpl", delivery_order="partition")
    assert [offsets for _, offsets, _ in folded(prepared)] == [[0, 1], [2], [3]]


def test_records_of_a_key_with_different_hash_keys_keep_their_order() -> None:
    batch = RecordBatch.of(
        PARTITION,
        [Record(number, b"k", b"v", 1, [("h", b"%d" % at)]) for number, at in enumerate([1, 2, 1, 1])],
    )
    prepared = prepare(batch=batch, aggregation="kpl", explicit_hash_key="{{header:h}}")
    assert [offsets for _, offsets, _ in folded(prepared)] == [[0], [1], [2, 3]]


def test_only_the_columns_that_matter_are_read() -> None:
    def columns(**options: str) -> set[str]:
        raw = {name.replace("_", "."): value for name, value in options.items()}
        return EntryMaker(KinesisConfig.parse({"aws.kinesis.stream": "s"} | raw), "KinesisSink").columns

    assert columns() == {"keys", "values"}
    assert columns(aws_kinesis_partition_key="random") == {"values"}
    assert columns(aws_kinesis_explicit_hash_key="{{header:h}}") == {"keys", "values", "headers"}
