"""The kinds of objects that rounds are about: options, what is produced, how objects are read."""

from __future__ import annotations

import gzip
import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import zstandard
from pyarrow import parquet

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1 << 20
HOUR_MS = 3_600_000
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Row(NamedTuple):
    """A record as an object shows it."""

    offset: int
    value: bytes


class Place(NamedTuple):
    """What the name of an object says of its records."""

    partition: int
    start: int
    group: str


class UndecodableError(Exception):
    """An object, or its name, is not what the profile's options make."""


_STRINGS = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
}
_CSV = {
    "format.output.type": "csv",
    "format.output.fields": "value,offset",
    "format.output.fields.value.encoding": "none",
}
_JSONL = {"format.output.type": "jsonl", "format.output.fields": "key,value,offset,timestamp", **_STRINGS}
_PARQUET = {"format.output.type": "parquet", "format.output.fields": "key,value,offset,timestamp", **_STRINGS}
_PLAIN = "{{topic}}/all/{{partition}}/{{start_offset:padding=true}}"
_BY_KEY = "{{topic}}/{{key}}/{{partition}}/{{start_offset:padding=true}}"
_BY_SECOND = "{{topic}}/{{timestamp:format=HHmmss}}/{{partition}}/{{start_offset:padding=true}}"
_BY_HOUR = "{{topic}}/{{timestamp:format=yyyyMMddHH}}/{{partition}}/{{start_offset:padding=true}}"
_EVENT = {"file.name.timestamp.source": "event", "file.name.template": _BY_HOUR}
_OUTLIVES = {"file.rotate.on.commit": "false", "file.max.idle.ms": "1500"}
"""Objects stay open over commits; the last of a round end since nothing comes any more."""

_NAME = re.compile(r"[^/]+/(?P<group>[^/]+)/(?P<partition>\d+)/(?P<start>\d+)")
_DEFAULT_NAME = re.compile(r".+-(?P<partition>\d+)-(?P<start>\d+)(\.gz|\.zst)?")


@dataclass(frozen=True)
class Profile:
    """One kind of objects.

    Attributes:
        options: Of the connector.
        value_bytes: The length of values.
        records: About how many records each partition gets a second.
        most_partitions: Of the topic.
        keys: How many different keys there are.
        hours: How many hours event times are spread over; 0: they are the time of producing.
        group_by: What the group in a name must be: a record's "key" or its "hour"; None: anything.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    value_bytes: int = 100
    records: int = 150
    most_partitions: int = 4
    keys: int = 4
    hours: int = 0
    group_by: str | None = None

    def place(self, key: str) -> Place:
        """Raises: UndecodableError."""
        pattern = _NAME if "file.name.template" in self.options else _DEFAULT_NAME
        found = pattern.fullmatch(key)
        if not found:
            raise UndecodableError(f"{key} is not a name of this connector")
        named = found.groupdict()
        return Place(int(named["partition"]), int(named["start"]), named.get("group", ""))

    def rows(self, content: bytes) -> list[Row]:
        """Raises: UndecodableError."""
        try:
            return self._rows(content)
        except Exception as error:
            raise UndecodableError(f"{type(error).__name__}: {error}") from error

    def _rows(self, content: bytes) -> list[Row]:
        if self.options["format.output.type"] == "parquet":
            table = parquet.read_table(io.BytesIO(content), columns=["offset", "value"]).to_pylist()
            return [Row(row["offset"], row["value"].encode()) for row in table]
        lines = _decompressed(content).split(b"\n")
        if self.options["format.output.type"] == "jsonl":
            found = [json.loads(line) for line in lines]
            return [Row(row["offset"], row["value"].encode()) for row in found]
        split = [line.rsplit(b",", 1) for line in lines]
        return [Row(int(offset), value) for value, offset in split]


def _decompressed(content: bytes) -> bytes:
    """By what it begins with: a connector that is told to compress otherwise does so from then on."""
    if content.startswith(_GZIP):
        return gzip.decompress(content)
    if content.startswith(_ZSTD):
        with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
            return reader.read()
    return content


def hour_of(timestamp_ms: int) -> str:
    """As names of the profiles by event time show it."""
    return datetime.fromtimestamp(timestamp_ms // 1000, UTC).strftime("%Y%m%d%H")


def _options(*parts: Mapping[str, str], **more: str) -> dict[str, str]:
    found = {name: value for part in parts for name, value in part.items()}
    return found | {name.replace("_", "."): value for name, value in more.items()}


PROFILES: dict[str, Profile] = {
    "records": Profile(
        _options(_CSV, _OUTLIVES, {"file.name.template": _PLAIN, "file.compression.type": "none"})
        | {"file.max.records": "40"},
    ),
    "commits": Profile(_options(_CSV, {"file.compression.type": "gzip"}) | {"file.max.records": "400"}),
    "parts": Profile(
        _options(_CSV, _OUTLIVES, {"file.name.template": _PLAIN, "file.compression.type": "none"})
        | {"file.max.bytes": str(22 * MIB)},
        value_bytes=64 << 10,
        records=90,
        most_partitions=2,
    ),
    "age": Profile(
        _options(_JSONL, _OUTLIVES, {"file.name.template": _PLAIN, "file.compression.type": "gzip"})
        | {"file.max.age.ms": "2500"},
    ),
    "wallclock": Profile(
        _options(_JSONL, _OUTLIVES, {"file.name.template": _BY_SECOND, "file.compression.type": "zstd"}),
    ),
    "event": Profile(
        _options(_JSONL, _OUTLIVES, _EVENT, {"file.compression.type": "zstd"}) | {"file.max.records": "150"},
        hours=6,
        group_by="hour",
    ),
    "event-parts": Profile(
        _options(_JSONL, _OUTLIVES, _EVENT, {"file.compression.type": "gzip"})
        | {"file.max.age.ms": "6000", "file.max.bytes": str(22 * MIB)},
        value_bytes=64 << 10,
        records=90,
        most_partitions=2,
        hours=3,
        group_by="hour",
    ),
    "keys": Profile(
        _options(_JSONL, _OUTLIVES, {"file.name.template": _BY_KEY, "file.compression.type": "gzip"})
        | {"file.max.records": "60"},
        keys=24,
        group_by="key",
    ),
    "parquet": Profile(
        _options(_PARQUET, _OUTLIVES, {"file.name.template": _PLAIN, "file.compression.type": "zstd"})
        | {"file.max.records": "120"},
    ),
    "parquet-event": Profile(
        _options(_PARQUET, _OUTLIVES, _EVENT, {"file.compression.type": "none"})
        | {"file.max.age.ms": "2000"},
        hours=4,
        group_by="hour",
    ),
}
