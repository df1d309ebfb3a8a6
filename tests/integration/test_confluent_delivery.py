"""Confluent's configs from end to end, with a restart in the middle: on a real Kafka, exactly once."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

from connector import record
from connector.sinks.s3.ledger.encoding import Reference, decode
from connector.testing.kafka import ExternalKafka, Message
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

pytestmark = pytest.mark.real_kafka

FORMAT = "io.confluent.connect.s3.format."
STORAGE = "io.confluent.connect.storage.partitioner."
JSON = "org.apache.kafka.connect.json.JsonConverter"
TEN = 1488448800_000
"""Ten o'clock in UTC, on the second of March 2017."""
MINUTE = 60_000


class Rig:
    """A topic, a bucket, and workers that follow each other."""

    def __init__(
        self,
        kafka: KafkaBroker,
        aws: AwsServer,
        bucket: str,
        topic: str,
        produce: Produce,
        committed: ReadCommitted,
    ) -> None:
        self.topic = topic
        self._kafka, self._aws, self._bucket = kafka, aws, bucket
        self._produce, self._committed = produce, committed

    @property
    def short_session_ms(self) -> int:
        """Of one that is killed, whose successor waits for it."""
        return 6000 if isinstance(self._kafka, ExternalKafka) else 2000

    def worker(self, session_ms: int = 30_000, /, **options: str) -> WorkerProcess:
        """It keeps its partition while the machine is busy."""
        settings = {
            "bootstrap.servers": self._kafka.bootstrap_servers,
            "offset.flush.interval.ms": "200",
            "consumer.session.timeout.ms": str(session_ms),
            "consumer.heartbeat.interval.ms": "500",
        }
        config = {
            "name": f"connector-{self.topic}",
            "connector.class": "io.confluent.connect.s3.S3SinkConnector",
            "topics": self.topic,
            "storage.class": "io.confluent.connect.s3.storage.S3Storage",
            "s3.bucket.name": self._bucket,
            "s3.region": "us-east-1",
            "store.url": self._aws.url,
            "aws.access.key.id": self._aws.access_key_id,
            "aws.secret.access.key": self._aws.secret_access_key,
            "value.converter": JSON,
            **{name.replace("_", "."): value for name, value in options.items()},
        }
        return WorkerProcess(settings, config)

    def produce(self, values: Sequence[Any], times: Sequence[int] | None = None) -> None:
        messages = [
            Message(json.dumps(value).encode(), timestamp_ms=times[at] if times else 0)
            for at, value in enumerate(values)
        ]
        self._produce(self.topic, messages, partition=0)

    def cut(self) -> int | None:
        """Below it every record is stored, though not visible yet."""
        found = self._committed(f"connect-connector-{self.topic}", self.topic).get(0)
        if found is None or not found.metadata:
            return None
        state = decode(found.metadata, record.TopicPartition(self.topic, 0))
        return (state.state if isinstance(state, Reference) else state).cut

    def offset(self) -> int | None:
        found = self._committed(f"connect-connector-{self.topic}", self.topic).get(0)
        return found.offset if found else None

    def objects(self) -> dict[str, bytes]:
        """What readers see, by name below the topic's folder."""
        prefix = f"topics/{self.topic}/"
        return {
            key.removeprefix(prefix): data for key, data in self._aws.objects(self._bucket, prefix).items()
        }

    def file(self, offset: int, suffix: str) -> str:
        return f"{self.topic}+0+{offset:010}{suffix}"


@pytest.fixture
def rig(
    kafka: KafkaBroker,
    aws: AwsServer,
    bucket: str,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
) -> Rig:
    return Rig(kafka, aws, bucket, topic(1), produce, committed)


def test_lines_of_json_by_field_and_flush_size_go_on_after_a_kill(rig: Rig) -> None:
    """One field has enough for a part, so that both objects and their number of records are committed."""
    options = {
        "format_class": f"{FORMAT}json.JsonFormat",
        "flush_size": "90",
        "partitioner_class": f"{STORAGE}FieldPartitioner",
        "partition_field_name": "country",
        "value_converter_schemas_enable": "false",
    }
    values = [
        {"country": "NO" if at % 30 == 1 else "SE", "at": at, "text": "x" * 100_000} for at in range(100)
    ]
    rig.produce(values[:62])
    with rig.worker(rig.short_session_ms, **options) as worker:
        worker.wait_until(lambda: rig.cut() == 62, "what is open is stored, though not visible")
        worker.kill()
    assert rig.objects() == {}
    rig.produce(values[62:])
    with rig.worker(**options) as worker:
        worker.wait_until(lambda: len(rig.objects()) == 2, "ninety are visible")
        # Those beyond may come in another batch, and what is put is counted only then.
        worker.wait_for_metric("connector_records_put_total", 38)
        assert worker.metric("connector_records_put_total") == 38
        assert worker.terminate() == 0, worker.log
    found = {
        name: [json.loads(line)["at"] for line in data.splitlines()] for name, data in rig.objects().items()
    }
    assert found == {
        f"country=SE/{rig.file(0, '.json')}": [at for at in range(90) if at % 30 != 1],
        f"country=NO/{rig.file(1, '.json')}": [1, 31, 61],
    }


def test_avro_by_the_hour_of_records_is_written_once_across_a_restart(rig: Rig) -> None:
    options = {
        "format_class": f"{FORMAT}avro.AvroFormat",
        "flush_size": "1000",
        "rotate_interval_ms": str(10 * MINUTE),
        "rotate_file_on_partition_change": "false",
        "partitioner_class": f"{STORAGE}TimeBasedPartitioner",
        "path_format": "'day'=YYYY-MM-dd/'hour'=HH",
        "partition_duration_ms": "3600000",
        "locale": "en-US",
        "timezone": "UTC",
        "timestamp_extractor": "Record",
    }
    schema = {"type": "struct", "optional": False, "fields": [{"field": "at", "type": "int32"}]}
    values = [{"schema": schema, "payload": {"at": at}} for at in range(6)]
    times = [TEN + minutes * MINUTE for minutes in (0, -2, 9, -5, 10, 21)]
    rig.produce(values[:3], times[:3])
    with rig.worker(**options) as worker:
        worker.wait_until(lambda: worker.metric("connector_records_put_total") >= 3, "three are put")
        assert worker.terminate() == 0, worker.log
    assert rig.objects() == {}
    rig.produce(values[3:], times[3:])
    with rig.worker(**options) as worker:
        worker.wait_until(lambda: rig.offset() == 5, "what a later record ended is visible")
        assert worker.terminate() == 0, worker.log
    found = {
        name: [row["at"] for row in fastavro.reader(io.BytesIO(data))]  # type: ignore[call-overload, index]
        for name, data in rig.objects().items()
    }
    day = "day=2017-03-02"
    assert found == {
        f"{day}/hour=10/{rig.file(0, '.avro')}": [0, 2],
        f"{day}/hour=09/{rig.file(1, '.avro')}": [1, 3],
        f"{day}/hour=10/{rig.file(4, '.avro')}": [4],
    }
