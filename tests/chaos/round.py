"""One round: a topic, a bucket, workers; the plan happens to them; then what is visible is judged."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.record import TopicPartition
from connector.sinks.s3.ledger.encoding import Reference, decode, decode_object
from connector.testing.kafka import KafkaClient, MavenKafka
from tests.chaos.cluster import ChaosWorker, Cluster
from tests.chaos.commits import history
from tests.chaos.profile import PROFILES
from tests.chaos.source import Source, contents, create_topic
from tests.chaos.verify import Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import KafkaBroker
    from connector.testing.s3 import IncompleteUpload
    from tests.chaos.nursery import Nursery
    from tests.chaos.plan import Plan
    from tests.chaos.profile import Profile
    from tests.chaos.source import Record

_DRAIN_SECONDS = 60.0
_LOOK_SECONDS = 0.3
_STATE = "_ledger/"


class Rig:
    """The servers that rounds share."""

    def __init__(self, kafka: KafkaBroker, aws: AwsServer, nursery: Nursery) -> None:
        self.kafka = kafka
        self.aws = aws
        self.nursery = nursery
        self.client = KafkaClient(kafka)
        self.role = aws.create_role(f"chaos-{uuid.uuid4().hex[:8]}", "chaos")
        self.lock = threading.Lock()
        """Of what only one round at a time may do: boto clients, the broker."""

    @property
    def servers(self) -> str:
        return self.kafka.bootstrap_servers

    def restart_broker(self, seconds: float) -> bool:
        """Kill -9, and start it again; other rounds that are under way live through it as well.

        Returns:
            Whether this Kafka can.
        """
        if not isinstance(self.kafka, MavenKafka):
            return False
        with self.lock:
            self.kafka.kill()
            time.sleep(seconds)
            self.kafka.start()
        return True


@dataclass
class Outcome:
    """What a round came to.

    Attributes:
        drained: The connector said in time that everything is delivered.
        orphans: Uploads that remain though nobody works on them any more.
        unannounced: Those of them that no accepted commit ever named: their creation was under way, or
            unanswered, when their worker ended.
        states_left: State objects that remain.
        resumed_bytes: Taken over from predecessors.
        repeated_bytes: Written again.
        failures: Of tasks, and of workers that did not leave.
        notes: What could not be done as planned.
        starts: Of worker processes.
    """

    plan: Plan
    verdict: Verdict = field(default_factory=Verdict)
    drained: bool = False
    orphans: int = 0
    unannounced: int = 0
    states_left: int = 0
    resumed_bytes: int = 0
    repeated_bytes: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    starts: int = 0
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """How long each took, in seconds."""

    @property
    def is_right(self) -> bool:
        return self.verdict.is_right and self.drained and not self.failures


def run(plan: Plan, rig: Rig, logs: Path | None = None) -> Outcome:
    """Let a plan happen.

    Args:
        plan: What happens.
        rig: To whose servers.
        logs: The folder where logs of workers are kept, if the round fails.
    """
    started = time.monotonic()
    outcome = Outcome(plan)
    profile = PROFILES[plan.profile]
    topic = create_topic(rig.servers, plan.partitions)
    with rig.lock:
        rig.aws.create_bucket(topic)
        rig.aws.client("s3").put_bucket_versioning(
            # What was deleted or replaced can be looked at afterwards.
            Bucket=topic,
            VersioningConfiguration={"Status": "Enabled"},
        )

    def make(number: int) -> ChaosWorker:
        is_last = number == len(plan.tasks)
        options = {**profile.options, **({"file.rotate.on.commit": "true"} if is_last else {})}
        tasks = 1 if is_last else plan.tasks[number]
        return ChaosWorker(
            number,
            rig.aws,
            rig.nursery,
            {"bootstrap.servers": rig.servers},
            {**_connector(topic, rig, plan), **options, "tasks.max": str(tasks)},
            may_delete=plan.may_delete,
        )

    with Cluster(make, len(plan.tasks)) as cluster:
        try:
            _happen(plan, cluster, rig, profile, topic, outcome)
            expected = contents(rig.servers, topic, plan.partitions)
            outcome.phases["plan"] = time.monotonic() - started
            outcome.drained = _drain(plan, cluster, rig, topic, expected)
            _wait_for_held(cluster)
            outcome.phases["drain"] = time.monotonic() - started
            cluster.stop()
            outcome.phases["stop"] = time.monotonic() - started
            with rig.lock:
                objects = rig.aws.objects(topic)
            outcome.states_left = sum(key.startswith(_STATE) for key in objects)
            visible = {key: content for key, content in objects.items() if not key.startswith(_STATE)}
            outcome.verdict = verify(visible, expected, profile)
            _count_orphans(rig, topic, outcome)
        except (AssertionError, TimeoutError) as error:
            outcome.failures.append(str(error)[:2000])
        for worker in cluster.workers:
            outcome.failures += worker.failures
            outcome.notes += [f"worker {worker.number} logged {text[:300]}" for text in worker.complaints]
            outcome.starts += worker.restarts
        outcome.resumed_bytes = cluster.metric("connector_upload_bytes_resumed_total")
        outcome.repeated_bytes = cluster.metric("connector_upload_bytes_repeated_total")
        outcome.seconds = time.monotonic() - started
        if logs and not outcome.is_right:
            _keep(cluster, plan, rig, topic, outcome, logs)
    with rig.lock:
        _delete(rig, topic)
    return outcome


def _connector(topic: str, rig: Rig, plan: Plan) -> dict[str, str]:
    role = {
        "aws.sts.role.arn": rig.role,
        "aws.sts.role.external.id": "chaos",
        "aws.sts.role.session.name": "chaos",
        "aws.sts.region": "us-east-1",
    }
    return {
        "name": topic,
        "connector.class": "s3",
        "topics": topic,
        "aws.access.key.id": rig.aws.access_key_id,
        "aws.secret.access.key": rig.aws.secret_access_key,
        "aws.s3.bucket.name": topic,
        "aws.s3.region": "us-east-1",
        "aws.retry.backoff.ms": "50",
        "aws.retry.backoff.max.ms": "400",
        "aws.read.timeout.ms": "3000",
        **(role if plan.has_role else {}),
    }


def _happen(plan: Plan, cluster: Cluster, rig: Rig, profile: Profile, topic: str, outcome: Outcome) -> None:
    source = Source(rig.servers, topic, plan, profile)
    for worker in cluster.workers[: plan.first]:
        worker.start()
    source.start()
    try:
        started = time.monotonic()
        cluster.workers[0].wait_until_running()
        began = time.monotonic()
        outcome.phases["start"] = began - started
        for action in plan.actions:
            time.sleep(max(0.0, began + action.at - time.monotonic()))
            if action.verb != "restart broker":
                cluster.act(action)
            elif not rig.restart_broker(action.amount):
                outcome.notes.append("this broker cannot be restarted")
        time.sleep(max(0.0, began + plan.seconds - time.monotonic()))
    finally:
        source.stop()
    cluster.calm()


def _drain(
    plan: Plan, cluster: Cluster, rig: Rig, topic: str, expected: Mapping[int, Mapping[int, Record]]
) -> bool:
    """Wait until the connector says by its commits that all is delivered."""
    if plan.drains_anew:
        cluster.replace_all()
    ends = {partition: max(records) + 1 for partition, records in expected.items() if records}
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        committed = rig.client.committed(f"connect-{topic}", topic)
        if all(where in committed and committed[where].offset >= end for where, end in ends.items()):
            return True
        cluster.restart_failed()
        time.sleep(_LOOK_SECONDS)
    return False


def _wait_for_held(cluster: Cluster) -> None:
    while cluster.holding:
        time.sleep(0.05)
    time.sleep(0.1)


def _count_orphans(rig: Rig, topic: str, outcome: Outcome) -> None:
    with rig.lock:
        orphans = rig.aws.incomplete_uploads(topic)
    if orphans:
        announced = _announced(rig, topic)
        outcome.orphans = len(orphans)
        outcome.unannounced = sum(upload.upload_id not in announced for upload in orphans)
        outcome.notes += [_story(upload, announced) for upload in orphans]


def _story(upload: IncompleteUpload, announced: Mapping[str, str]) -> str:
    return f"orphan {upload.key}: {announced.get(upload.upload_id, 'no commit ever named it')}"


def _announced(rig: Rig, topic: str) -> dict[str, str]:
    """By upload id, what the last commit that names it says."""
    found: dict[str, str] = {}
    for commit in history(rig.servers, f"connect-{topic}"):
        if not commit.metadata:
            continue
        partition = TopicPartition(topic, commit.partition)
        state = decode(commit.metadata, partition)
        if isinstance(state, Reference):
            content = _first_version(rig, topic, state.found_in.key)
            if content is None:
                continue
            state, _ = decode_object(content, state, partition)
        for upload in state.uploads:
            found[upload.upload_id] = (
                f"last named by the commit of {commit.offset}, cut {state.cut}, sealed {upload.is_sealed},"
                f" first {upload.first}, {upload.parts.count} parts"
            )
    return found


def _first_version(rig: Rig, bucket: str, key: str) -> bytes | None:
    """Also of an object that is deleted."""
    s3 = rig.aws.client("s3")
    with rig.lock:
        versions = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", ())
        if not versions:
            return None
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=versions[0]["VersionId"])["Body"]
        return bytes(body.read())


def _keep(cluster: Cluster, plan: Plan, rig: Rig, topic: str, outcome: Outcome, logs: Path) -> None:
    folder = logs / f"{plan.seed}-{plan.profile}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for worker in cluster.workers:
        (folder / f"worker-{worker.number}.log").write_text(worker.log)
        (folder / f"requests-{worker.number}.txt").write_text(
            "\n".join(map(str, worker.proxy.requests)) + "\n"
        )
    (folder / "commits.txt").write_text("".join(_told(rig, topic)))
    (folder / "outcome.txt").write_text(
        "\n".join([str(plan), *outcome.verdict.examples, *outcome.failures, *outcome.notes, ""])
    )


def _told(rig: Rig, topic: str) -> list[str]:
    found = [commit for commit in history(rig.servers, f"connect-{topic}") if commit.metadata]
    return [
        f"{where} {offset} {decode(metadata, TopicPartition(topic, where))}\n"
        for where, offset, metadata in found
    ]


def _delete(rig: Rig, bucket: str) -> None:
    """A test server keeps objects in memory."""
    s3 = rig.aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for entry in entries:
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
    for upload in rig.aws.incomplete_uploads(bucket):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=upload.upload_id)
    s3.delete_bucket(Bucket=bucket)
