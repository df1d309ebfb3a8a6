"""How fast a cluster converges: workers by connectors by tasks with a sink that does nothing, on real Kafka.

`python -m benchmarks.cluster --connectors 200` says how long it takes until all tasks run, how even they are,
how long the others need for the share of one that stops, what a worker and a task cost in memory and threads,
and how promptly a worker answers (:mod:`benchmarks.promptness`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks import promptness
from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka import KafkaClient, MavenKafka
from connector.testing.worker import WorkerProcess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--connectors", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument(
        "--listed", type=int, default=500, help="connectors in a list; those beyond are stopped"
    )
    parser.add_argument(
        "--records", type=int, default=50_000, help="records of the config topic that is read"
    )
    arguments = parser.parse_args()
    broker = MavenKafka.launch()
    with ExitStack() as stack:
        stack.callback(broker.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        properties = {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "bench",
            "config.storage.topic": "bench-configs",
            "status.storage.topic": "bench-status",
            "config.storage.replication.factor": "1",
            "status.storage.replication.factor": "1",
        }
        environ = install(folder / "site")

        def start() -> WorkerProcess:
            return stack.enter_context(WorkerProcess(properties, environ=environ))

        workers = [start() for _ in range(arguments.workers)]
        for worker in workers:
            worker.wait_until(lambda worker=worker: worker.get("/health"), "ready", 120)
        time.sleep(2)
        before = [cost(worker) for worker in workers]
        topic = KafkaClient(broker).create_topic(partitions=arguments.tasks)
        config = {
            "connector.class": JAVA_NAME,
            "topics": topic,
            "file": str(folder / "out"),
            "tasks.max": str(arguments.tasks),
        }
        promptness.read_configs(broker.bootstrap_servers, arguments.records, config)
        promptness.create(workers[0], config)
        begun = time.monotonic()
        for number in range(arguments.connectors):
            code, answer = workers[number % len(workers)].ask("PUT", f"/connectors/c-{number}/config", config)
            assert code == 201, answer
        print(f"{arguments.connectors} created after {time.monotonic() - begun:.1f} s")
        total = arguments.connectors * arguments.tasks
        converge(workers[0], total, begun)
        after = [cost(worker) for worker in workers]
        for (memory, threads), (full, many) in zip(before, after, strict=True):
            share = total / len(workers)
            print(
                f"worker: {memory:.0f} MiB and {threads} threads idle, {full:.0f} MiB and {many} with its"
                f" share: {(full - memory) / share:.2f} MiB and {(many - threads) / share:.1f} threads a task"
            )
        promptness.list_all(workers[0], arguments.listed, config)
        begun = time.monotonic()
        workers[-1].terminate(120)
        converge(workers[0], total, begun, without=workers[-1].url)


def converge(worker: WorkerProcess, total: int, begun: float, without: str = "none") -> None:
    while True:
        listed = worker.get("/connectors?expand=status") or {}
        found = Counter(
            task["worker_id"]
            for each in listed.values()
            for task in each["status"]["tasks"]
            if task["state"] == "RUNNING"
        )
        gone = without.removeprefix("http://")
        if found.total() == total and not found[gone]:
            print(f"{total} tasks run after {time.monotonic() - begun:.1f} s: {dict(found)}")
            return
        if time.monotonic() - begun > 300:
            print(f"not converged: {dict(found)}")
            return
        time.sleep(0.25)


def cost(worker: WorkerProcess) -> tuple[float, int]:
    process = psutil.Process(worker.pid)
    return process.memory_info().rss / (1 << 20), process.num_threads()


if __name__ == "__main__":
    main()
