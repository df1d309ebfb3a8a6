"""Whatever the records: every request is one that EventBridge takes, counted by rules written down anew."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.dispatch.outbox import Outbox
from connector.sinks.dispatch.progress import Progress
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink
from connector.sinks.eventbridge.entries import EntryMaker, JsonWriter

ORDERS = TopicPartition("orders", 0)
MEGABYTE = 1_000_000

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
sizes = st.one_of(st.integers(0, 100), st.integers(90_000, 110_000), st.integers(990_000, 1_010_000))
values = st.one_of(
    st.none(),
    st.binary(max_size=30),
    text,
    st.builds(lambda size, letter: letter * size, sizes, st.sampled_from(["x", "é", '"'])),
    st.dictionaries(text, st.one_of(text, st.integers(-(2**64), 2**64), st.none()), max_size=4),
)
headers = st.lists(st.tuples(text, st.one_of(st.none(), text, st.binary(max_size=9))), max_size=3)
records = st.lists(
    st.tuples(values, st.one_of(st.none(), text), headers, st.one_of(st.none(), st.integers(0, 2**45))),
    min_size=1,
    max_size=25,
)
options = st.fixed_dictionaries(
    {
        "aws.eventbridge.detail": st.sampled_from(["envelope", "value"]),
        "aws.eventbridge.source": st.sampled_from(["shop", "shop.{{key}}", "{{header:a}}"]),
        "aws.eventbridge.detail.type": st.sampled_from(["{{topic}}", "{{key}}"]),
        "aws.eventbridge.resources": st.sampled_from(["", "arn:{{key}},b"]),
        "aws.eventbridge.time": st.sampled_from(["record", "none"]),
        "behavior.on.null.values": st.sampled_from(["fail", "skip", "envelope"]),
        "oversize.policy": st.sampled_from(["fail", "skip"]),
    }
)


def count(entry: dict[str, Any]) -> int:
    """User guide, "Calculating PutEvents event entry size", from the entry as it is on the wire."""
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", [])]
    return sum(len(found.encode()) for found in texts) + (14 if "Time" in entry else 0)


def requests_of(raw: dict[str, str], batch: RecordBatch) -> tuple[list[dict[str, Any]], set[int]]:
    """What would be posted, and the offsets that are accounted for otherwise."""
    config = EventBridgeConfig.parse(raw)
    sink = EventBridgeSink(config)
    prepared = EntryMaker(config, JsonWriter(), "c", "X").prepare(batch, "bus")
    limits = sink.limits("bus")
    too_large = {entry.offset for entry in prepared.entries if entry.size_bytes > limits.entry_bytes}
    entries = [entry for entry in prepared.entries if entry.offset not in too_large]
    progress = Progress(ORDERS)
    progress.take(entries, batch.next_offset)
    for entry in entries:
        entry.taken_at = 0.0
    outbox = Outbox("bus", limits)
    outbox.add(entries)
    posted = []
    while len(outbox):
        cut = outbox.cut()
        body = json.loads(b'{"Entries":[%b]}' % b",".join([entry.payload for entry in cut]))
        assert [count(entry) for entry in body["Entries"]] == [entry.size_bytes for entry in cut]
        posted.append(body)
    sent = {entry.offset for entry in entries}
    left = set(batch.offsets) - sent
    assert len(left - prepared.failed.keys() - too_large) == sum(prepared.passed_over.values())
    return posted, left


@settings(max_examples=150)
@given(options, records)
def test_every_request_is_legal_and_every_record_accounted_for(
    raw: dict[str, str], rows: list[tuple[Any, Any, Any, Any]]
) -> None:
    batch = RecordBatch.of(
        ORDERS,
        [Record(offset, key, value, at, found) for offset, (value, key, found, at) in enumerate(rows)],
    )
    posted, _ = requests_of(raw, batch)
    for body in posted:
        assert 1 <= len(body["Entries"]) <= 10
        assert sum(map(count, body["Entries"])) < MEGABYTE
        for entry in body["Entries"]:
            assert isinstance(json.loads(entry["Detail"]), dict)
            assert entry["Source"]
            assert not entry["Source"].startswith("aws.")
            assert 1 <= len(entry["DetailType"]) <= 128
