"""``make bench``: what the worker reaches, as a ratio to what can be had without it.

Into S3 beside the Kafka client that only reads; into messaging services see ``benchmarks.messaging``;
converters and transforms see ``benchmarks.conversion``, and alone, without Kafka, ``benchmarks.chains``.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import fastavro
import psutil
import zstandard
from pyarrow import parquet

from benchmarks import chains, conversion, messaging, topic
from benchmarks.measure import children_cpu_seconds, cpu_seconds, peak_bytes
from benchmarks.object_server import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, ObjectServer
from connector.testing.kafka import start_kafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHAINS = "chains"
"""Of the benchmarks that need no Kafka."""
_DEADLINE_SECONDS = 120
_SAMPLE_SECONDS = 0.02
_RAW_VALUES = {"format.output.fields": "value", "format.output.fields.value.encoding": "none"}
_JSON = {
    "format.output.type": "jsonl",
    "format.output.envelope": "false",
    "format.output.fields": "value",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
_ONCE_OR_MORE = {"delivery.guarantee": "at-least-once"}
_SMALL = {"file.max.records": "20000"}
CASES: dict[str, dict[str, str]] = {
    "csv": {**_RAW_VALUES, "file.compression.type": "none"},
    "csv at-least-once": {**_RAW_VALUES, "file.compression.type": "none", **_ONCE_OR_MORE},
    "csv gzip": {**_RAW_VALUES, "file.compression.type": "gzip"},
    "csv gzip at-least-once": {**_RAW_VALUES, "file.compression.type": "gzip", **_ONCE_OR_MORE},
    "csv small": {**_RAW_VALUES, "file.compression.type": "none", **_SMALL},
    "csv small at-least-once": {
        **_RAW_VALUES,
        "file.compression.type": "none",
        **_SMALL,
        **_ONCE_OR_MORE,
    },
    "csv zstd": {**_RAW_VALUES, "file.compression.type": "zstd"},
    "jsonl": {**_JSON, "file.compression.type": "none"},
    "jsonl gzip": {**_JSON, "file.compression.type": "gzip"},
    "avro": {**_JSON, "format.output.type": "avro", "file.compression.type": "none"},
    "parquet zstd": {**_JSON, "format.output.type": "parquet", "file.compression.type": "zstd"},
}
# An object per key, all of them open at once, within half the usual memory budget.
_BY_KEY = {
    **_JSON,
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "file.name.template": "{{topic}}-{{partition}}-{{key}}-{{start_offset}}",
    "task.memory.budget.bytes": str(64 * 1024 * 1024),
}
KEYED: dict[str, dict[str, str]] = {
    "keys gzip": {**_BY_KEY, "file.compression.type": "gzip"},
    "keys zstd": {**_BY_KEY, "file.compression.type": "zstd"},
    "keys avro": {**_BY_KEY, "format.output.type": "avro", "file.compression.type": "none"},
    "keys parquet": {**_BY_KEY, "format.output.type": "parquet", "file.compression.type": "zstd"},
}
# The names of groups, for the command line.
_GROUPS = {"conversion": list(conversion.CASES)}


@dataclass(frozen=True)
class Measurement:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    objects: int = 0


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    if _CHAINS in (options.cases or [_CHAINS]):
        chains.main([])
    if options.cases == [_CHAINS]:
        return
    kafka = start_kafka()
    if not kafka.is_real:
        raise SystemExit("the benchmark needs real Kafka; the mock cluster keeps 5 MiB per partition")
    chosen = options.cases or [*CASES, *KEYED, *messaging.CASES, *conversion.CASES]
    chosen = [case for name in chosen for case in _GROUPS.get(name, [name])]
    try:
        if messages := [case for case in messaging.CASES if case in chosen]:
            messaging.run(kafka.bootstrap_servers, messages, options.rounds, options.messages)
        if objects := [case for case in CASES if case in chosen]:
            name = f"bench-{time.time_ns()}"
            print(f"filling a topic with {options.records:,} records of {options.value_bytes} bytes ...")
            topic.fill(kafka.bootstrap_servers, name, options.records, options.value_bytes)
            _measure_all(kafka.bootstrap_servers, name, options, objects)
        if conversions := [case for case in conversion.CASES if case in chosen]:
            _measure_conversions(kafka.bootstrap_servers, options, conversions)
        if keyed := [case for case in KEYED if case in chosen]:
            name = f"bench-keys-{time.time_ns()}"
            options.records = options.keyed_records
            print(f"filling a partition with {options.records:,} records of {options.keys:,} keys ...")
            topic.fill(
                kafka.bootstrap_servers,
                name,
                options.records,
                options.value_bytes,
                keys=options.keys,
                partitions=1,
            )
            _measure_all(kafka.bootstrap_servers, name, options, keyed)
    finally:
        kafka.stop()


def _measure_all(servers: str, name: str, options: argparse.Namespace, cases: Sequence[str]) -> None:
    with ObjectServer() as server:
        _measure_rounds(servers, name, server, options, cases)


def _measure_rounds(
    servers: str, name: str, server: ObjectServer, options: argparse.Namespace, cases: Sequence[str]
) -> None:
    """Each case right after a raw read of its own: a machine is not the same from minute to minute."""
    found: dict[str, list[tuple[Measurement, Measurement]]] = {case: [] for case in cases}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} ...", flush=True)
        for case in cases:
            raw = _raw_read(servers, name, options.records)
            server.empty()
            found[case].append((raw, _worker(servers, name, server, case, options)))
    _report("raw read", [(raw, raw) for pairs in found.values() for raw, _ in pairs], options.records)
    for case, pairs in found.items():
        _report(case, pairs, options.records)


def _measure_conversions(servers: str, options: argparse.Namespace, cases: Sequence[str]) -> None:
    """Each case right after the records that pass untouched; the ratio is to these."""
    topics = conversion.Topics(servers, options.converted_records)
    options.records = options.converted_records
    found: dict[str, list[tuple[Measurement, Measurement]]] = {case: [] for case in cases}
    try:
        with ObjectServer() as server:
            for number in range(options.rounds):
                print(f"round {number + 1} of {options.rounds} ...", flush=True)
                for case in cases:
                    measured = []
                    for each in (conversion.IDENTITY, case):
                        server.empty()
                        measured.append(_deliver(servers, topics.of(each), server, options))
                    found[case].append((measured[0], measured[1]))
                    _report(case, found[case][-1:], options.records)
        print("all rounds:")
    finally:
        topics.stop()
    for case, pairs in found.items():
        _report(case, pairs, options.records)


def _raw_read(servers: str, name: str, records: int) -> Measurement:
    command = [sys.executable, "-m", "benchmarks.raw_read", servers, name, str(records)]
    return Measurement(**json.loads(subprocess.check_output(command)))


def _worker(
    servers: str, name: str, server: ObjectServer, case: str, options: argparse.Namespace
) -> Measurement:
    return _deliver(servers, {"name": case, "topics": name, **(CASES | KEYED)[case]}, server, options)


def _deliver(
    servers: str, config: dict[str, str], server: ObjectServer, options: argparse.Namespace
) -> Measurement:
    settings = {
        "bootstrap.servers": servers,
        "log.format": "json",
        "task.shutdown.graceful.timeout.ms": "60000",
        "offset.flush.timeout.ms": "60000",
    }
    connector = {
        "connector.class": "s3",
        "aws.access.key.id": ACCESS_KEY_ID,
        "aws.secret.access.key": SECRET_ACCESS_KEY,
        "aws.s3.bucket.name": BUCKET,
        "aws.s3.endpoint": server.url,
        **config,
        "name": f"{config['name'].replace(' ', '-')}-{time.time_ns()}",
    }
    before = children_cpu_seconds()
    with WorkerProcess(settings, connector) as worker:
        process = psutil.Process(worker.pid)
        worker.wait_until(lambda: worker.get("/") is not None, "REST answers")
        idle = cpu_seconds(process)
        with tempfile.NamedTemporaryFile() as profile:
            recorder = _record(worker.pid, profile.name) if options.profile else None
            worker.wait_for_metric("connector_records_put_total", options.records, _DEADLINE_SECONDS)
            if recorder:
                recorder.wait()
                print(_busiest(Path(profile.name).read_text()))
        peak = _peak_until_stopped(worker, process)
        log = worker.log
    _check(server, config, options.records)
    objects = len(server.objects())
    return Measurement(_seconds(log), children_cpu_seconds() - before - idle, peak, objects)


def _peak_until_stopped(worker: WorkerProcess, process: psutil.Process) -> int:
    """To finish what is open takes memory, too, and it all happens at the end here."""
    peak = peak_bytes(process)
    worker.signal(signal.SIGTERM)
    while process.status() != psutil.STATUS_ZOMBIE:
        peak = max(peak, peak_bytes(process))
        time.sleep(_SAMPLE_SECONDS)
    worker.wait()
    return peak


def _seconds(log: str) -> float:
    """From the assignment of partitions to the last object stored, by the worker's own log."""
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    first = next(event["timestamp"] for event in events if event["event"] == "rebalance")
    last = [event["timestamp"] for event in events if event["event"] == "object stored"][-1]
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _check(server: ObjectServer, config: dict[str, str], records: int) -> None:
    """A benchmark that loses records is no benchmark."""
    found = 0
    for path in server.objects():
        data = path.read_bytes()
        if config.get("format.output.type") in {"avro", "parquet"}:
            found += _rows(data)
            continue
        match config["file.compression.type"]:
            case "gzip":
                data = gzip.decompress(data)
            case "zstd":
                data = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(data)
        found += data.count(b"\n") + 1
    if found != records:
        raise SystemExit(f"{found} records in the bucket instead of {records}")


def _rows(data: bytes) -> int:
    file = io.BytesIO(data)
    if data.startswith(b"PAR1"):
        return int(parquet.ParquetFile(file).metadata.num_rows)
    return sum(block.num_records for block in fastavro.block_reader(file))


def _record(pid: int, path: str) -> subprocess.Popen[bytes]:
    """py-spy over some seconds of reading, by thread, of what is on the CPU."""
    py_spy = Path(sys.executable).with_name("py-spy")
    command = [str(py_spy), "record", "--pid", str(pid), "--duration", "3", "--threads", "--format", "raw"]
    return subprocess.Popen([*command, "-o", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _busiest(stacks: str, most: int = 16) -> str:
    """Where samples ended: thread, function, share of all."""
    ends: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, samples = line.rpartition(" ")
        thread, *frames = stack.split(";")
        name = thread.partition(":")[2].strip() or "main"
        if frames and "concurrent/futures/thread.py" in frames[-1]:
            continue  # a thread that waits for work
        ends[f"{name[:24]:<24} {frames[-1] if frames else ''}"] += int(samples)
    total = ends.total()
    return "\n".join(f"    {100 * count / total:5.1f} %  {end}" for end, count in ends.most_common(most))


def _report(case: str, pairs: Sequence[tuple[Measurement, Measurement]], records: int) -> None:
    """Medians, and of the ratio the range; processor time tells more where others use the machine."""
    ratios = sorted(raw.seconds / measured.seconds for raw, measured in pairs)
    of_cpu = median(raw.cpu_seconds / measured.cpu_seconds for raw, measured in pairs)
    print(
        f"{case:<24} {median(records / measured.seconds for _, measured in pairs) / 1000:6.0f} k records/s"
        f"   ratio {median(ratios):4.2f} ({ratios[0]:4.2f} to {ratios[-1]:4.2f})"
        f"   {median(measured.cpu_seconds for _, measured in pairs) / records * 1e6:4.2f} CPU-s per million"
        f", ratio {of_cpu:5.3f}"
        f"   peak {max(measured.peak_bytes for _, measured in pairs) / 2**20:4.0f} MiB"
        f"   {max(measured.objects for _, measured in pairs):6,} objects",
        flush=True,
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--messages", type=int, default=300_000, help="records for messaging services")
    parser.add_argument("--keyed-records", type=int, default=500_000, help="records that have keys")
    parser.add_argument("--keys", type=int, default=1000, help="of these; an object each")
    parser.add_argument("--converted-records", type=int, default=1_000_000, help="for converters")
    parser.add_argument("--value-bytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print where the worker's time goes (py-spy)")
    parser.add_argument(
        "cases",
        nargs="*",
        choices=[_CHAINS, *_GROUPS, *CASES, *KEYED, *messaging.CASES, *conversion.CASES, []],
        help="all by default",
    )
    return parser.parse_args(arguments)


main(sys.argv[1:])
