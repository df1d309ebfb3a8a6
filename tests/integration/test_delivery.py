"""The whole way, with real workers: nothing lost, nothing reordered, nothing committed too early."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connector.signals import FORCED
from connector.testing.kafka import ExternalKafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PARTITIONS = 4


@pytest.fixture
def short_session(kafka: KafkaBroker) -> dict[str, str]:
    """Settings of a worker whose end nobody tells Kafka, so that others wait for that of its session."""
    return {"consumer.session.timeout.ms": "6000" if isinstance(kafka, ExternalKafka) else "2000"}


@pytest.fixture
def configure(
    kafka: KafkaBroker, aws: AwsServer, bucket: str, proxy: FaultProxy
) -> Callable[..., WorkerProcess]:
    def configure(topic: str, settings: dict[str, str] | None = None, **options: str) -> WorkerProcess:
        return WorkerProcess(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "offset.flush.interval.ms": "300",
                # One that stands still for a moment keeps its partitions.
                "consumer.session.timeout.ms": "15000",
                "consumer.heartbeat.interval.ms": "500",
                **(settings or {}),
            },
            {
                "name": f"connector-{topic}",
                "connector.class": "io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector",
                "topics": topic,
                "aws.access.key.id": aws.access_key_id,
                "aws.secret.access.key": aws.secret_access_key,
                "aws.s3.bucket.name": bucket,
                "aws.s3.endpoint": proxy.url,
                "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
                "file.compression.type": "none",
                "format.output.fields": "value,offset",
                "format.output.fields.value.encoding": "none",
                **{name.replace("_", "."): value for name, value in options.items()},
            }
            | ({} if topic else {"topics": ""}),
        )

    return configure


def read(aws: AwsServer, bucket: str) -> dict[int, dict[int, bytes]]:
    """Per partition, the value at each offset; checks that every object is whole and in order."""
    found: dict[int, dict[int, bytes]] = {}
    for key, data in aws.objects(bucket).items():
        partition = int(key.split("/")[1])
        rows = [line.rsplit(b",", 1) for line in data.split(b"\n")]
        offsets = [int(offset) for _, offset in rows]
        assert offsets == sorted(offsets), f"{key} is out of order"
        assert offsets[0] == int(key.rsplit("/", 1)[1])
        for value, offset in rows:
            assert int(offset) not in found.setdefault(partition, {}), f"{key} has {int(offset)} once more"
            found[partition][int(offset)] = value
    return found


def produced(count: int, seed: str = "v") -> list[bytes]:
    return [f"{seed}-{number}".encode() for number in range(count)]


def all_values(found: dict[int, dict[int, bytes]]) -> list[bytes]:
    return [value for values in found.values() for value in values.values()]


@pytest.mark.kafka
def test_every_record_arrives_once_and_the_offsets_follow(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(PARTITIONS)
    for partition in range(PARTITIONS):
        produce(name, produced(5000, f"p{partition}"), partition=partition)
    with configure(name, tasks_max="2") as worker:
        worker.wait_for_delivery(5000 * PARTITIONS)
        assert worker.terminate() == 0, worker.log
    found = read(aws, bucket)
    for partition in range(PARTITIONS):
        assert [found[partition][offset] for offset in range(5000)] == produced(5000, f"p{partition}")
    offsets = committed(f"connect-{worker.name}", name)
    assert {partition: offset.offset for partition, offset in offsets.items()} == dict.fromkeys(
        range(PARTITIONS), 5000
    )


@pytest.mark.kafka
def test_sigterm_stores_and_commits_what_was_read(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    produce(name, produced(1000), partition=0)
    with configure(name, {"offset.flush.interval.ms": "3600000"}) as worker:
        worker.wait_for_metric("connector_records_put_total", 1000)
        assert aws.objects(bucket) == {}
        assert worker.terminate() == 0, worker.log
        assert committed(f"connect-{worker.name}", name)[0].offset == 1000
    assert len(read(aws, bucket)[0]) == 1000


@pytest.mark.kafka
def test_a_second_sigterm_ends_at_once_and_commits_nothing_that_is_not_stored(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    name = topic(1)
    produce(name, produced(1000), partition=0)
    proxy.delay("UploadPart", 300)
    settings = {"offset.flush.interval.ms": "3600000", "task.shutdown.graceful.timeout.ms": "300000"}
    with configure(name, settings) as worker:
        worker.wait_for_metric("connector_records_put_total", 1000)
        worker.signal(signal.SIGTERM)
        worker.wait_until(lambda: "worker stopping" in worker.log, "the first signal is heard")
        # For half a second signals are taken for one, and it may be long until that half second is over.
        for _ in range(30):
            with suppress(ProcessLookupError):
                worker.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                worker.wait(1)
                break
        assert worker.has_ended, worker.log
        assert worker.wait() == FORCED
    assert not any(found.offset for found in committed(f"connect-{worker.name}", name).values())


@pytest.mark.kafka
def test_the_graceful_timeout_ends_a_stop_that_s3_holds_up_without_committing(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    proxy: FaultProxy,
) -> None:
    name = topic(1)
    produce(name, produced(1000), partition=0)
    proxy.delay("UploadPart", 300)
    settings = {"offset.flush.interval.ms": "3600000", "task.shutdown.graceful.timeout.ms": "1500"}
    with configure(name, settings) as worker:
        worker.wait_for_metric("connector_records_put_total", 1000)
        started = time.monotonic()
        assert worker.terminate() == 0, worker.log
        assert time.monotonic() - started < 45
    assert not any(found.offset for found in committed(f"connect-{worker.name}", name).values())


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_no_record_is_missing_after_ten_kills(
    configure: Callable[..., WorkerProcess],
    short_session: dict[str, str],
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    chance = random.Random(20)
    name = topic(PARTITIONS)
    sent: list[bytes] = []

    def send(count: int) -> None:
        more = [f"r-{len(sent) + number}".encode() for number in range(count)]
        for partition in range(PARTITIONS):
            produce(name, more[partition::PARTITIONS], partition=partition)
        sent.extend(more)

    proxy.fail("UploadPart", probability=0.05)
    proxy.cut("UploadPart", when="after", probability=0.05)
    with configure(name, short_session, tasks_max="2", file_max_records="500") as worker:
        worker.kill()
        for _ in range(10):
            send(4000)
            worker.start()
            worker.wait_for_metric("connector_records_put_total", 1)
            time.sleep(chance.uniform(0, 1))
            worker.kill()
        proxy.clear()
        send(4000)
        worker.start()
        worker.wait_until(
            lambda: set(all_values(read(aws, bucket))) == set(sent), "every record in the bucket", 90
        )
        assert worker.terminate() == 0, worker.log
    found = read(aws, bucket)
    for partition in range(PARTITIONS):
        assert [found[partition][offset] for offset in sorted(found[partition])] == [
            value
            for start in range(0, len(sent), 4000)
            for value in sent[start : start + 4000][partition::PARTITIONS]
        ]


@pytest.mark.kafka
def test_partitions_that_move_between_workers_lose_and_reorder_nothing(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(PARTITIONS)
    total = 0
    with configure(name) as first, configure(name) as second:
        second.kill()
        for round_ in range(4):
            for partition in range(PARTITIONS):
                produce(name, produced(500, f"{round_}-{partition}"), partition=partition)
            total += 500
            if round_ % 2 == 0:
                second.start()
                second.wait_for_state("RUNNING")
            else:
                assert second.terminate() == 0, second.log
        first.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{first.name}", name).values()]
                == [total] * PARTITIONS
            ),
            "all committed",
        )
        assert first.terminate() == 0, first.log
    found = read(aws, bucket)
    for partition in range(PARTITIONS):
        assert [found[partition][offset] for offset in range(total)] == [
            value for round_ in range(4) for value in produced(500, f"{round_}-{partition}")
        ]


@pytest.mark.real_kafka
@pytest.mark.timeout(240)
def test_rebalances_while_s3_is_slow_freeze_nobody(
    configure: Callable[..., WorkerProcess],
    short_session: dict[str, str],
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    name = topic(PARTITIONS)
    proxy.delay("UploadPart", 0.4)
    total = 0

    def send() -> None:
        nonlocal total
        for partition in range(PARTITIONS):
            produce(name, produced(500, f"{total}"), partition=partition)
        total += 500

    options = {"tasks_max": "2", "file_max_records": "100"}
    with configure(name, short_session, **options) as first, configure(name, short_session) as second:
        for _ in range(3):
            send()
            second.wait_for_state("RUNNING")
            second.kill()
            send()
            second.start()
        proxy.clear()
        first.wait_until(
            lambda: sum(map(len, read(aws, bucket).values())) == total * PARTITIONS, "every record is stored"
        )
        second.wait_for_state("RUNNING")  # the first may have stored all before this one could hear a signal
        assert first.terminate() == 0, first.log
        assert second.terminate() == 0, second.log


@pytest.mark.real_kafka
@pytest.mark.timeout(240)
def test_a_worker_that_was_frozen_beyond_its_session_goes_on(
    configure: Callable[..., WorkerProcess],
    short_session: dict[str, str],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    proxy: FaultProxy,
) -> None:
    name = topic(PARTITIONS)
    proxy.delay("UploadPart", 0.3)
    total = 0

    def send() -> None:
        nonlocal total
        for partition in range(PARTITIONS):
            produce(name, produced(500, f"{total}"), partition=partition)
        total += 500

    with (
        configure(name, short_session, file_max_records="100") as frozen,
        configure(name, short_session) as other,
    ):
        frozen.wait_for_state("RUNNING")
        other.wait_for_state("RUNNING")
        for _ in range(2):
            send()
            frozen.signal(signal.SIGSTOP)
            time.sleep(4)
            send()
            frozen.signal(signal.SIGCONT)
            time.sleep(1)
        send()
        # Commits, not objects: S3 fences nothing, an old request may replace a newer object.
        frozen.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{frozen.name}", name).values()]
                == [total] * PARTITIONS
            ),
            "both workers went on",
            90,
        )
        assert frozen.terminate() == 0, frozen.log
        assert other.terminate() == 0, other.log


@pytest.mark.real_kafka
def test_a_topic_that_is_made_again_is_read_from_its_beginning(
    configure: Callable[..., WorkerProcess],
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
) -> None:
    name = topic(1)
    produce(name, produced(1000, "old"), partition=0)
    with configure(name, {"consumer.metadata.max.age.ms": "1000"}) as worker:
        worker.wait_for_delivery(1000)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        admin.delete_topics([name])[name].result(30)
        time.sleep(2)
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
        time.sleep(1)
        produce(name, produced(300, "new"), partition=0)
        worker.wait_for_delivery(1300)
        assert worker.terminate() == 0, worker.log


@pytest.mark.kafka
def test_a_topic_that_is_not_there_yet_is_waited_for(
    configure: Callable[..., WorkerProcess], kafka: KafkaBroker
) -> None:
    with configure("not-there-yet-at-all") as worker:
        worker.wait_for_state("RUNNING")
        time.sleep(3)
        assert worker.task_states() == ["RUNNING"], worker.trace()
        assert worker.terminate() == 0, worker.log


@pytest.mark.kafka
def test_sigterm_while_s3_hangs_at_the_start_ends_within_the_graceful_timeout(
    configure: Callable[..., WorkerProcess], topic: CreateTopic, proxy: FaultProxy
) -> None:
    proxy.delay("HeadBucket", 300)
    with configure(topic(1), {"task.shutdown.graceful.timeout.ms": "1000"}) as worker:
        worker.wait_until(lambda: proxy.counts["HeadBucket"], "the start hangs")
        started = time.monotonic()
        assert worker.terminate() == 0, worker.log
        assert time.monotonic() - started < 45


@pytest.mark.kafka
@pytest.mark.timeout(330)
def test_a_slow_s3_pauses_the_partitions_and_memory_stays_bounded(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    kafka: KafkaBroker,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    if not kafka.is_real:
        pytest.skip("the mock cluster keeps 5 MiB per partition, too little to fill the budget")
    name = topic(PARTITIONS)
    chance = random.Random(1)
    values = [chance.randbytes(500).hex().encode() for _ in range(60_000)]
    for partition in range(PARTITIONS):
        produce(name, values, partition=partition)
    budget = 16 * 1024 * 1024
    proxy.throttle(4 * 1024 * 1024)
    settings = {"consumer.max.poll.interval.ms": "20000", "consumer.queued.max.messages.kbytes": "4096"}
    with configure(name, settings, task_memory_budget_bytes=str(budget)) as worker:
        worker.wait_until(lambda: worker.metric("connector_task_paused") == 1, "the partitions pause")
        before = resident_bytes(worker.pid)
        highest = 0.0
        for _ in range(60):
            time.sleep(0.1)
            highest = max(highest, worker.metric("connector_buffered_bytes"))
        assert highest < budget + 16 * 1024 * 1024
        assert resident_bytes(worker.pid) < before + 48 * 1024 * 1024
        assert worker.task_states() == ["RUNNING"]
        proxy.throttle(None)
        worker.wait_for_delivery(60_000 * PARTITIONS, 180)
        assert worker.terminate() == 0, worker.log
    assert {partition: len(found) for partition, found in read(aws, bucket).items()} == dict.fromkeys(
        range(PARTITIONS), 60_000
    )


@pytest.mark.kafka
def test_credentials_are_there_before_the_first_write_and_shared_by_the_tasks(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    name = topic(PARTITIONS)
    arn = aws.create_role(f"role-{name}", "tenant-1")
    for partition in range(PARTITIONS):
        produce(name, produced(100), partition=partition)
    with configure(
        name,
        tasks_max="4",
        aws_sts_role_arn=arn,
        aws_sts_role_external_id="tenant-1",
        aws_sts_role_session_name="orders",
        aws_sts_config_endpoint=proxy.url,
        aws_s3_region="eu-north-1",
    ) as worker:
        worker.wait_for_delivery(400)
        assert worker.metric("connector_credentials_expiry_timestamp_seconds", role=arn) > time.time() + 3000
        assert aws.secret_access_key not in worker.log
        assert worker.terminate() == 0, worker.log
    operations = [exchange.operation for exchange in proxy.requests]
    assert operations.index("AssumeRole") < operations.index("UploadPart")
    assert proxy.counts["AssumeRole"] == 1


@pytest.mark.kafka
def test_topics_by_regex_match_whole_names(
    configure: Callable[..., WorkerProcess], topic: CreateTopic, produce: Produce, aws: AwsServer, bucket: str
) -> None:
    name, other = topic(1), topic(1)
    produce(name, produced(10), partition=0)
    produce(other, produced(10), partition=0)
    # The last digit is missing in the second alternative: it matches the start of the name only.
    expression = rf"(?:{name}|{other[:-1]})[\d]{{0}}"
    with configure("", topics_regex=expression, name=f"connector-{name}") as worker:
        worker.wait_for_delivery(10)
        assert worker.terminate() == 0, worker.log
    assert {key.split("/")[0] for key in aws.objects(bucket)} == {name}


def resident_bytes(pid: int) -> int:
    return psutil.Process(pid).memory_info().rss
