"""What the Kafka client alone reads: ``consume(10000)`` and ``value()``, tuned as the worker is."""

from __future__ import annotations

import gc
import json
import resource
import sys
import time

import psutil
from confluent_kafka import Consumer

from benchmarks.measure import peak_bytes
from connector.runtime.consumer import DEFAULTS


def main(bootstrap_servers: str, topic: str, records: int) -> None:
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    consumer = Consumer(
        {**DEFAULTS, "bootstrap.servers": bootstrap_servers, "group.id": f"raw-read-{time.time_ns()}"}
    )
    consumer.subscribe([topic])
    read, started, cpu = 0, 0.0, 0.0
    while read < records:
        messages = consumer.consume(10_000, 1.0)
        if messages and not started:
            started, cpu = time.perf_counter(), _cpu_seconds()
        values = [message.value() for message in messages]
        read += len(values)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "cpu_seconds": _cpu_seconds() - cpu,
                "peak_bytes": peak_bytes(psutil.Process()),
            }
        )
    )
    consumer.close()


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
