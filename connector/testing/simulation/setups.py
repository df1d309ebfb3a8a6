"""The worlds that schedules are run in: grouping, rotation, formats, stores, what happens outside."""

from __future__ import annotations

from dataclasses import replace

from connector.sinks.s3.ledger.upload import Limits
from connector.testing.simulation.s3 import Habits
from connector.testing.simulation.setup import PART_BYTES, Setup

_STORE = Habits(smallest_part=PART_BYTES)
_THREE = {"file.max.records": "3", "file.rotate.on.commit": "false"}
_FIVE = {"file.max.records": "5", "file.rotate.on.commit": "false"}
_AGE = {"file.max.age.ms": "1500"}
_BY_KEY = {"file.name.template": "{{topic}}-{{partition}}-{{key}}-{{start_offset}}"}
_BY_HOUR = {
    "file.name.template": "{{timestamp:unit=HH}}-{{topic}}-{{partition}}-{{start_offset}}",
    "file.max.age.ms": "7200000",
}
_BY_HOUR_AND_KEY = {
    **_BY_HOUR,
    "file.name.template": "{{timestamp:unit=HH}}-{{key}}-{{topic}}-{{partition}}-{{start_offset}}",
}
_OTHER_NAMES = {"file.name.template": "new-{{topic}}-{{partition}}-{{start_offset}}"}
_JSON = {"format.output.type": "json"}
_PARQUET = {"format.output.type": "parquet"}
_GZIP = {"file.compression.type": "gzip"}
_KMS = {"aws.s3.sse.algorithm": "aws:kms", "aws.s3.checksum.algorithm": "crc32"}
_OUTSIDE = ("day", "lifecycle", "reader", "damage", "vanish", "outage")

SETUPS = {
    "one group": Setup(given=_THREE),
    "one group, large": Setup(given=_FIVE, records=12),
    "by age, as versitygw": Setup(
        given=_AGE, habits=replace(_STORE, repeats_complete=True, hides_absent=True, may_delete=False)
    ),
    "on commit": Setup(flush_seconds=0.3),
    "two groups": Setup(given={**_THREE, **_BY_KEY}, groups=2, records=10),
    "two groups, large": Setup(given={**_FIVE, **_BY_KEY}, groups=2, records=14),
    "two groups by age": Setup(given={**_AGE, **_BY_KEY}, groups=2, records=10),
    "three groups, large batches": Setup(
        given={**_BY_KEY, "file.max.records": "4", "file.rotate.on.commit": "false"},
        groups=3,
        records=20,
        batch_records=6,
        flush_seconds=0.4,
    ),
    "wall clock": Setup(given=_BY_HOUR, is_wallclock=True, records=10),
    "wall clock and key": Setup(given=_BY_HOUR_AND_KEY, is_wallclock=True, groups=2, records=10),
    "partitions": Setup(given=_THREE, numbers=3, workers=2, records=5),
    "partitions and groups": Setup(given={**_THREE, **_BY_KEY}, numbers=2, workers=2, groups=2, records=7),
    "one long object": Setup(
        given={"file.max.records": "15", "file.rotate.on.commit": "false"}, records=16, limits=Limits(60, 3)
    ),
    "few part numbers": Setup(
        given={"file.max.records": "10", "file.rotate.on.commit": "false"}, records=12, limits=Limits(7, 2)
    ),
    "foreign objects": Setup(given={**_THREE, **_BY_KEY}, groups=2, has_foreign=True),
    "encrypted by a key": Setup(
        given={**_FIVE, **_BY_KEY, **_KMS}, groups=2, records=10, habits=replace(_STORE, random_etags=True)
    ),
    "long keys": Setup(given={**_AGE, **_BY_KEY}, groups=6, key_length=900, records=14, batch_records=4),
    "outside": Setup(given={**_FIVE, **_BY_KEY}, groups=2, records=10, events=_OUTSIDE, last_workers=2),
    "outside, one group": Setup(given=_FIVE, records=10, events=_OUTSIDE, last_workers=2),
    "outside, wall clock": Setup(
        given=_BY_HOUR, is_wallclock=True, records=10, events=_OUTSIDE, last_workers=2
    ),
    "reset": Setup(given=_THREE, events=("reset",), last_workers=2),
    "reset, groups": Setup(given={**_FIVE, **_BY_KEY}, groups=2, events=("reset",), last_workers=2),
    "made again": Setup(given=_FIVE, events=("recreate",), last_workers=2),
    "made again, groups": Setup(given={**_FIVE, **_BY_KEY}, groups=2, events=("recreate",), last_workers=2),
    "made again while read": Setup(given=_FIVE, events=("renew",), last_workers=2),
    "made again while read, groups": Setup(
        given={**_FIVE, **_BY_KEY}, groups=2, events=("renew",), last_workers=2
    ),
    "other options": Setup(
        given={**_FIVE, **_BY_KEY},
        groups=2,
        records=10,
        changed=_OTHER_NAMES,
        events=("config", "recreate"),
        last_workers=2,
    ),
    "json, other options": Setup(
        given={**_FIVE, **_BY_KEY, **_JSON},
        groups=2,
        records=12,
        changed={**_OTHER_NAMES, "format.output.type": "csv"},
        events=("config",),
        last_workers=2,
    ),
    "gzip, other options": Setup(
        given={**_FIVE, **_GZIP, "file.name.template": _BY_KEY["file.name.template"] + ".gz"},
        groups=2,
        records=10,
        changed={"file.name.template": _OTHER_NAMES["file.name.template"] + ".gz"},
        events=("config",),
        last_workers=2,
    ),
    "parquet": Setup(given={**_THREE, **_PARQUET}, records=10),
    "parquet, groups": Setup(given={**_THREE, **_PARQUET, **_BY_KEY}, groups=2, records=10),
    "parquet by age": Setup(given={**_AGE, **_PARQUET, **_BY_KEY}, groups=3, records=12),
    "parquet, outside": Setup(
        given={**_THREE, **_PARQUET, **_BY_KEY},
        groups=2,
        records=10,
        changed=_OTHER_NAMES,
        events=(*_OUTSIDE, "config", "recreate"),
        last_workers=2,
    ),
}
"""By what they are about."""
