"""What formats leave behind in memory, in a process of its own, as the operating system counts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
_ATTEMPTS = 8
FILL = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from connector.column import JsonColumn
from connector.formats.fields import OutputFields, ParquetOptions
from connector.formats.parquet import ParquetFormat
from connector.record import RecordBatch, TopicPartition


def resident_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


def batch(partition, start):
    numbers = range(start, start + 2000)
    texts = [b'{"id":"%010d","user":"u-%08x","page":"%064x"}' % (n, n * 7919, n) for n in numbers]
    return RecordBatch(
        TopicPartition("t", partition), {"offsets": range(2000), "values": JsonColumn(texts)}, start + 2000
    )


created = ParquetFormat(OutputFields(("value",), envelope=False, parquet=ParquetOptions("zstd")))
encoders = [created.encoder() for _ in range(4)]
bodies = [encoder.begin() for encoder in encoders]


def put(partition, start):
    for piece in encoders[partition].encode(batch(partition, start)):
        bodies[partition].append(piece.data)


with ThreadPoolExecutor(4) as threads:
    list(threads.map(put, range(4), [0] * 4))
    empty = resident_mib()
    for start in range(2000, 140_000, 2000):
        list(threads.map(put, range(4), [start] * 4))
    full = resident_mib()
    list(threads.map(lambda body: body.finish(), bodies))
    print(empty, full, resident_mib())
"""


@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")
def test_row_groups_that_were_written_leave_no_memory_behind() -> None:
    """A piece at the end of an arena may keep what is before it; Arrow's own pools keep it each time."""
    left = []
    for _ in range(_ATTEMPTS):
        done = subprocess.run(
            [sys.executable, "-c", FILL], capture_output=True, text=True, check=True, timeout=60
        )
        empty, full, after = map(int, done.stdout.split())
        assert full > empty + 45, f"{empty} MiB at first, {full} with four row groups"
        left.append(after - empty)
        if left[-1] < 40:
            return
    raise AssertionError(f"Of row groups that were written {left} MiB stay")


@pytest.mark.parametrize(("given", "pool"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_arrow_allocates_as_the_system_does_unless_the_operator_says_otherwise(
    given: str | None, pool: str
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    if given:
        environ["ARROW_DEFAULT_MEMORY_POOL"] = given
    ask = "import connector.formats.parquet, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == pool
