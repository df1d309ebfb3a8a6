"""Transforms in a real worker: new names for topics, records left out, a crash in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector.record import TopicPartition
from connector.sinks.s3.ledger.encoding import Reference, decode
from connector.testing.kafka.client import Message
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

KAFKA = "org.apache.kafka.connect.transforms."
DAY_MS = 86_400_000
COUNT = 400
LARGE = b'{"n": %d, "filler": "' + b"x" * 65_536 + b'"}'
"""Eighty of them are a part."""


@pytest.fixture
def configure(kafka: KafkaBroker, aws: AwsServer, bucket: str) -> Callable[..., WorkerProcess]:
    def configure(topic: str, options: dict[str, str]) -> WorkerProcess:
        return WorkerProcess(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "offset.flush.interval.ms": "300",
                "consumer.session.timeout.ms": "6000",
                "consumer.heartbeat.interval.ms": "500",
            },
            {
                "name": f"connector-{topic}",
                "connector.class": "s3",
                "topics": topic,
                "aws.access.key.id": aws.access_key_id,
                "aws.secret.access.key": aws.secret_access_key,
                "aws.s3.bucket.name": bucket,
                "aws.s3.endpoint": aws.url,
                "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
                "file.compression.type": "none",
                "format.output.type": "jsonl",
                "format.output.fields": "value,offset",
                "value.converter": "org.apache.kafka.connect.json.JsonConverter",
                "value.converter.schemas.enable": "false",
                **options,
            },
        )

    return configure


def rows(aws: AwsServer, bucket: str) -> dict[str, list[dict[str, Any]]]:
    """The rows in objects under each first name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, data in sorted(aws.objects(bucket).items()):
        place = found.setdefault(key.split("/")[0], [])
        if not key.startswith("_ledger/"):
            place.extend(map(json.loads, data.splitlines()))
    return found


@pytest.mark.kafka
def test_records_under_new_names_arrive_whole_and_the_offsets_stay_those_of_their_topic(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    # Days take turns, so each batch is cut many times.
    messages = [
        Message(b'{"n": %d}' % number, timestamp_ms=DAY_MS * (1 + number // 3 % 2) + number)
        for number in range(COUNT)
    ]
    produce(name, messages[: COUNT // 2], partition=0)
    routed = {
        "transforms": "prefix,day,where",
        "transforms.prefix.type": KAFKA + "RegexRouter",
        "transforms.prefix.regex": "(.*)",
        "transforms.prefix.replacement": "eu-$1",
        "transforms.day.type": KAFKA + "TimestampRouter",
        "transforms.where.type": KAFKA + "InsertField$Value",
        "transforms.where.topic.field": "topic",
    }
    with configure(name, routed) as worker:
        worker.wait_for_delivery(COUNT // 2)
        worker.kill()
        produce(name, messages[COUNT // 2 :], partition=0)
        worker.start()
        worker.wait_until(
            lambda: (
                {offset.offset for offset in committed(f"connect-{worker.name}", name).values()} == {COUNT}
            ),
            "everything is committed under the topic's own name",
        )
        assert worker.terminate() == 0, worker.log
    found = rows(aws, bucket)
    assert set(found) == {f"eu-{name}-19700102", f"eu-{name}-19700103"}
    for day, stored in found.items():
        assert {row["value"]["topic"] for row in stored} == {day}
    numbers = {row["offset"]: row["value"]["n"] for stored in found.values() for row in stored}
    assert numbers == {number: number for number in range(COUNT)}


def cut(committed: ReadCommitted, worker: WorkerProcess, topic: str) -> int | None:
    """Below which offset everything is stored, by what is committed."""
    found = committed(f"connect-{worker.name}", topic).get(0)
    if found is None or not found.metadata:
        return None
    state = decode(found.metadata, TopicPartition(topic, 0))
    return state.state.cut if isinstance(state, Reference) else state.cut


@pytest.mark.real_kafka
def test_open_objects_of_several_names_outlive_kills_and_hold_every_record_once(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    messages = [Message(LARGE % number, timestamp_ms=DAY_MS * (1 + number // 3 % 2)) for number in range(240)]
    options = {
        "transforms": "day",
        "transforms.day.type": KAFKA + "TimestampRouter",
        "file.max.records": "120",
        "file.rotate.on.commit": "false",
    }
    with configure(name, options) as worker:
        produce(name, messages[:180], partition=0)
        worker.wait_until(lambda: (cut(committed, worker, name) or 0) > 150, "a part of each is committed")
        worker.kill()
        assert not rows(aws, bucket).keys() - {"_ledger"}
        produce(name, messages[180:210], partition=0)
        worker.start()
        worker.wait_for_metric("connector_upload_bytes_resumed_total", 1)
        worker.kill()
        produce(name, messages[210:], partition=0)
        worker.start()
        worker.wait_until(
            lambda: {found.offset for found in committed(f"connect-{worker.name}", name).values()} == {240},
            "everything is visible, and committed under the topic's own name",
        )
        assert worker.terminate() == 0, worker.log
    found = rows(aws, bucket)
    # Two objects as large as they may be: neither was ended early, so each was gone on with.
    assert sorted(key for key in aws.objects(bucket) if not key.startswith("_ledger/")) == [
        f"{name}-1970010{2 + day}/0/{3 * day:020}" for day in (0, 1)
    ]
    for day in (0, 1):
        offsets = [number for number in range(240) if number // 3 % 2 == day]
        stored = found[f"{name}-1970010{2 + day}"]
        assert [row["offset"] for row in stored] == offsets
        assert [row["value"]["n"] for row in stored] == offsets


@pytest.mark.real_kafka
def test_an_upload_under_a_new_name_that_vanished_is_written_again_from_its_own_records(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    large = [LARGE % number for number in range(120)]
    options = {
        "transforms": "prefix",
        "transforms.prefix.type": KAFKA + "RegexRouter",
        "transforms.prefix.regex": "(.*)",
        "transforms.prefix.replacement": "eu-$1",
        "file.max.records": "120",
        "file.rotate.on.commit": "false",
    }
    s3 = aws.client("s3")
    with configure(name, options) as worker:
        produce(name, large[:100], partition=0)
        worker.wait_until(lambda: (cut(committed, worker, name) or 0) > 50, "a part is committed")
        worker.kill()
        for upload in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]:
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        worker.start()
        produce(name, large[100:], partition=0)
        worker.wait_until(
            lambda: {found.offset for found in committed(f"connect-{worker.name}", name).values()} == {120},
            "everything is visible",
        )
        assert worker.terminate() == 0, worker.log
        assert "written again" in worker.log
    found = rows(aws, bucket)
    assert set(found) - {"_ledger"} == {f"eu-{name}"}
    assert [row["value"]["n"] for row in found[f"eu-{name}"]] == list(range(120))


@pytest.mark.kafka
def test_records_that_a_transform_cannot_take_are_skipped_and_counted_and_the_others_arrive(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    produce(name, [b'{"n": "7"}', b'{"n": "seven"}', b"[1]", b'{"n": "8"}'], partition=0)
    tolerant = {
        "errors.tolerance": "all",
        "transforms": "number",
        "transforms.number.type": KAFKA + "Cast$Value",
        "transforms.number.spec": "n:int32",
    }
    with configure(name, tolerant) as worker:
        worker.wait_for_delivery(2)
        worker.wait_until(
            lambda: {offset.offset for offset in committed(f"connect-{worker.name}", name).values()} == {4},
            "the offset moves past what was skipped",
        )
        skipped = worker.metric("connector_records_skipped_total", stage="TRANSFORMATION")
        assert worker.terminate() == 0, worker.log
    assert skipped == 2
    assert [row["value"] for row in rows(aws, bucket)[name]] == [{"n": 7}, {"n": 8}]
