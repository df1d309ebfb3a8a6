"""A cluster of real workers on real Kafka: asked of any, seen by all, and nobody is missed for long."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka.broker import wait_until_ready
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

    Start = Callable[..., WorkerProcess]

pytestmark = pytest.mark.real_kafka

SESSION_SECONDS = 6
BUSY_SECONDS = 10
"""What a machine that does much else may take longer."""
QUICKLY_GONE = {"consumer.session.timeout.ms": str(SESSION_SECONDS * 1000)}
"""For consumers of a worker that is killed, too."""


@pytest.fixture
def start(kafka: KafkaBroker, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of the test's own cluster."""
    group = f"connect-{uuid.uuid4().hex[:8]}"
    properties = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "group.id": group,
        "config.storage.topic": f"{group}-configs",
        "config.storage.replication.factor": "1",
        "status.storage.topic": f"{group}-status",
        "status.storage.replication.factor": "1",
        "session.timeout.ms": str(SESSION_SECONDS * 1000),
        "heartbeat.interval.ms": "1000",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "offset.flush.interval.ms": "500",
    }
    environ = install(tmp_path / "site")
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(WorkerProcess({**properties, **more}, environ=environ))


def is_healthy(worker: WorkerProcess) -> bool:
    return bool((worker.get("/health") or {}).get("status") == "healthy")


def wait_ready(*workers: WorkerProcess) -> None:
    for worker in workers:
        worker.wait_until(partial(is_healthy, worker), "healthy")


def file_config(topic: str, file: Path, tasks: int = 2, **more: str) -> dict[str, str]:
    return {"connector.class": JAVA_NAME, "topics": topic, "file": str(file), "tasks.max": str(tasks), **more}


def states(worker: WorkerProcess, name: str) -> dict[int, tuple[str, str]]:
    """The state and the worker of each task, as this worker knows them."""
    status = worker.get(f"/connectors/{name}/status") or {"tasks": []}
    return {task["id"]: (task["state"], task["worker_id"]) for task in status["tasks"]}


def address(worker: WorkerProcess) -> str:
    return worker.url.removeprefix("http://")


def lines(file: Path) -> list[str]:
    return sorted(file.read_text().split()) if file.exists() else []


def test_a_connector_that_one_worker_takes_runs_on_both_and_is_seen_by_both(
    start: Start, topic: CreateTopic, produce: Produce, tmp_path: Path
) -> None:
    one, other = start(), start()
    wait_ready(one, other)
    source, file = topic(partitions=2), tmp_path / "out.txt"
    produce(source, [b"first"], 0)

    begun = time.monotonic()
    code, answer = one.ask("POST", "/connectors", {"name": "files", "config": file_config(source, file)})
    assert code == 201, answer
    other.wait_until(lambda: overall(other, "files") == ("RUNNING", ["RUNNING"] * 2), "running")
    seconds = time.monotonic() - begun

    assert seconds < BUSY_SECONDS
    both = {("RUNNING", address(one)), ("RUNNING", address(other))}
    other.wait_until(lambda: set(states(other, "files").values()) == both, "on both")
    one.wait_until(lambda: lines(file) == ["first"], "delivered")
    assert other.get("/connectors/files")["config"] == file_config(source, file) | {"name": "files"}
    for worker in (one, other):
        worker.wait_until(partial(counts_two_workers_and_tasks, worker), "each has read what the other told")
        assert worker.metric("connector_worker_rebalances_total") >= 1


def counts_two_workers_and_tasks(worker: WorkerProcess) -> bool:
    return (
        worker.metric("connector_cluster_workers") == 2
        and worker.metric("connector_cluster_tasks", connector="files", state="RUNNING") == 2
        and worker.metric("connector_task_state", connector="files", state="RUNNING") == 1
    )


def test_tasks_of_a_worker_that_is_killed_run_elsewhere_within_its_session_and_two_seconds(
    start: Start, topic: CreateTopic, produce: Produce, tmp_path: Path
) -> None:
    one, other = start(**QUICKLY_GONE), start(**QUICKLY_GONE)
    wait_ready(one, other)
    source, file = topic(partitions=2), tmp_path / "out.txt"
    other.ask("PUT", "/connectors/files/config", file_config(source, file))
    both = {("RUNNING", address(one)), ("RUNNING", address(other))}
    other.wait_until(lambda: set(states(other, "files").values()) == both, "on both")

    one.kill()
    killed = time.monotonic()
    other.wait_until(
        lambda: set(states(other, "files").values()) == {("RUNNING", address(other))}, "taken over"
    )

    assert time.monotonic() - killed < SESSION_SECONDS + 2 + BUSY_SECONDS
    produce(source, [b"after"], 0)
    produce(source, [b"and-after"], 1)
    other.wait_until(lambda: lines(file) == ["after", "and-after"], "delivered")


def test_a_worker_that_is_stopped_hands_its_tasks_over_at_once(
    start: Start, topic: CreateTopic, tmp_path: Path
) -> None:
    settings = {"scheduled.rebalance.max.delay.ms": "60000"}
    one, other = start(**settings), start(**settings)
    wait_ready(one, other)
    one.ask("PUT", "/connectors/files/config", file_config(topic(partitions=2), tmp_path / "out.txt"))
    both = {("RUNNING", address(one)), ("RUNNING", address(other))}
    other.wait_until(lambda: set(states(other, "files").values()) == both, "on both")

    stopped = time.monotonic()
    assert one.terminate() == 0
    other.wait_until(
        lambda: set(states(other, "files").values()) == {("RUNNING", address(other))}, "taken over"
    )

    assert time.monotonic() - stopped < 30  # a worker that died is waited for, a minute here


def test_what_either_worker_acknowledges_the_other_knows(
    start: Start, topic: CreateTopic, tmp_path: Path
) -> None:
    one, other = start(), start()
    wait_ready(one, other)
    config = file_config(topic(), tmp_path / "out.txt", tasks=1)
    path = "/connectors/files"

    with ThreadPoolExecutor(2) as pool:
        body = {"name": "files", "config": config}
        answers = list(pool.map(lambda worker: worker.ask("POST", "/connectors", body), (one, other)))
    assert sorted(code for code, _ in answers) == [201, 409], answers

    for number in range(5):
        one.ask("PATCH", f"{path}/config", {"one": str(number)})
        code, answer = other.ask("PATCH", f"{path}/config", {"other": str(number)})
        assert (code, answer["config"]["one"], answer["config"]["other"]) == (200, str(number), str(number))

    for worker, request, state in (
        (one, "pause", ("PAUSED", ["PAUSED"])),
        (other, "stop", ("STOPPED", [])),
        (one, "resume", ("RUNNING", ["RUNNING"])),
    ):
        assert worker.ask("PUT", f"{path}/{request}")[0] in {202, 204}
        for each in (one, other):
            each.wait_until(partial(is_in, each, "files", state), request)

    assert other.ask("DELETE", path)[0] == 204
    assert other.get(path) is None
    one.wait_until(lambda: one.get("/connectors") == [], "forgotten")


def test_a_task_that_failed_starts_again_by_itself_unless_that_is_off(
    start: Start, topic: CreateTopic, produce: Produce, tmp_path: Path
) -> None:
    worker = start()
    wait_ready(worker)
    source = topic()
    files = {"again": tmp_path / "again.txt", "stays": tmp_path / "stays.txt"}
    broken = [Path(f"{file}.broken") for file in files.values()]
    for file in broken:
        file.touch()
    for name, file in files.items():
        more = {"task.restart.delay.ms": "500", "task.restart.enable": str(name == "again").lower()}
        worker.ask("PUT", f"/connectors/{name}/config", file_config(source, file, tasks=1, **more))
    produce(source, [b"value"], 0)
    for name in files:
        worker.wait_until(partial(is_in, worker, name, ("RUNNING", ["FAILED"])), f"{name} failed")

    for file in broken:
        file.unlink()
    worker.wait_until(lambda: lines(files["again"]) == ["value"], "delivered after a restart")
    assert overall(worker, "stays") == ("RUNNING", ["FAILED"])

    assert worker.ask("POST", "/connectors/stays/tasks/0/restart")[0] == 204
    worker.wait_until(lambda: lines(files["stays"]) == ["value"], "delivered after a restart over REST")


@pytest.mark.parametrize(
    ("partitions", "config", "mends"),
    [
        (3, {"cleanup.policy": "compact"}, "kafka-topics.sh"),
        (1, {"cleanup.policy": "delete"}, "--add-config cleanup.policy=compact"),
    ],
)
def test_a_config_topic_that_would_lose_connectors_is_refused_with_what_mends_it(
    start: Start, topic: CreateTopic, partitions: int, config: dict[str, str], mends: str
) -> None:
    worker = start(**{"config.storage.topic": topic(partitions=partitions, config=config)})
    assert worker.wait() == 3
    assert mends in worker.log


def is_in(worker: WorkerProcess, name: str, state: tuple[str, list[str]]) -> bool:
    return overall(worker, name) == state


def overall(worker: WorkerProcess, name: str) -> tuple[str, list[str]]:
    status = worker.get(f"/connectors/{name}/status")
    if status is None:
        return "", []
    return status["connector"]["state"], [task["state"] for task in status["tasks"]]


def test_exactly_once_into_s3_outlives_a_rolling_restart_and_the_death_of_a_worker(
    start: Start, topic: CreateTopic, produce: Produce, committed: ReadCommitted, aws: AwsServer, bucket: str
) -> None:
    workers = [start(**QUICKLY_GONE), start(**QUICKLY_GONE)]
    wait_ready(*workers)
    source = topic(partitions=4)
    config = {
        "connector.class": "s3",
        "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        "topics": source,
        "tasks.max": "4",
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "aws.s3.endpoint": aws.url,
        "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
        "file.compression.type": "none",
        "format.output.fields": "value",
        "format.output.fields.value.encoding": "none",
    }
    code, answer = workers[0].ask("PUT", "/connectors/lake/config", config)
    assert code == 201, answer
    workers[0].wait_until(lambda: overall(workers[0], "lake") == ("RUNNING", ["RUNNING"] * 4), "running")

    rounds = 0

    def load(seconds: float) -> None:
        nonlocal rounds
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for partition in range(4):
                produce(source, [b"%d-%d-%d" % (partition, rounds, n) for n in range(50)], partition)
            rounds += 1
            time.sleep(0.05)

    load(2)
    for worker in workers:
        assert worker.terminate() == 0
        worker.start()
        load(2)
    wait_ready(*workers)
    workers[1].kill()
    load(SESSION_SECONDS + 3)
    expected = sorted(
        b"%d-%d-%d" % (partition, number, n)
        for partition in range(4)
        for number in range(rounds)
        for n in range(50)
    )

    def stored() -> list[bytes]:
        return sorted(line for data in aws.objects(bucket).values() for line in data.split())

    here = {task: ("RUNNING", address(workers[0])) for task in range(4)}
    workers[0].wait_until(lambda: states(workers[0], "lake") == here, "taken over")
    # Not by its lag, which is as of a moment ago: what is stopped reads no more.
    ends = dict.fromkeys(range(4), rounds * 50)
    workers[0].wait_until(
        lambda: {at: found.offset for at, found in committed("connect-lake", source).items()} == ends,
        "all four partitions are read to their ends",
    )
    workers[0].ask("PUT", "/connectors/lake/stop")  # for good, which finishes what is open
    workers[0].wait_until(lambda: len(stored()) >= len(expected), f"{len(expected)} stored")
    assert stored() == expected


def test_a_connector_whose_connection_requires_a_role_runs_only_where_it_is(
    start: Start, topic: CreateTopic, aws: AwsServer, bucket: str
) -> None:
    plain, able = start(), start(**{"worker.roles": "eu,lake"})
    wait_ready(plain, able)
    options = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.endpoint": aws.url,
    }
    body = {"name": "lake", "options": options, "required_roles": ["lake"]}
    code, answer = plain.ask("POST", "/aws/connections?validate=false", body)
    assert code == 201, answer
    able.wait_until(lambda: able.get("/aws/connections/lake"), "known to both")
    config = {
        "connector.class": "s3",
        "topics": topic(),
        "tasks.max": "3",
        "aws.connection": "lake",
        "aws.s3.bucket.name": bucket,
    }
    code, answer = plain.ask("PUT", "/connectors/lake/config", config)
    assert code == 201, answer

    where = {("RUNNING", address(able))}
    plain.wait_until(
        lambda: len(states(plain, "lake")) == 3 and set(states(plain, "lake").values()) == where, "there"
    )
    assert plain.ask("DELETE", "/aws/connections/lake")[0] == 409
    able.terminate()
    # Whoever leaves may be the first to say so, without a reason; who stays adds it.
    plain.wait_until(lambda: traces(plain, "lake").count("requires: lake") == 3, "nowhere, and why")
    assert {state for state, _ in states(plain, "lake").values()} == {"UNASSIGNED"}


def traces(worker: WorkerProcess, name: str) -> str:
    worker.name = name
    return worker.trace()


def test_tasks_that_a_connection_at_fault_kept_from_starting_run_once_it_is_mended(
    start: Start, topic: CreateTopic, aws: AwsServer, proxy: FaultProxy, bucket: str
) -> None:
    worker = start()
    wait_ready(worker)
    options = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.region": "eu-north-1",
        "aws.endpoint": proxy.url,
    }
    assert worker.ask("POST", "/aws/connections", {"name": "lake", "options": options})[0] == 201
    config = {
        "connector.class": "s3",
        "topics": topic(),
        "aws.connection": "lake",
        "aws.s3.bucket.name": bucket,
    }
    assert worker.ask("PUT", "/connectors/lake/config", config)[0] == 201
    worker.wait_until(lambda: overall(worker, "lake") == ("RUNNING", ["RUNNING"]), "running")
    proxy.fail("GetCallerIdentity", status=403, code="InvalidClientTokenId", message="no such key")
    assert worker.validate("PUT", "/aws/connections/lake", {"options": options})[1]["status"] == "FAILED"
    worker.terminate()
    worker.start()
    worker.wait_until(lambda: overall(worker, "lake")[1] == ["FAILED"], "it may not start with that")

    assert worker.validate("PUT", "/aws/connections/lake/validate")[1]["status"] == "READY"

    worker.wait_until(lambda: overall(worker, "lake") == ("RUNNING", ["RUNNING"]), "mended")
    assert worker.get("/aws/connections/lake/usage")["connectors"][0]["version"] == 2


def test_new_partitions_and_topics_are_seen_within_the_age_of_metadata_and_patterns_are_javas(
    start: Start, kafka: KafkaBroker, produce: Produce, topic: CreateTopic, tmp_path: Path
) -> None:
    worker = start(**{"consumer.metadata.max.age.ms": "1000"})
    wait_ready(worker)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    plain, file, found = topic(), tmp_path / "out.txt", tmp_path / "found.txt"
    pattern = {**file_config("", found, 1), "topics.regex": rf"(?!x){plain}-\d"}
    del pattern["topics"]
    for name, config in (("plain", file_config(plain, file, 1)), ("pattern", pattern)):
        assert worker.ask("PUT", f"/connectors/{name}/config", config)[0] == 201
    produce(plain, [b"first"], 0)
    worker.wait_until(lambda: lines(file) == ["first"], "it reads")

    admin.create_partitions([NewPartitions(plain, 2)])[plain].result()
    names = [f"{plain}-{ending}" for ending in "1x"]
    for made in admin.create_topics([NewTopic(name, 1, 1) for name in names]).values():
        made.result()
    # The broker tells of it a moment after it has said that it is done; a producer gives up at once then.
    assert wait_until_ready(kafka.bootstrap_servers, 30, lambda all_: len(all_.topics[plain].partitions) == 2)
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers}
    )  # that of other tests knows one partition
    refused: list[object] = []
    for name, value, partition in ((plain, b"second", 1), *((name, name[-1].encode(), 0) for name in names)):
        producer.produce(name, value, partition=partition, on_delivery=lambda error, _: refused.append(error))
    assert producer.flush(30) == 0
    assert refused == [None] * 3

    worker.wait_until(lambda: (lines(file), lines(found)) == (["first", "second"], ["1"]), "seen")


def test_tasks_max_may_be_a_reference(start: Start, topic: CreateTopic, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("tasks=3")
    worker = start(**{"config.providers": "file", "config.providers.file.class": "file"})
    wait_ready(worker)
    config = {**file_config(topic(), tmp_path / "out.txt"), "tasks.max": f"${{file:{tmp_path}/count:tasks}}"}

    assert worker.ask("PUT", "/connectors/files/config", config)[0] == 201

    worker.wait_until(lambda: overall(worker, "files") == ("RUNNING", ["RUNNING"] * 3), "three tasks")
