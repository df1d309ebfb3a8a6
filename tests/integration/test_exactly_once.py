"""What happens to open uploads when somebody else changes the world: offsets, topics, options, S3."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from typer.testing import CliRunner

from connector import record
from connector.cli import app
from connector.sinks.s3.ledger.encoding import NAME, Reference, decode, encode
from connector.sinks.s3.ledger.state import State
from connector.testing.kafka import ExternalKafka, Message
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import Committed, CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

pytestmark = pytest.mark.real_kafka

STAYS_OPEN = {"file.max.bytes": "1073741824"}
PART_BYTES = 5 * 1024 * 1024
ROW_BYTES = 100_000
BY_OFFSET = "{{topic}}/{{partition}}/{{start_offset}}"
BY_KEY = "{{topic}}/{{partition}}/{{key}}/{{start_offset}}"


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.2)


class Rig:
    """One topic, one bucket, and workers that follow each other."""

    def __init__(
        self,
        kafka: KafkaBroker,
        aws: AwsServer,
        proxy: FaultProxy,
        bucket: str,
        topic: str,
        produce: Produce,
        committed: ReadCommitted,
    ) -> None:
        self.aws, self.proxy, self.bucket, self.topic = aws, proxy, bucket, topic
        self.name = f"connector-{topic}"
        self.partition = record.TopicPartition(topic, 0)
        self.admin_servers = kafka.bootstrap_servers
        self.admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        self._kafka, self._produce, self._committed = kafka, produce, committed

    def worker(self, session_ms: int = 30_000, /, **options: str) -> WorkerProcess:
        """It keeps its partition while the machine is busy; one that is killed should not for long."""
        settings = {
            "bootstrap.servers": self.admin_servers,
            "offset.flush.interval.ms": "200",
            "consumer.session.timeout.ms": str(session_ms),
            "consumer.heartbeat.interval.ms": "500",
            "consumer.metadata.max.age.ms": "1000",
            # What is there before it starts comes in one batch, and so is in one part: by default it would
            # come in several, between which there may be time for a commit and a signal.
            "consumer.max.partition.fetch.bytes": str(32 * 1024 * 1024),
        }
        return WorkerProcess(settings, self.config(**options))

    def config(self, **options: str) -> dict[str, str]:
        return {
            "name": self.name,
            "connector.class": "s3",
            "topics": self.topic,
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.s3.bucket.name": self.bucket,
            "aws.s3.endpoint": self.proxy.url,
            "file.name.template": BY_OFFSET,
            "file.compression.type": "none",
            "format.output.fields": "value,offset",
            "format.output.fields.value.encoding": "none",
            **{name.replace("_", "."): value for name, value in options.items()},
        }

    def produce(
        self, count: int, *, size: int = ROW_BYTES, key: bytes | None = None, seed: str = "r"
    ) -> None:
        rows = [Message(f"{seed}{number}".encode().ljust(size, b"."), key) for number in range(count)]
        self._produce(self.topic, rows, partition=0)

    def offset(self) -> int | None:
        found = self._committed(f"connect-{self.name}", self.topic).get(0)
        return found.offset if found else None

    def committed(self) -> Committed:
        return self._committed(f"connect-{self.name}", self.topic)[0]

    def state(self) -> State | Reference | None:
        found = self._committed(f"connect-{self.name}", self.topic).get(0)
        return decode(found.metadata, self.partition) if found and found.metadata else None

    def commit(self, offset: int, metadata: str = "", partition: int = 0) -> None:
        """As tools do it, which they can once the group is empty."""
        where = TopicPartition(self.topic, partition, offset, metadata=metadata)
        request = ConsumerGroupTopicPartitions(f"connect-{self.name}", [where])

        def is_taken() -> bool:
            (answer,) = self.admin.alter_consumer_group_offsets([request]).values()
            try:
                return all(found.error is None for found in answer.result(30).topic_partitions)
            except KafkaException:
                return False

        wait_until(is_taken, "the offset is changed")

    def leave_open(self, *, kills: bool = False, **options: str) -> State | Reference:
        """A worker takes what is there and is stopped, or killed, while its uploads are open."""
        session_ms = 30_000 if not kills else 6000 if isinstance(self._kafka, ExternalKafka) else 2000
        with self.worker(session_ms, **STAYS_OPEN, **options) as worker:
            worker.wait_until(lambda: self._is_durable(worker), "an open upload is committed")
            if kills:
                worker.kill()
            else:
                assert worker.terminate() == 0, worker.log
        found = self.state()
        assert found is not None
        return found

    def _is_durable(self, worker: WorkerProcess) -> bool:
        if worker.trace():
            raise AssertionError(worker.trace())
        found = self.state()
        return isinstance(found, Reference) or (
            found is not None and any(upload.durable for upload in found.uploads)
        )

    def finish(self, offset: int, **options: str) -> None:
        """A worker delivers all that there is below the offset."""
        with self.worker(**options) as worker:
            worker.wait_until(worker.task_states, "tasks")
            worker.wait_until(
                lambda: bool(worker.trace()) or self.offset() == offset, f"{offset} is committed"
            )
            assert worker.trace() == ""
            assert worker.terminate() == 0, worker.log

    def failure(self, **options: str) -> str:
        """Why a task that is started now fails; the committed offset stays."""
        before = self.offset()
        with self.worker(**options) as worker:
            worker.wait_for_state("FAILED")
            trace = worker.trace()
            assert worker.terminate() == 0, worker.log
        assert self.offset() == before
        return trace.strip().splitlines()[-2]

    def visible(self, bucket: str | None = None) -> dict[str, list[int]]:
        """The offsets in each object that readers see."""
        found = {}
        for key, data in self.aws.objects(bucket or self.bucket).items():
            if not key.startswith("_"):
                found[key] = [int(offset) for offset in re.findall(rb",(\d+)(?:\n|$)", data)]
        return found

    def assert_once(self, *expected: int, bucket: str | None = None) -> None:
        offsets = [offset for found in self.visible(bucket).values() for offset in found]
        assert sorted(offsets) == list(expected)

    def names(self) -> set[str]:
        return {key.removeprefix(f"{self.topic}/") for key in self.visible()}


@pytest.fixture
def rig(
    kafka: KafkaBroker,
    aws: AwsServer,
    proxy: FaultProxy,
    bucket: str,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
) -> Rig:
    return Rig(kafka, aws, proxy, bucket, topic(1), produce, committed)


def uploads(state: State | Reference) -> State:
    assert isinstance(state, State)
    return state


# ---- nobody changes anything ----


@pytest.mark.parametrize("kills", [False, True], ids=["SIGTERM", "kill -9"])
def test_a_successor_goes_on_with_the_upload_and_sends_no_part_again(rig: Rig, *, kills: bool) -> None:
    rig.produce(60)
    state = uploads(rig.leave_open(kills=kills))
    assert rig.visible() == {}
    (upload,) = state.uploads
    assert upload.durable is not None
    assert (state.cut, upload.durable.first) == (upload.durable.end, 0)
    before = rig.proxy.counts.copy()
    rig.produce(5)
    rig.finish(65)
    rig.assert_once(*range(65))
    assert rig.names() == {"0/0"}
    after = rig.proxy.counts - before
    assert after["CreateMultipartUpload"] == 0
    assert (after["UploadPart"], after["CompleteMultipartUpload"]) == (1, 1)
    assert rig.aws.incomplete_uploads(rig.bucket) == []


def several_objects(rig: Rig) -> int:
    """Two keys whose records are mixed, one of which has enough for a part; how many records."""
    for number in range(60):
        rig.produce(1, key=b"large", seed=str(number))
        rig.produce(1, key=b"small", size=10, seed=str(number))
    return 120


def test_several_open_objects_are_gone_on_with_by_a_state_object_which_is_deleted_then(rig: Rig) -> None:
    count = several_objects(rig)
    state = rig.leave_open(file_name_template=BY_KEY)
    assert isinstance(state, Reference)
    assert state.state.cut == count
    assert state.found_in.key.startswith(f"_ledger/{rig.name}/{rig.topic}-0/")
    assert rig.visible() == {}
    rig.finish(count, file_name_template=BY_KEY)
    rig.assert_once(*range(count))
    assert rig.names() == {"0/large/0", "0/small/1"}
    assert rig.aws.objects(rig.bucket, "_ledger/") == {}
    assert rig.aws.incomplete_uploads(rig.bucket) == []


# ---- offsets ----


def test_an_offset_that_was_reset_without_metadata_is_read_on_from_and_its_upload_is_left(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.commit(0)
    rig.finish(60)
    rig.assert_once(*range(60))
    assert len(rig.aws.incomplete_uploads(rig.bucket)) == 1


def test_an_offset_that_was_set_further_on_leaves_out_what_is_before(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.commit(40)
    rig.finish(60)
    rig.assert_once(*range(40, 60))


def test_an_offset_that_was_changed_while_its_metadata_was_kept_fails_with_both_numbers(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.commit(7, rig.committed().metadata)
    failure = rig.failure()
    assert f"committed offset of {rig.topic}-0 is 7" in failure
    assert "that of 0" in failure
    assert "without metadata" in failure
    rig.commit(0)
    rig.finish(60)
    rig.assert_once(*range(60))


def test_deleted_offsets_are_those_of_a_new_connector(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    group = f"connect-{rig.name}"

    def is_deleted() -> bool:
        (answer,) = rig.admin.delete_consumer_groups([group]).values()
        return answer.exception(30) is None

    wait_until(is_deleted, "the group is deleted")
    rig.finish(60)
    rig.assert_once(*range(60))


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("of another program", "is not of this connector: it begins with 'of another program'"),
        (f"{NAME}:1:AAAAAAAAAAAAAAAA", "is damaged"),
        (f"{NAME}:2:AAAA", "was committed by a later release, with state of version 2"),
    ],
    ids=["foreign", "damaged", "of a later release"],
)
def test_metadata_that_cannot_be_read_fails_with_partition_and_remedy(
    rig: Rig, metadata: str, told: str
) -> None:
    rig.produce(5, size=10)
    rig.commit(3, metadata)
    failure = rig.failure()
    assert f"{rig.topic}-0" in failure
    assert told in failure
    assert "run a release that knows it" in failure or "to the same number without metadata" in failure
    rig.commit(3)
    rig.finish(5)
    rig.assert_once(3, 4)


# ---- state objects ----


@pytest.mark.parametrize("becomes", [b"", b"something else", None], ids=["empty", "another", "missing"])
def test_without_its_state_object_a_task_fails_and_after_a_reset_nothing_is_lost(
    rig: Rig, becomes: bytes | None
) -> None:
    count = several_objects(rig)
    state = rig.leave_open(file_name_template=BY_KEY)
    assert isinstance(state, Reference)
    where = {"Bucket": rig.bucket, "Key": state.found_in.key}
    s3 = rig.aws.client("s3")
    kept = s3.get_object(**where)["Body"].read()
    if becomes is None:
        s3.delete_object(**where)
    else:
        s3.put_object(**where, Body=becomes)
    failure = rig.failure(file_name_template=BY_KEY)
    assert state.found_in.key in failure
    assert f"{rig.topic}-0 to the same number without metadata" in failure
    if becomes is None:
        s3.put_object(**where, Body=kept)
    else:
        rig.commit(rig.committed().offset)
    rig.finish(count, file_name_template=BY_KEY)
    rig.assert_once(*range(count))


# ---- uploads ----


def abort_all(rig: Rig) -> int:
    found = rig.aws.incomplete_uploads(rig.bucket)
    for key, upload_id in found:
        rig.aws.client("s3").abort_multipart_upload(Bucket=rig.bucket, Key=key, UploadId=upload_id)
    return len(found)


def test_an_upload_that_was_aborted_from_outside_is_written_again_from_the_records_of_its_group(
    rig: Rig,
) -> None:
    count = several_objects(rig)
    rig.leave_open(file_name_template=BY_KEY)
    assert abort_all(rig) == 1
    rig.produce(3, size=10, key=b"small", seed="new")
    rig.finish(count + 3, file_name_template=BY_KEY)
    rig.assert_once(*range(count + 3))
    assert {"0/large/0", "0/small/1"} <= rig.names()


def test_an_upload_that_is_aborted_while_its_worker_runs_is_written_again(rig: Rig) -> None:
    rig.produce(60)
    with rig.worker(**STAYS_OPEN) as worker:
        worker.wait_until(lambda: rig._is_durable(worker), "an open upload is committed")
        assert abort_all(rig) == 1
        rig.produce(60)
        worker.wait_until(
            lambda: len(rig.aws.incomplete_uploads(rig.bucket)) == 1 and rig._is_durable(worker),
            "another upload",
        )
        assert worker.terminate() == 0, worker.log
    rig.finish(120)
    rig.assert_once(*range(120))


def test_an_aborted_upload_named_by_the_wall_clock_fails_and_after_a_reset_nothing_is_lost(rig: Rig) -> None:
    rig.produce(60)
    template = BY_OFFSET + "-{{timestamp:unit=yyyy}}"
    rig.leave_open(file_name_template=template)
    assert abort_all(rig) == 1
    failure = rig.failure(file_name_template=template)
    assert "The unfinished upload of" in failure
    assert "wall clock" in failure
    assert f"{rig.topic}-0 to the same number without metadata" in failure
    rig.commit(rig.committed().offset)
    rig.finish(60, file_name_template=template)
    rig.assert_once(*range(60))


@pytest.mark.parametrize("was_moved", [True, False], ids=["moved by a reader", "aborted by a rule"])
def test_a_sealed_upload_that_is_gone_for_more_than_a_day_fails_with_what_to_do_in_both_cases(
    rig: Rig, *, was_moved: bool
) -> None:
    rig.produce(60)
    state = uploads(rig.leave_open())
    (upload,) = state.uploads
    sealed = replace(upload, is_sealed=True, is_closing=True, created_ms=upload.created_ms - 2 * 86_400_000)
    rig.commit(0, encode(replace(state, uploads=(sealed,))) or "")
    abort_all(rig)
    failure = rig.failure()
    assert "more than a day old" in failure
    assert f"if it was moved, set the committed offset of {rig.topic}-0 to {state.cut} without" in failure
    assert state.cut is not None
    start = state.cut if was_moved else 0
    rig.commit(start)
    rig.finish(60)
    rig.assert_once(*range(start, 60))


def test_a_sealed_upload_that_is_gone_counts_as_completed_if_the_object_has_its_nonce(rig: Rig) -> None:
    rig.produce(60)
    state = uploads(rig.leave_open())
    (upload,) = state.uploads
    sealed = replace(upload, is_sealed=True, is_closing=True, created_ms=upload.created_ms - 2 * 86_400_000)
    rig.commit(0, encode(replace(state, uploads=(sealed,))) or "")
    s3 = rig.aws.client("s3")
    where = {"Bucket": rig.bucket, "Key": upload.key, "UploadId": upload.upload_id}
    listed = s3.list_parts(**where)["Parts"]
    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in listed]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    rig.finish(60)
    rig.assert_once(*range(60))


def test_an_open_upload_whose_object_is_there_tells_that_the_committed_state_is_an_old_one(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    old = rig.committed()
    rig.finish(60)
    rig.commit(old.offset, old.metadata)
    failure = rig.failure()
    assert "the state is older than the bucket" in failure
    assert "without metadata" in failure


# ---- topics ----


def test_a_topic_that_was_made_again_is_read_from_its_beginning_and_what_was_open_of_it_is_left(
    rig: Rig,
) -> None:
    """Kafka deletes the offsets of a topic with it."""
    rig.produce(60, key=b"old")
    rig.leave_open(file_name_template=BY_KEY)
    make_again(rig)
    rig.produce(5, key=b"new", size=10)
    rig.finish(5, file_name_template=BY_KEY)
    rig.assert_once(*range(5))
    assert rig.names() == {"0/new/0"}
    assert len(rig.aws.incomplete_uploads(rig.bucket)) == 1


def test_where_the_state_of_an_earlier_topic_survives_what_was_stored_of_it_becomes_an_object(
    rig: Rig,
) -> None:
    rig.produce(60, key=b"old")
    rig.leave_open(file_name_template=BY_KEY)
    kept = rig.committed()
    make_again(rig)
    rig.commit(kept.offset, kept.metadata)
    rig.produce(5, key=b"new", size=10)
    with rig.worker(file_name_template=BY_KEY) as worker:
        worker.wait_until(lambda: rig.names() == {"0/old/0", "0/new/0"}, "objects of both")
        assert worker.terminate() == 0, worker.log
    found = {key.split("/")[2]: offsets for key, offsets in rig.visible().items()}
    assert found == {"new": list(range(5)), "old": list(range(60))}
    assert rig.offset() == 5


def make_again(rig: Rig) -> None:
    rig.admin.delete_topics([rig.topic])[rig.topic].result(30)

    def attempt() -> bool:
        try:
            rig.admin.create_topics([NewTopic(rig.topic, 1, 1)])[rig.topic].result(30)
        except Exception:  # noqa: BLE001 - it is still being deleted
            return False
        return True

    wait_until(attempt, "the topic is made again")


def test_partitions_that_are_added_are_delivered_beside_uploads_that_are_open(
    rig: Rig, committed: ReadCommitted
) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.admin.create_partitions([NewPartitions(rig.topic, 2)])[rig.topic].result(30)
    # The producer of other tests knows the topic as it was.
    producer = Producer({"bootstrap.servers": rig.admin_servers})
    wait_until(lambda: len(producer.list_topics(rig.topic).topics[rig.topic].partitions) == 2, "2 of them")
    for _ in range(5):
        producer.produce(rig.topic, b"v", partition=1)
    assert producer.flush(30) == 0
    with rig.worker() as worker:
        worker.wait_until(
            lambda: (
                {where: found.offset for where, found in committed(f"connect-{rig.name}", rig.topic).items()}
                == {0: 60, 1: 5}
            ),
            "both are delivered",
        )
        assert worker.terminate() == 0, worker.log
    assert {key: len(offsets) for key, offsets in rig.visible().items()} == {
        f"{rig.topic}/0/0": 60,
        f"{rig.topic}/1/0": 5,
    }


def test_records_whose_retention_has_passed_are_missing_and_nothing_is_doubled(rig: Rig) -> None:
    rig.produce(60)
    state = uploads(rig.leave_open())
    assert state.cut is not None
    rig.produce(20)
    first = state.cut + 10
    deleted = rig.admin.delete_records([TopicPartition(rig.topic, 0, first)])
    for answer in deleted.values():
        answer.result(30)
    rig.finish(80)
    rig.assert_once(*range(state.cut), *range(first, 80))


# ---- options ----


@pytest.mark.parametrize(
    ("changed", "name", "start"),
    [
        ({"file.name.template": "other/{{topic}}/{{partition}}/{{start_offset}}"}, "other/{}/0/{}", None),
        ({"file.compression.type": "gzip"}, "{}/0/{}", b"\x1f\x8b"),
        ({"format.output.type": "jsonl"}, "{}/0/{}", b'{"'),
        ({"format.output.type": "parquet"}, "{}/0/{}", b"PAR1"),
    ],
    ids=["template", "compression", "format", "format with a footer"],
)
def test_other_options_begin_another_object_and_what_was_open_ends_as_it_began(
    rig: Rig, changed: dict[str, str], name: str, start: bytes | None
) -> None:
    rig.produce(60)
    state = uploads(rig.leave_open())
    (upload,) = state.uploads
    assert state.cut is not None
    rig.produce(5)
    rig.finish(65, **changed)
    found = rig.aws.objects(rig.bucket)
    after = name.format(rig.topic, state.cut)
    assert found.keys() == {upload.key, after}
    assert rig.visible()[upload.key] == list(range(state.cut))
    if start:
        assert found[after].startswith(start)
    else:
        rig.assert_once(*range(65))


@pytest.mark.parametrize("has_tails", [False, True], ids=["parts", "parts and tails"])
def test_what_was_open_in_another_bucket_ends_there(rig: Rig, *, has_tails: bool) -> None:
    if has_tails:
        count = several_objects(rig)
    else:
        rig.produce(count := 60)
    template = BY_KEY if has_tails else BY_OFFSET
    state = rig.leave_open(file_name_template=template)
    cut = state.state.cut if isinstance(state, Reference) else state.cut
    assert cut is not None
    before, rig.bucket = rig.bucket, f"bucket-{uuid.uuid4().hex[:12]}"
    rig.aws.create_bucket(rig.bucket)
    rig.produce(3, size=10, key=b"small")
    rig.finish(count + 3, file_name_template=template)
    rig.assert_once(*range(cut), bucket=before)
    rig.assert_once(*range(cut, count + 3))
    assert rig.aws.incomplete_uploads(before) == []
    assert rig.aws.objects(before, "_ledger/") == rig.aws.objects(rig.bucket, "_ledger/") == {}


def test_at_least_once_after_exactly_once_delivers_what_was_open_once_more_or_for_the_first_time(
    rig: Rig,
) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.finish(60, delivery_guarantee="at-least-once")
    rig.assert_once(*range(60))
    assert rig.committed().metadata == ""
    rig.produce(5, size=10)
    rig.finish(65)
    rig.assert_once(*range(65))


def test_another_name_of_the_connector_begins_from_the_beginning(rig: Rig) -> None:
    rig.produce(60)
    rig.leave_open()
    rig.name += "-2"
    rig.finish(60)
    rig.assert_once(*range(60))
    assert len(rig.aws.incomplete_uploads(rig.bucket)) == 1


# ---- connector offsets ----


def told(rig: Rig, tmp_path: Path, *options: str, **config: str) -> tuple[int, Any]:
    """What the command says; with the connector's file if there is a config."""
    worker = tmp_path / "worker.properties"
    worker.write_text(f"bootstrap.servers={rig.admin_servers}\n")
    named = rig.name
    if config:
        file = tmp_path / "connector.json"
        file.write_text(json.dumps(rig.config(**config)))
        named = str(file)
    result = CliRunner().invoke(app, ["offsets", named, "--worker", str(worker), *options])
    assert result.exit_code in {0, 1}, result.output
    return result.exit_code, json.loads(result.stdout) if "--json" in options else result.stdout


def test_the_command_shows_open_uploads_by_name_alone(rig: Rig, tmp_path: Path) -> None:
    assert told(rig, tmp_path) == (0, f"Group connect-{rig.name} has committed nothing.\n")
    rig.produce(60)
    state = uploads(rig.leave_open())
    code, found = told(rig, tmp_path, "--json")
    (partition,) = found["partitions"]
    (upload,) = partition["uploads"]
    assert (code, partition["offset"], partition["cut"]) == (0, 0, state.cut)
    assert (upload["state"], upload["records"], upload["parts"]) == ("open", 60, 1)
    assert (upload["key"], upload["upload_id"]) == rig.aws.incomplete_uploads(rig.bucket)[0]
    assert upload["bytes"] > PART_BYTES
    assert upload["age_seconds"] < 300
    code, text = told(rig, tmp_path)
    assert f"{rig.topic}-0: offset 0, read from {state.cut}" in text
    assert f"open s3://{rig.bucket}/{rig.topic}/0/0: 60 records from 0" in text


def test_the_command_reads_a_state_object_where_the_file_tells_how(rig: Rig, tmp_path: Path) -> None:
    count = several_objects(rig)
    state = rig.leave_open(file_name_template=BY_KEY)
    assert isinstance(state, Reference)
    code, found = told(rig, tmp_path, "--json")
    (partition,) = found["partitions"]
    assert (code, partition["state_object"]) == (1, state.found_in.key)
    assert "connector's file" in partition["remedy"]
    code, found = told(rig, tmp_path, "--json", file_name_template=BY_KEY)
    (partition,) = found["partitions"]
    assert (code, partition["state_object"], partition["cut"]) == (0, state.found_in.key, count)
    assert sum(upload["records"] for upload in partition["uploads"]) == count
    rig.aws.client("s3").delete_object(Bucket=rig.bucket, Key=state.found_in.key)
    code, found = told(rig, tmp_path, "--json", file_name_template=BY_KEY)
    assert code == 1
    assert "is missing" in found["partitions"][0]["fault"]


def test_the_command_shows_foreign_damaged_and_changed_metadata_as_that(rig: Rig, tmp_path: Path) -> None:
    rig.produce(60)
    rig.leave_open()
    kept = rig.committed().metadata
    for offset, metadata, fault in (
        (3, "of another program", "is not of this connector"),
        (0, kept[:-3] + "AAA", "is damaged"),
        (0, f"{NAME}:2:AAAA", "a later release"),
        (5, kept, "the state is that of 0"),
    ):
        rig.commit(offset, metadata)
        code, found = told(rig, tmp_path, "--json")
        (partition,) = found["partitions"]
        assert (code, partition["offset"]) == (1, offset)
        assert fault in partition["fault"]
        code, text = told(rig, tmp_path)
        assert (code, fault in text, "to do: " in text) == (1, True, True)
