"""What a run is about: records, partitions, options of the sink, habits of the store, and what may happen."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet

from connector.config.option import INT, defaulted
from connector.record import TopicPartition
from connector.sinks.s3.config import S3Config
from connector.sinks.s3.ledger.upload import Limits
from connector.testing.simulation.s3 import Habits
from connector.testing.simulation.topic import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.testing.simulation.topic import Label

PART_BYTES = 14
"""Two records."""
_BASE = {
    "aws.s3.bucket.name": "bucket",
    "aws.s3.region": "eu-west-1",
    "aws.access.key.id": "a",
    "aws.secret.access.key": "b",
    "format.output.type": "csv",
    "format.output.fields": "value",
    "format.output.fields.value.encoding": "none",
    "file.compression.type": "none",
    "aws.s3.checksum.algorithm": "when_required",
}


class SmallPartsConfig(S3Config):
    """The sink's options with parts of a few bytes, which S3 would refuse."""

    part_size_bytes = defaulted("aws.s3.part.size.bytes", INT, PART_BYTES, "Bytes of one part.")


@dataclass(frozen=True)
class Setup:
    """The world of a run.

    Attributes:
        records: In each partition.
        numbers: Of partitions.
        groups: How many record keys there are.
        given: Options of the sink, beside those that all runs have.
        changed: Options after the config was changed.
        events: What may happen beside what happens to processes and requests.
        seconds: How long a schedule goes on.
    """

    records: int = 8
    numbers: int = 1
    workers: int = 1
    groups: int = 1
    key_length: int = 1
    padding: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    habits: Habits = Habits(smallest_part=PART_BYTES)
    limits: Limits = Limits(12, 2)
    batch_records: int = 3
    seconds: float = 3.0
    flush_seconds: float = 1.0
    is_wallclock: bool = False
    has_foreign: bool = False
    """Objects of somebody else have the names of the first ones."""
    last_workers: int = 1
    """How many may be needed in the end; more than one where something from outside can end the first."""
    logs: bool = False

    @property
    def options(self) -> Mapping[str, str]:
        return {**_BASE, **self.given}

    @property
    def partitions(self) -> list[TopicPartition]:
        return [TopicPartition("records", number) for number in range(self.numbers)]

    @property
    def state_prefix(self) -> str:
        return self.options.get("aws.s3.state.prefix", "_ledger/")

    @property
    def first_keys(self) -> list[str]:
        """Names that the first objects have, where they are by topic, partition, key and offset."""
        return [f"records-0-{self.key(offset).decode()}-{offset}" for offset in range(self.groups)]

    def key(self, offset: int) -> bytes:
        number = offset % self.groups
        return (chr(ord("a") + number) * self.key_length).encode()

    def decoded(self, key: str, body: bytes) -> list[Label]:
        """The records of an object, as a reader finds them."""
        if key.endswith(".gz"):
            body = gzip.decompress(body)
        options = {**self.options, **(self.changed if key.startswith("new-") else {})}
        if options["format.output.type"] == "parquet":
            return [label_of(each) for each in parquet.read_table(pa.BufferReader(body))["value"].to_pylist()]
        if options["format.output.type"] == "json":
            return [label_of(base64.b64decode(each["value"])) for each in json.loads(body)]
        return [label_of(line) for line in body.splitlines()]
