"""How promptly a worker answers: a new connector, a list of all, a long config topic at the start."""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from typing import TYPE_CHECKING

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from connector.cluster.config_records import connector_entry
from connector.cluster.config_state import ConfigState
from connector.cluster.log import TopicLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.cluster.records import LogRecord
    from connector.testing.worker import WorkerProcess

_ROUNDS = 10
_KEYS = 5_000
"""A compacted topic holds several records of a key for a while."""


def create(worker: WorkerProcess, config: Mapping[str, str]) -> None:
    """From the request to the state RUNNING of the connector and all its tasks; deleted afterwards."""
    taken = []
    for number in range(_ROUNDS):
        begun = time.monotonic()
        code, answer = worker.ask("PUT", f"/connectors/new-{number}/config", dict(config))
        assert code == 201, answer
        while _states(worker, f"new-{number}") != {"RUNNING"}:
            time.sleep(0.01)
        taken.append(time.monotonic() - begun)
    for number in range(_ROUNDS):
        worker.ask("DELETE", f"/connectors/new-{number}")
    print(f"created and RUNNING after {_told(taken)}")


def _states(worker: WorkerProcess, name: str) -> set[str]:
    status = worker.get(f"/connectors/{name}/status")
    if not status or not status["tasks"]:
        return set()
    return {each["state"] for each in (status["connector"], *status["tasks"])}


def list_all(worker: WorkerProcess, count: int, config: Mapping[str, str]) -> None:
    """With status and info; as many as there are not yet are made, and are stopped."""
    for number in range(count - len(worker.get("/connectors"))):
        body = {"name": f"stopped-{number}", "config": dict(config), "initial_state": "STOPPED"}
        code, answer = worker.ask("POST", "/connectors", body)
        assert code == 201, answer
    taken, listed = [], {}
    while len(listed) < count:  # one without a status is left out
        listed = worker.get("/connectors?expand=status&expand=info")
    for _ in range(_ROUNDS):
        begun = time.monotonic()
        worker.get("/connectors?expand=status&expand=info")
        taken.append(time.monotonic() - begun)
    tasks = sum(len(each["status"]["tasks"]) for each in listed.values())
    print(f"listed {len(listed)} connectors with {tasks} tasks, status and info, in {_told(taken)}")


def read_configs(bootstrap_servers: str, records: int, config: Mapping[str, str]) -> None:
    """As at the start of a worker."""
    client = {"bootstrap.servers": bootstrap_servers}
    topic = f"configs-{uuid.uuid4().hex[:8]}"
    admin, producer = AdminClient(client), Producer(client)
    admin.create_topics([NewTopic(topic, 1, 1, config={"cleanup.policy": "compact"})])[topic].result()
    for number in range(records):
        entry = connector_entry(f"connector-{number % _KEYS}", config)
        producer.produce(topic, entry.value, entry.key.encode())
        producer.poll(0)
    producer.flush()
    taken = [asyncio.run(_read(topic, client)) for _ in range(3)]
    print(f"{records} records of a config topic read in {_told(taken)}")


async def _read(topic: str, client: Mapping[str, str]) -> float:
    state = ConfigState()

    def take(records: Sequence[LogRecord]) -> None:
        for record in records:
            state.apply(record)

    log = TopicLog(topic, client, take)
    begun = time.monotonic()
    await log.start()
    taken = time.monotonic() - begun
    await log.stop()
    return taken


def _told(seconds: Sequence[float]) -> str:
    return f"{1000 * statistics.median(seconds):.0f} ms (at most {1000 * max(seconds):.0f})"
