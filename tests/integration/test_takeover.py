"""What a successor need not do again: uploads go on where the last owner left them."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from connector.record import TopicPartition
from connector.sinks.s3.ledger.encoding import decode
from connector.sinks.s3.ledger.state import State
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

RECORDS = 16_000
FIRST = 12_000
SIZE = 1000
"""Of a value, so that parts of 5 MiB fill well before the object does."""
STORED_BYTES = 5 * 1024 * 1024
"""A part, at least."""


@pytest.fixture
def start(
    kafka: KafkaBroker, aws: AwsServer, bucket: str, proxy: FaultProxy
) -> Callable[[str], WorkerProcess]:
    def start(topic: str) -> WorkerProcess:
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
                "aws.s3.endpoint": proxy.url,
                "file.name.template": "{{topic}}/{{partition}}/{{start_offset}}",
                "file.compression.type": "none",
                "file.max.records": str(RECORDS),
                "file.rotate.on.commit": "false",
                "format.output.fields": "value",
                "format.output.fields.value.encoding": "none",
            },
        )

    return start


def values(start: int, count: int) -> list[bytes]:
    return [b"%0*d" % (SIZE, number) for number in range(start, start + count)]


def all_that_fills_parts_is_committed(committed: ReadCommitted, worker: WorkerProcess, topic: str) -> bool:
    found = committed(f"connect-{worker.name}", topic).get(0)
    if found is None or not found.metadata:
        return False
    state = decode(found.metadata, TopicPartition(topic, 0))
    assert isinstance(state, State)
    stored = sum(upload.parts.size_bytes for upload in state.uploads)
    return stored >= STORED_BYTES and FIRST * (SIZE + 1) - stored < STORED_BYTES


@pytest.mark.kafka
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_an_open_upload_goes_on_and_what_is_stored_is_neither_read_nor_sent_again(
    start: Callable[[str], WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    end: signal.Signals,
) -> None:
    name = topic(1)
    produce(name, values(0, FIRST), partition=0)
    with start(name) as first:
        first.wait_for_metric("connector_records_put_total", FIRST)
        first.wait_until(
            lambda: all_that_fills_parts_is_committed(committed, first, name), "no part is under way any more"
        )
        proxy.counts.clear()
        first.signal(end)
        first.wait()
    assert not proxy.counts, "an end asks nothing of S3 while one object is open"
    assert aws.objects(bucket) == {}
    produce(name, values(FIRST, RECORDS - FIRST), partition=0)
    with start(name) as second:
        second.wait_until(lambda: len(aws.objects(bucket)) == 1, "the object is there")
        assert second.metric("connector_upload_bytes_resumed_total") >= STORED_BYTES
        assert second.metric("connector_upload_bytes_repeated_total") == 0
        assert second.metric("connector_records_read_total") <= RECORDS - STORED_BYTES // (SIZE + 1)
        assert second.terminate() == 0
    assert aws.objects(bucket) == {f"{name}/0/0": b"\n".join(values(0, RECORDS))}
    assert aws.incomplete_uploads(bucket) == []
