"""One round: a topic, a bucket, workers; the plan happens to them; then what is visible is judged."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException

from connector.testing.aws import AwsServer
from connector.testing.kafka import KafkaClient, MavenKafka
from connector.testing.nursery import Nursery
from tests.chaos.cluster import ChaosWorker, Cluster
from tests.chaos.evidence import Evidence
from tests.chaos.outcome import Outcome
from tests.chaos.profile import PROFILES
from tests.chaos.source import Source, contents, create_topic
from tests.chaos.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector.testing.kafka import KafkaBroker
    from connector.testing.kafka.link import KafkaLink
    from tests.chaos.plan import Action, Plan
    from tests.chaos.source import Record

_DRAIN_SECONDS = 90.0
_LOOK_SECONDS = 0.3
_STATE = "_ledger/"
_ANOTHER = {"none": "gzip", "gzip": "zstd", "zstd": "none"}
_TIGHT = {"task.memory.budget.bytes": str(16 << 20), "file.max.open.objects": "3"}


class Rig:
    """The servers that rounds share."""

    def __init__(self, kafka: KafkaBroker, aws: AwsServer, nursery: Nursery, link: KafkaLink | None) -> None:
        """Args: ``link`` is the way of workers to Kafka, where there is one that can be broken."""
        self.kafka = kafka
        self.link = link
        self.aws = aws
        self.nursery = nursery
        self.client = KafkaClient(kafka)
        self.role = aws.create_role(f"chaos-{uuid.uuid4().hex[:8]}", "chaos")
        self.lock = threading.Lock()
        """Of what only one round at a time may do: boto clients, the broker."""
        self._down_seconds = 0.0
        self._down_since: float | None = None

    @property
    def servers(self) -> str:
        return self.kafka.bootstrap_servers

    @property
    def worker_servers(self) -> str:
        return self.link.bootstrap_servers if self.link else self.servers

    def break_link(self, client_id: str, seconds: float) -> bool:
        """Returns: whether there is a link to break."""
        if self.link is None:
            return False
        if seconds:
            self.link.withhold_answers(client_id, seconds)
        else:
            self.link.cut(client_id)
        return True

    def break_link_of(self, pid: int, seconds: float) -> bool:
        """All connections of a process, whatever clients it has.

        Returns:
            Whether there is a link to break.
        """
        if self.link is None:
            return False
        self.link.break_process(pid, seconds)
        return True

    def restart_broker(self, seconds: float) -> bool:
        """Kill -9, and start it again; other rounds that are under way live through it as well.

        Returns:
            Whether this Kafka can.
        """
        if not isinstance(self.kafka, MavenKafka):
            return False
        with self.lock:
            self._down_since = time.monotonic()
            self.kafka.kill()
            time.sleep(seconds)
            self.kafka.start()
            self._down_seconds += time.monotonic() - self._down_since
            self._down_since = None
        return True

    @property
    def down_seconds(self) -> float:
        """For how long the broker was away so far; on a busy machine it takes its time to come back."""
        since = self._down_since
        return self._down_seconds + (time.monotonic() - since if since else 0.0)


@contextmanager
def rig_of(kafka: KafkaBroker) -> Iterator[Rig]:
    """Beside a Kafka, everything else that rounds need."""
    link = kafka.link() if isinstance(kafka, MavenKafka) else None
    with AwsServer() as aws, Nursery() as nursery, link or nullcontext():
        yield Rig(kafka, aws, nursery, link)


def run(plan: Plan, rig: Rig, logs: Path | None = None) -> Outcome:
    """Let a plan happen.

    Args:
        plan: What happens.
        rig: To whose servers.
        logs: The folder where logs of workers are kept, if the round fails.
    """
    return _Round(plan, rig).run(logs)


class _Round:
    """The topic, the bucket of the same name, and what is found out about them."""

    def __init__(self, plan: Plan, rig: Rig) -> None:
        self._plan = plan
        self._rig = rig
        self._profile = PROFILES[plan.profile]
        self._outcome = Outcome(plan)
        self._started = time.monotonic()
        self._topic = create_topic(rig.servers, plan.partitions)
        self._evidence = Evidence(rig.servers, rig.aws, self._topic, rig.lock)

    def run(self, logs: Path | None) -> Outcome:
        outcome = self._outcome
        self._create_bucket()
        with Cluster(self._worker, len(self._plan.tasks)) as cluster:
            try:
                self._go_through(cluster)
            except (AssertionError, TimeoutError, KafkaException) as error:
                outcome.failures.append(str(error)[:2000])
            self._ask(cluster)
            outcome.seconds = time.monotonic() - self._started
            if logs and not outcome.is_right:
                folder = logs / f"{self._plan.seed}-{self._plan.profile}"
                self._evidence.keep(folder, cluster.workers, [worker.proxy for worker in cluster.workers])
                (folder / "outcome.txt").write_text(outcome.story)
        self._delete_bucket()
        return outcome

    def _go_through(self, cluster: Cluster) -> None:
        self._happen(cluster)
        expected = contents(self._rig.servers, self._topic, self._plan.partitions)
        self._ends("plan")
        self._outcome.drained = self._drain(cluster, expected)
        _wait_for_held(cluster)
        self._ends("drain")
        cluster.stop()
        self._ends("stop")
        self._judge(expected)

    def _ends(self, phase: str) -> None:
        self._outcome.phases[phase] = time.monotonic() - self._started

    def _happen(self, cluster: Cluster) -> None:
        plan = self._plan
        source = Source(self._rig.servers, self._topic, plan, self._profile)
        for worker in cluster.workers[: plan.first]:
            worker.start()
        source.start()
        try:
            cluster.workers[0].wait_until_running()
            self._ends("start")
            began = time.monotonic()
            for action in plan.actions:
                time.sleep(max(0.0, began + action.at - time.monotonic()))
                self._do(action, cluster)
            time.sleep(max(0.0, began + plan.seconds - time.monotonic()))
        finally:
            source.stop()
        cluster.calm()

    def _do(self, action: Action, cluster: Cluster) -> None:
        is_done = True
        match action.verb:
            case "restart broker":
                is_done = self._rig.restart_broker(action.amount)
            case "cut off" | "silence":
                is_done = self._rig.break_link(self._client_id(action.worker), action.amount)
            case _:
                cluster.act(action)
        if not is_done:
            self._outcome.notes.append(f"this Kafka cannot: {action}")

    def _client_id(self, worker: int) -> str:
        return f"{self._topic}.{worker}."

    def _drain(self, cluster: Cluster, expected: Mapping[int, Mapping[int, Record]]) -> bool:
        """Wait until the connector says by its commits that all is delivered.

        What time the broker is away, for another round perhaps, does not count.
        """
        if self._plan.drains_anew:
            cluster.replace_all()
        ends = {partition: max(records) + 1 for partition, records in expected.items() if records}
        deadline = time.monotonic() + _DRAIN_SECONDS - self._rig.down_seconds
        while time.monotonic() < deadline + self._rig.down_seconds:
            with suppress(KafkaException):  # another round may just have killed the broker
                committed = self._rig.client.committed(f"connect-{self._topic}", self._topic)
                if all(where in committed and committed[where].offset >= end for where, end in ends.items()):
                    return True
            cluster.restart_failed()
            time.sleep(_LOOK_SECONDS)
        return False

    def _judge(self, expected: Mapping[int, Mapping[int, Record]]) -> None:
        outcome = self._outcome
        with self._rig.lock:
            objects = self._rig.aws.objects(self._topic)
        outcome.states_left = sum(key.startswith(_STATE) for key in objects)
        visible = {key: content for key, content in objects.items() if not key.startswith(_STATE)}
        outcome.verdict = verify(visible, expected, self._profile)
        orphans = self._evidence.orphans()
        outcome.orphans = len(orphans)
        outcome.unannounced = sum(story is None for story in orphans.values())
        outcome.notes += [f"orphan {key}: {story}" for key, story in orphans.items() if story]

    def _ask(self, cluster: Cluster) -> None:
        outcome = self._outcome
        for worker in cluster.workers:
            outcome.failures += worker.failures
            outcome.notes += [f"worker {worker.number} logged {text[:300]}" for text in worker.complaints]
            outcome.starts += worker.restarts
        outcome.resumed_bytes = cluster.metric("connector_upload_bytes_resumed_total")
        outcome.repeated_bytes = cluster.metric("connector_upload_bytes_repeated_total")

    # ---- the connector and its bucket ----

    def _worker(self, number: int) -> ChaosWorker:
        plan, is_last = self._plan, number == len(self._plan.tasks)
        options = {**self._profile.options, **(_TIGHT if plan.is_tight else {})}
        if is_last:
            options["file.rotate.on.commit"] = "true"
            if plan.compresses_anew:
                options["file.compression.type"] = _ANOTHER[options["file.compression.type"]]
        tasks = 1 if is_last else plan.tasks[number]
        return ChaosWorker(
            number,
            self._rig.aws,
            self._rig.nursery,
            {
                "bootstrap.servers": self._rig.worker_servers,
                "consumer.client.id": self._client_id(number),
            },
            {**self._connector(), **options, "tasks.max": str(tasks)},
            may_delete=plan.may_delete,
        )

    def _connector(self) -> dict[str, str]:
        aws = self._rig.aws
        role = {
            "aws.sts.role.arn": self._rig.role,
            "aws.sts.role.external.id": "chaos",
            "aws.sts.role.session.name": "chaos",
            "aws.sts.region": "us-east-1",
        }
        return {
            "name": self._topic,
            "connector.class": "s3",
            "topics": self._topic,
            "aws.access.key.id": aws.access_key_id,
            "aws.secret.access.key": aws.secret_access_key,
            "aws.s3.bucket.name": self._topic,
            "aws.s3.region": "us-east-1",
            "aws.retry.backoff.ms": "50",
            "aws.retry.backoff.max.ms": "400",
            "aws.read.timeout.ms": "3000",
            **(role if self._plan.has_role else {}),
        }

    def _create_bucket(self) -> None:
        with self._rig.lock:
            self._rig.aws.create_bucket(self._topic)
            # With versions, so that what was deleted or replaced can be looked at afterwards.
            self._rig.aws.client("s3").put_bucket_versioning(
                Bucket=self._topic, VersioningConfiguration={"Status": "Enabled"}
            )

    def _delete_bucket(self) -> None:
        """A test server keeps objects in memory."""
        with self._rig.lock:
            self._evidence.delete_all()
            self._rig.aws.client("s3").delete_bucket(Bucket=self._topic)


def _wait_for_held(cluster: Cluster) -> None:
    while cluster.holding:
        time.sleep(0.05)
    time.sleep(0.1)
