"""``make bench``: what the worker reaches into S3, as a ratio to what the Kafka client alone reads."""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks import topic
from benchmarks.object_server import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, ObjectServer
from connector.testing.kafka import start_kafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

_RAW_VALUES = {"format.output.fields": "value", "format.output.fields.value.encoding": "none"}
_JSON = {
    "format.output.type": "jsonl",
    "format.output.envelope": "false",
    "format.output.fields": "value",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
CASES: dict[str, dict[str, str]] = {
    "csv": {**_RAW_VALUES, "file.compression.type": "none"},
    "csv gzip": {**_RAW_VALUES, "file.compression.type": "gzip"},
    "csv zstd": {**_RAW_VALUES, "file.compression.type": "zstd"},
    "jsonl": {**_JSON, "file.compression.type": "none"},
    "jsonl gzip": {**_JSON, "file.compression.type": "gzip"},
}


@dataclass(frozen=True)
class Measurement:
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    kafka = start_kafka()
    if not kafka.is_real:
        raise SystemExit("the benchmark needs real Kafka; the mock cluster keeps 5 MiB per partition")
    try:
        name = f"bench-{time.time_ns()}"
        print(
            f"filling a topic with {options.records:,} records of {options.value_bytes} bytes ...", flush=True
        )
        topic.fill(kafka.bootstrap_servers, name, options.records, options.value_bytes)
        with ObjectServer() as server:
            _measure_all(kafka.bootstrap_servers, name, server, options)
    finally:
        kafka.stop()


def _measure_all(servers: str, name: str, server: ObjectServer, options: argparse.Namespace) -> None:
    raw = min((_raw_read(servers, name, options.records) for _ in range(2)), key=lambda found: found.seconds)
    _report("raw read", raw, raw, options.records)
    for case in options.cases or CASES:
        server.empty()
        measured = _worker(servers, name, server, case, options)
        _report(case, measured, raw, options.records)


def _raw_read(servers: str, name: str, records: int) -> Measurement:
    command = [sys.executable, "-m", "benchmarks.raw_read", servers, name, str(records)]
    return Measurement(**json.loads(subprocess.check_output(command)))


def _worker(
    servers: str, name: str, server: ObjectServer, case: str, options: argparse.Namespace
) -> Measurement:
    settings = {
        "bootstrap.servers": servers,
        "log.format": "json",
        "task.shutdown.graceful.timeout.ms": "60000",
    }
    connector = {
        "name": f"{case.replace(' ', '-')}-{time.time_ns()}",
        "connector.class": "s3",
        "topics": name,
        "aws.access.key.id": ACCESS_KEY_ID,
        "aws.secret.access.key": SECRET_ACCESS_KEY,
        "aws.s3.bucket.name": BUCKET,
        "aws.s3.endpoint": server.url,
        **CASES[case],
    }
    before = _children_cpu_seconds()
    with WorkerProcess(settings, connector) as worker:
        process = psutil.Process(worker.pid)
        worker.wait_until(lambda: worker.get("/") is not None, "REST answers")
        idle = _cpu_seconds(process)
        with tempfile.NamedTemporaryFile() as profile:
            recorder = _record(worker.pid, profile.name) if options.profile else None
            worker.wait_until(
                lambda: worker.metric("connector_records_put_total") >= options.records,
                "all records put",
                600,
            )
            if recorder:
                recorder.wait()
                print(Path(profile.name).read_text())
        peak = _peak_bytes(process)
        worker.terminate()
        log = worker.log
    _check(server, case, options.records)
    return Measurement(_seconds(log), _children_cpu_seconds() - before - idle, peak)


def _seconds(log: str) -> float:
    """From the assignment of partitions to the last object stored, by the worker's own log."""
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    first = next(event["timestamp"] for event in events if event["event"] == "rebalance")
    last = [event["timestamp"] for event in events if event["event"] == "object stored"][-1]
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _check(server: ObjectServer, case: str, records: int) -> None:
    """A benchmark that loses records is no benchmark."""
    found = 0
    for path in server.objects():
        data = path.read_bytes()
        if case.endswith("gzip"):
            data = gzip.decompress(data)
        elif case.endswith("zstd"):
            return
        found += data.count(b"\n") + 1
    if found != records:
        raise SystemExit(f"{case}: {found} records in the bucket instead of {records}")


def _record(pid: int, path: str) -> subprocess.Popen[bytes]:
    """A profile by py-spy, where it is installed."""
    command = ["py-spy", "record", "--pid", str(pid), "--duration", "4", "--format", "raw", "-o", path]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _children_cpu_seconds() -> float:
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _peak_bytes(process: psutil.Process) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return process.memory_info().rss


def _report(case: str, measured: Measurement, raw: Measurement, records: int) -> None:
    print(
        f"{case:<12} {records / measured.seconds / 1000:8.0f} k records/s"
        f"   ratio {raw.seconds / measured.seconds:5.2f}"
        f"   {measured.cpu_seconds / records * 1e6:5.2f} CPU-s per million"
        f"   peak {measured.peak_bytes / 2**20:5.0f} MiB",
        flush=True,
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--value-bytes", type=int, default=100)
    parser.add_argument("--profile", action="store_true", help="print where the worker's time goes (py-spy)")
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all by default")
    return parser.parse_args(arguments)


main(sys.argv[1:])
