"""What the worker reaches into SQS, SNS, Kinesis and EventBridge, beside aiobotocore that only sends.

Both send batches as large as the service takes, with records of the same size, to the same stand-in for AWS
one after the other; aiobotocore reads no Kafka, keeps no order and knows no offsets.
"""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from benchmarks import topic
from benchmarks.measure import children_cpu_seconds, cpu_seconds, peak_bytes
from benchmarks.messaging_server import ACCOUNT, REGION, MessagingServer
from benchmarks.wire import CASES as REQUESTS
from benchmarks.wire import requests_per_second
from connector.aws.identity import Identity, StaticKeys
from connector.aws.wire import WireClient
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEADLINE_SECONDS = 180
_KEYS = 20_000
_KEYS_OF_NOBODY = {"aws.access.key.id": "AKIAIOSFODNN7EXAMPLE", "aws.secret.access.key": "secret"}
_SLOW_SECONDS = 1.0
_SLOW_BUDGET = 16 * 1024 * 1024


@dataclass(frozen=True)
class Case:
    """A sink under measure.

    Attributes:
        service: botocore's name, as in ``benchmarks.wire``.
        options: Of the connector.
    """

    service: str
    options: dict[str, str]


_QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bench"
CASES = {
    "sqs": Case("sqs", {"connector.class": "sqs", "aws.sqs.queue": _QUEUE}),
    "sqs fifo": Case("sqs", {"connector.class": "sqs", "aws.sqs.queue": f"{_QUEUE}.fifo"}),
    "sns": Case(
        "sns",
        {"connector.class": "sns", "aws.sns.topic.arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:bench"},
    ),
    "kinesis": Case("kinesis", {"connector.class": "kinesis", "aws.kinesis.stream": "bench"}),
    "eventbridge": Case("events", {"connector.class": "eventbridge"}),
}


@dataclass(frozen=True)
class Measurement:
    records_per_second: float
    requests_per_second: float
    raw_per_second: float
    cpu_seconds_per_million: float
    peak_bytes: int


def run(bootstrap_servers: str, cases: Sequence[str], rounds: int, most: int) -> None:
    """Measure each case with records of 100 bytes and of 1 KB, and with a service that is slow."""
    for size in (100, 1000):
        name = f"bench-messages-{size}-{time.time_ns()}"
        print(f"filling a topic with {most:,} records of {size} bytes and {_KEYS:,} keys ...", flush=True)
        topic.fill(bootstrap_servers, name, most, size, keys=_KEYS)
        for case in cases:
            found = [_measure(bootstrap_servers, name, case, size, most) for _ in range(rounds)]
            _report(f"{case}, {size} bytes", found)
        if size == 1000:
            for case in cases:
                _slow(bootstrap_servers, name, case, most)


def _measure(bootstrap_servers: str, name: str, case: str, size: int, most: int) -> Measurement:
    with MessagingServer() as server:
        raw = asyncio.run(_raw(server.url, CASES[case].service, size))
        before = server.counts()
        seconds, cpu, peak = _worker(bootstrap_servers, name, case, server.url, most)
        counts = server.counts() - before
    operation = next(one.operation for one in REQUESTS if one.service == CASES[case].service)
    if counts[f"{operation} entries"] != most:
        raise SystemExit(f"{case}: {counts[f'{operation} entries']} entries arrived instead of {most}")
    return Measurement(most / seconds, counts[operation] / seconds, raw, cpu / most * 1e6, peak)


async def _raw(url: str, service: str, size: int) -> float:
    """Records a second of signed requests through aiobotocore alone."""
    case = next(one for one in REQUESTS if one.service == service)
    identity = Identity(StaticKeys("AKIAIOSFODNN7EXAMPLE", SecretStr("secret"), None))
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("bench", 0, executor)
        async with WireClient(
            service, identity, context, endpoint=url, max_connections=8, backoff=Backoff()
        ) as client:
            return case.records * await requests_per_second(case, size, client, 20_000 // case.records)


def _worker(
    bootstrap_servers: str, name: str, case: str, url: str, records: int, **more: str
) -> tuple[float, float, int]:
    """Seconds from the assignment of partitions to the last record, CPU seconds, the most memory."""
    connector = {
        "name": f"{case.replace(' ', '-')}-{time.time_ns()}",
        "topics": name,
        "aws.region": REGION,
        "aws.endpoint": url,
        **_KEYS_OF_NOBODY,
        **CASES[case].options,
        **{option.replace("_", "."): value for option, value in more.items()},
    }
    settings = {"bootstrap.servers": bootstrap_servers, "log.format": "json"}
    before = children_cpu_seconds()
    with WorkerProcess(settings, connector) as worker:
        process = psutil.Process(worker.pid)
        worker.wait_until(lambda: worker.get("/") is not None, "REST answers")
        idle = cpu_seconds(process)
        worker.wait_for_metric("connector_records_delivered_total", records, _DEADLINE_SECONDS)
        ended = datetime.now(UTC)
        peak = peak_bytes(process)
        worker.terminate()
        log = worker.log
    started = next(event["timestamp"] for event in _events(log) if event["event"] == "rebalance")
    seconds = (ended - datetime.fromisoformat(started)).total_seconds()
    return seconds, children_cpu_seconds() - before - idle, peak


def _slow(bootstrap_servers: str, name: str, case: str, records: int) -> None:
    """With a service that takes a second for each answer, memory is what the budget allows."""
    part = min(records, 20_000)
    with MessagingServer(_SLOW_SECONDS) as server:
        budget = str(_SLOW_BUDGET)
        _, _, peak = _worker(bootstrap_servers, name, case, server.url, part, task_memory_budget_bytes=budget)
    print(
        f"{case + ', slow':<22} peak {peak / 2**20:4.0f} MiB"
        f"   (answers after {_SLOW_SECONDS:g} s, budget {_SLOW_BUDGET >> 20} MiB)",
        flush=True,
    )


def _events(log: str) -> Iterator[dict[str, str]]:
    return (json.loads(line) for line in log.splitlines() if line.startswith("{"))


def _report(case: str, found: Sequence[Measurement]) -> None:
    """Medians, and of the ratio the range."""
    ratios = sorted(one.records_per_second / one.raw_per_second for one in found)
    print(
        f"{case:<22} {median(one.records_per_second for one in found) / 1000:6.1f} k records/s"
        f" {median(one.requests_per_second for one in found):7,.0f} requests/s"
        f"   ratio to aiobotocore {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        f"   {median(one.cpu_seconds_per_million for one in found):5.1f} CPU-s per million"
        f"   peak {max(one.peak_bytes for one in found) / 2**20:4.0f} MiB",
        flush=True,
    )
