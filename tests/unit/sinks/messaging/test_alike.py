"""What the messaging sinks of AWS have in common means the same in each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector.errors import ConfigError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.dispatch.progress import ENTRY_BYTES, SLOT_BYTES, Progress
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink
from connector.sinks.eventbridge.entries import EntryMaker as EventMaker
from connector.sinks.eventbridge.entries import JsonWriter
from connector.sinks.kinesis import KinesisConfig, KinesisSink
from connector.sinks.kinesis.entry import EntryMaker as StreamMaker
from connector.sinks.kinesis.stream import Stream
from connector.sinks.sns import SnsConfig, SnsSink
from connector.sinks.sns.entry import EntryMaker as TopicMaker
from connector.sinks.sns.topic import Topic
from connector.sinks.sqs import SqsConfig, SqsSink
from connector.sinks.sqs.entry import EntryMaker as QueueMaker
from connector.sinks.sqs.queue import Queue

if TYPE_CHECKING:
    from connector.sinks.dispatch import Prepared

PARTITION = TopicPartition("orders", 3)
SINKS: dict[str, tuple[Any, Any]] = {
    "sqs": (SqsSink, SqsConfig),
    "sns": (SnsSink, SnsConfig),
    "kinesis": (KinesisSink, KinesisConfig),
    "eventbridge": (EventBridgeSink, EventBridgeConfig),
}
ACCOUNT = "eu-north-1:123456789012"
DESTINATIONS = {
    "sqs": {"aws.sqs.queue": f"arn:aws:sqs:{ACCOUNT}:orders"},
    "sns": {"aws.sns.topic.arn": f"arn:aws:sns:{ACCOUNT}:orders"},
    "kinesis": {"aws.kinesis.stream": f"arn:aws:kinesis:{ACCOUNT}:stream/orders"},
    "eventbridge": {"aws.eventbridge.bus": f"arn:aws:events:{ACCOUNT}:event-bus/orders"},
}
FIFO = {
    name: {option: arn + ".fifo" for option, arn in DESTINATIONS[name].items()} for name in ("sqs", "sns")
}
ENVELOPE = {name: {"message.body": "envelope"} for name in SINKS} | {"eventbridge": {}}

each_sink = pytest.mark.parametrize("name", SINKS)
each_fifo = pytest.mark.parametrize("name", FIFO)


def config(name: str, **options: str) -> Any:
    raw = {option.replace("_", "."): value for option, value in options.items()}
    return SINKS[name][1].parse(DESTINATIONS[name] | raw)


def prepare(name: str, *records: Record, **options: str) -> Prepared:
    parsed, batch = config(name, **options), RecordBatch.of(PARTITION, list(records))
    match name:
        case "sqs":
            is_fifo = parsed.queue.endswith(".fifo")
            return QueueMaker(parsed, "SqsSink").prepare(batch, Queue("url", parsed.queue, is_fifo))
        case "sns":
            return TopicMaker(parsed, "SnsSink").prepare(batch, Topic(parsed.topic_arn, 1 << 20))
        case "kinesis":
            return StreamMaker(parsed, "KinesisSink").prepare(batch, Stream(parsed.stream))
    return EventMaker(parsed, JsonWriter(), "shop", "EventBridgeSink").prepare(batch, parsed.bus)


def record(value: Any, offset: int = 0, key: Any = b"k", **headers: bytes) -> Record:
    return Record(offset, key, value, 1_700_000_000_000, list(headers.items()))


# ---- null values, and what is too large ----


@each_sink
def test_what_is_left_out_is_counted_by_the_same_reasons(name: str) -> None:
    options = {"behavior.on.null.values": "skip", "oversize.policy": "skip"}
    large = b'"' + b"x" * (1 << 21) + b'"'
    prepared = prepare(name, record(None), record(large, 1), record(b'{"a":1}', 2), **options)
    assert prepared.passed_over == {"null_value": 1, "too_large": 1}
    assert [entry.offset for entry in prepared.entries] == [2]


@each_sink
def test_an_envelope_holds_a_null_unless_somebody_says_otherwise(name: str) -> None:
    assert len(prepare(name, record(None), **ENVELOPE[name]).entries) == 1
    refused = prepare(name, record(None), **ENVELOPE[name], **{"behavior.on.null.values": "fail"})
    assert "behavior.on.null.values" in str(refused.failed[0])


@each_sink
def test_a_record_that_is_left_out_fails_for_nothing_else(name: str) -> None:
    wanting = {
        "sqs": {"aws.sqs.message.group.id": "{{value:id}}"},
        "sns": {"aws.sns.message.group.id": "{{value:id}}"},
        "kinesis": {"aws.kinesis.partition.key": "{{value:id}}"},
        "eventbridge": {"aws.eventbridge.source": "{{value:id}}"},
    }
    options = {"behavior.on.null.values": "skip"} | wanting[name]
    prepared = prepare(name, record(None), record(b"no JSON", 1), record(b'{"id":"a"}', 2), **options)
    assert prepared.passed_over == {"null_value": 1}
    assert [entry.offset for entry in prepared.entries] == [2]
    assert list(prepared.failed) == [1]
    (option,) = wanting[name]
    assert option in str(prepared.failed[1])


@each_sink
def test_what_is_stored_is_all_that_the_role_may_do_with_the_bucket(name: str) -> None:
    options = {"oversize.policy": "s3", "oversize.s3.bucket.name": "bodies", "oversize.s3.prefix": "in/"}
    statements = SINKS[name][0].permissions(config(name, **options), ["orders"])
    assert [(each.actions, each.resources) for each in statements if "s3:PutObject" in each.actions] == [
        (("s3:PutObject",), ("arn:aws:s3:::bodies/in/*",))
    ]
    without = SINKS[name][0].permissions(config(name), ["orders"])
    assert not any("s3" in action for each in without for action in each.actions)


@each_sink
@pytest.mark.parametrize("topics", range(5, 100, 5))
def test_a_policy_never_outgrows_what_iam_takes(name: str, topics: int) -> None:
    """6,144 characters without white space (IAM user guide, IAM and STS quotas)."""
    named = {option: arn.replace("orders", "{{topic}}") for option, arn in DESTINATIONS[name].items()}
    parsed = config(name, **named)
    found = SINKS[name][0].permissions(parsed, [f"a-topic-with-a-long-name-{at:02}" for at in range(topics)])
    assert sum(len(resource) + len('"",') for each in found for resource in each.resources) < 5500
    assert all("a-topic-with-a-long-name-" in resource for each in found for resource in each.resources)


# ---- memory ----


@each_sink
def test_what_is_held_counts_as_it_is_encoded(name: str) -> None:
    entries = prepare(name, *(record(b'{"a": "\xc3\xa9\\n"}' * 100, offset) for offset in range(3))).entries
    payloads = sum(len(entry.payload) for entry in entries)
    assert payloads > sum(entry.size_bytes for entry in entries)
    progress = Progress(PARTITION)
    progress.take(entries, 3)
    assert progress.buffered_bytes == payloads + 3 * (ENTRY_BYTES + SLOT_BYTES)
    for entry in entries:
        progress.done(entry)
    assert progress.buffered_bytes == 0


# ---- regions ----


@each_sink
def test_a_destination_that_tells_its_region_tells_that_of_sts(name: str) -> None:
    sts = {"aws.sts.config.endpoint": "https://sts.eu-north-1.amazonaws.com"}
    found = config(name, **sts)
    assert found.identity("shop").sts_region == found.region == "eu-north-1"
    nowhere = {option: arn.split(":")[-1].rpartition("/")[2] for option, arn in DESTINATIONS[name].items()}
    if name != "sns":  # whose topics are named by ARN only
        with pytest.raises(ConfigError, match=r"aws\.sts\.config\.endpoint"):
            config(name, **sts, **nowhere)


@each_sink
def test_the_bucket_for_large_bodies_may_be_elsewhere(name: str) -> None:
    elsewhere = config(name, **{"aws.s3.region": "eu-west-1"})
    assert (elsewhere.region, elsewhere.bucket_region) == ("eu-north-1", "eu-west-1")
    assert config(name).bucket_region == "eu-north-1"


# ---- FIFO ----


@each_fifo
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, ["t", "t", "orders-3"]),
        ("key", ["a", "b", None]),
        ("partition", ["", "", ""]),
        ("none", [None] * 3),
    ],
)
def test_order_is_that_of_the_group_unless_that_of_keys_is_asked_for(
    name: str, order: str | None, expected: list[str | None]
) -> None:
    options = FIFO[name] | {f"aws.{name}.message.group.id": "{{header:tenant}}"}
    options |= {"delivery.order": order} if order else {}
    records = [record(b"v", 0, b"a", tenant=b"t"), record(b"v", 1, b"b", tenant=b"t"), record(b"v", 2, None)]
    assert [entry.order_key for entry in prepare(name, *records, **options).entries] == expected


@each_fifo
@pytest.mark.parametrize("same", ["contents", "{{topic}}", "x-{{topic}}", ""])
def test_a_deduplication_id_that_all_records_share_is_refused(name: str, same: str) -> None:
    option = f"aws.{name}.message.deduplication.id"
    with pytest.raises(ConfigError, match="duplicates"):
        config(name, **FIFO[name], **{option: same})
    for fitting in ("position", "content", "{{header:id}}", "{{topic}}-{{offset}}"):
        config(name, **FIFO[name], **{option: fitting})


@each_fifo
def test_an_empty_deduplication_id_is_none(name: str) -> None:
    """Its hash would be the same for all such records, of which only the first would be delivered."""
    options = FIFO[name] | {f"aws.{name}.message.deduplication.id": "{{header:id}}"}
    prepared = prepare(name, record(b"v", 0, id=b""), record(b"v", 1, id=b"1"), record(b"v", 2), **options)
    assert [entry.offset for entry in prepared.entries] == [1]
    assert sorted(prepared.failed) == [0, 2]


@each_fifo
def test_an_attribute_of_the_name_of_ours_gives_way_to_it(name: str) -> None:
    options = {"message.attributes.headers": "*", "message.illegal.characters": "base64"}
    header: Any = {"kafka.encoding": b"mine"}
    (entry,) = prepare(name, record(b"\xff", 0, **header), **options).entries
    assert entry.payload.count(b"kafka.encoding") == 1
    assert b"mine" not in entry.payload
    if name == "sqs":
        sent = json.loads(b"{" + entry.payload)["MessageAttributes"]
        assert sent["kafka.encoding"]["StringValue"] == "base64"
