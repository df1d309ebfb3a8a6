"""One connector of a round: its topic, its bucket, what is asked of it over REST, and what came of it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.chaos.distributed.plan import LARGE
from tests.chaos.distributed.workers import ask
from tests.chaos.evidence import Evidence
from tests.chaos.profile import PROFILES
from tests.chaos.source import Source, contents, create_topic
from tests.chaos.verify import Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.chaos.distributed.plan import ConnectorPlan
    from tests.chaos.distributed.workers import Workers
    from tests.chaos.life import Life
    from tests.chaos.plan import Action
    from tests.chaos.round import Rig
    from tests.chaos.source import Record

_STATE = "_ledger/"
_RECORDS = 50
"""A second and partition: it is workers that are tried, not the speed of the S3 of tests."""
_GONE = 404
_DONE = range(200, 300)
_PAUSE_SECONDS = 0.3


class ChaosConnector:
    """Submitted to a cluster; requests come one after the other, on a thread of its own."""

    def __init__(self, plan: ConnectorPlan, rig: Rig, workers: Workers, endpoint: str) -> None:
        self.plan = plan
        self.profile = PROFILES[plan.kind]
        if plan.kind != LARGE:
            self.profile = replace(self.profile, records=_RECORDS)
        self.name = create_topic(rig.servers, plan.partitions)
        self.evidence = Evidence(rig.servers, rig.aws, self.name, rig.lock)
        self.source = Source(rig.servers, self.name, plan, self.profile)
        self.expected: dict[int, dict[int, Record]] = {}
        self._rig = rig
        self._workers = workers
        self._endpoint = endpoint
        self._marks: dict[str, str] = {}
        self._acknowledged: set[str] = set()
        self._requests = ThreadPoolExecutor(1, thread_name_prefix=self.name)

    # ---- over REST ----

    def create(self) -> bool:
        """Whether it is there now."""
        body = {"name": self.name, "config": {**self._config(), **self._marks}}
        return self._ask(0, "POST", "/connectors", body) in {*_DONE, 409}

    def act(self, action: Action) -> None:
        self._requests.submit(self._act, action)

    def finish_requests(self) -> None:
        self._requests.shutdown()

    def resume(self) -> bool:
        """Have it run, whatever was asked before; whether that was acknowledged."""
        code = self._ask(0, "PUT", f"/connectors/{self.name}/resume")
        if code == _GONE:
            self.create()
        return code in _DONE

    def _act(self, action: Action) -> None:
        path = f"/connectors/{self.name}"
        match action.verb:
            case "pause" | "resume" | "stop":
                self._ask(action.worker, "PUT", f"{path}/{action.verb}")
            case "restart":
                self._ask(action.worker, "POST", f"{path}/restart?includeTasks=true")
            case "restart task":
                self._ask(action.worker, "POST", f"{path}/tasks/{action.detail}/restart")
            case "change":
                self._change(action)
            case _:
                self._recreate(action.worker)

    def _change(self, action: Action) -> None:
        """Each leaves a mark, which nothing may undo once it is acknowledged."""
        option, value = action.detail.split("=")
        mark = f"mark.{len(self._marks)}"
        self._marks[mark] = "here"
        body = {option: value, mark: "here"}
        if self._ask(action.worker, "PATCH", f"/connectors/{self.name}/config", body) in _DONE:
            self._acknowledged.add(mark)

    def _recreate(self, worker: int) -> None:
        if self._ask(worker, "DELETE", f"/connectors/{self.name}") in _DONE:
            while not self.create():
                time.sleep(_PAUSE_SECONDS)

    def _ask(self, first: int, method: str, path: str, body: Any = None) -> int:
        return self._workers.ask(first, method, path, body)

    # ---- what came of it ----

    def read_topic(self) -> None:
        self.expected = contents(self._rig.servers, self.name, self.plan.partitions)

    def is_drained(self) -> bool:
        """Whether its commits say that everything is delivered."""
        committed = self._rig.client.committed(f"connect-{self.name}", self.name)
        ends = {partition: max(records) + 1 for partition, records in self.expected.items() if records}
        return all(where in committed and committed[where].offset >= end for where, end in ends.items())

    def unsettled(self, workers: Sequence[Life]) -> str:
        """What is not as it is to be, as every worker tells it; empty if all is."""
        told = [_described(worker, self.name) for worker in workers]
        if any(found != told[0] for found in told[1:]):
            return f"workers disagree on {self.name}: {told}"
        if told[0] is None:
            return f"{self.name} is not there"
        config, status = told[0]
        if missing := self._acknowledged - config.keys():
            return f"{self.name} has lost changes that were acknowledged: {missing}"
        live = {worker.process.url.removeprefix("http://") for worker in workers}
        return _fault(int(config["tasks.max"]), status, live)

    def owners(self, worker: Life) -> list[str]:
        """The worker of each task."""
        told = _described(worker, self.name)
        return [] if told is None else [task["worker_id"] for task in told[1]["tasks"]]

    def judge(self) -> Verdict:
        with self._rig.lock:
            objects = self._rig.aws.objects(self.name)
        visible = {key: content for key, content in objects.items() if not key.startswith(_STATE)}
        return verify(visible, self.expected, self.profile)

    # ---- its config and bucket ----

    def create_bucket(self) -> None:
        with self._rig.lock:
            self._rig.aws.create_bucket(self.name)
            self._rig.aws.client("s3").put_bucket_versioning(
                Bucket=self.name, VersioningConfiguration={"Status": "Enabled"}
            )

    def delete_bucket(self) -> None:
        with self._rig.lock:
            self.evidence.delete_all()
            self._rig.aws.client("s3").delete_bucket(Bucket=self.name)

    def _config(self) -> Mapping[str, str]:
        aws = self._rig.aws
        return {
            "connector.class": "s3",
            "topics": self.name,
            "tasks.max": str(self.plan.tasks),
            "task.restart.delay.ms": "300",
            "task.restart.max.delay.ms": "2000",
            "aws.access.key.id": aws.access_key_id,
            "aws.secret.access.key": aws.secret_access_key,
            "aws.s3.bucket.name": self.name,
            "aws.s3.region": "us-east-1",
            "aws.s3.endpoint": self._endpoint,
            "aws.retry.backoff.ms": "50",
            "aws.retry.backoff.max.ms": "400",
            "aws.read.timeout.ms": "6000",
            **self.profile.options,
        }


def _described(worker: Life, name: str) -> tuple[dict[str, str], dict[str, Any]] | None:
    code, config = ask(worker, "GET", f"/connectors/{name}/config")
    other, status = ask(worker, "GET", f"/connectors/{name}/status")
    return (config, status) if code in _DONE and other in _DONE else None


def _fault(tasks: int, status: Mapping[str, Any], live: set[str]) -> str:
    instances = [status["connector"], *status["tasks"]]
    are_right = all(found["state"] == "RUNNING" and found["worker_id"] in live for found in instances)
    if are_right and [task["id"] for task in status["tasks"]] == list(range(tasks)):
        return ""
    return f"{tasks} tasks are to run on {sorted(live)}: {json.dumps(status)[:1500]}"
