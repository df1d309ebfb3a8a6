"""``python -m benchmarks.chains``: what converters and transforms cost beside records that pass untouched.

One thread, no Kafka, no network: the pipeline of a task and the jsonl format, in batches of 500 records with
values of about 100 bytes. Others may use the machine, so time is that of the processor, and a case takes
turns with records that pass untouched: its ratio is the median over many short pairs, with the middle half.
"""

from __future__ import annotations

import sys
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks.converters import CASES as CONVERTERS
from connector.config.connector import ConnectorConfig
from connector.formats.fields import OutputFields
from connector.formats.jsonl import JsonlFormat
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.blueprint import draw
from connector.runtime.pipeline import Pipeline
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

IDENTITY = "ByteArray"
_RECORDS = 500
_BATCHES = 10
_ROUNDS = 61
_KAFKA = "org.apache.kafka.connect.transforms."
_CHAINS: dict[str, tuple[str, dict[str, str]]] = {
    "RegexRouter": (IDENTITY, {"type": _KAFKA + "RegexRouter", "regex": "(.*)", "replacement": "eu-$1"}),
    "TimestampRouter": (IDENTITY, {"type": _KAFKA + "TimestampRouter"}),
    "Json InsertField": ("Json", {"type": _KAFKA + "InsertField$Value", "topic.field": "topic"}),
    "Json ReplaceField": ("Json", {"type": _KAFKA + "ReplaceField$Value", "exclude": "note"}),
    "Json MaskField": ("Json", {"type": _KAFKA + "MaskField$Value", "fields": "name"}),
    "Json Cast": ("Json", {"type": _KAFKA + "Cast$Value", "spec": "id:string"}),
    "Json expression filter": ("Json", {"type": "expression", "filter": "value.id > `1`"}),
    "Json expression project": ("Json", {"type": "expression", "value": "{id: value.id, city: value.city}"}),
}
_INSERT_REPLACE_MASK = ("Json InsertField", "Json ReplaceField", "Json MaskField")


def cases() -> dict[str, tuple[Pipeline, bytes]]:
    """The pipeline and the value of each case; the first is that without a converter."""
    found = {name: (_pipeline(name, []), CONVERTERS[name][2]) for name in CONVERTERS}
    for name, (converter, step) in _CHAINS.items():
        found[name] = _pipeline(converter, [step]), CONVERTERS[converter][2]
    steps = [_CHAINS[name][1] for name in _INSERT_REPLACE_MASK]
    for converter in ("Json", "Avro"):
        name = f"{converter} insert, replace, mask"
        found[name] = _pipeline(converter, steps), CONVERTERS[converter][2]
    return found


def _pipeline(converter: str, steps: Sequence[dict[str, str]]) -> Pipeline:
    name, options, _ = CONVERTERS[converter]
    raw = {
        "name": "bench",
        "connector.class": "s3",
        ConnectorConfig.topics.name: "bench",
        "aws.s3.bucket.name": "bench",
        "value.converter": name,
        **{f"value.converter.{key}": value for key, value in options.items()},
        "transforms": ",".join(f"t{number}" for number in range(len(steps))),
    }
    for number, step in enumerate(steps):
        raw |= {f"transforms.t{number}.{key}": value for key, value in step.items()}
    drawn = draw(
        {key: value for key, value in raw.items() if value},
        WorkerSettings.of({"bootstrap.servers": "none:1"}, {}),
    )
    made = {role: make() for role, make in drawn.converters.items()}
    return Pipeline(made["key"], made["value"], made["header"], drawn.make_steps())


def main(chosen: Sequence[str]) -> None:
    """Print the rate of each case, and its ratio to the identity."""
    known = cases()
    for name in chosen or known:
        pairs = [(_seconds(*known[IDENTITY]), _seconds(*known[name])) for _ in range(_ROUNDS)]
        rate = _RECORDS * _BATCHES / median(taken for _, taken in pairs) / 1000
        low, middle, high = quantiles([unchanged / taken for unchanged, taken in pairs], n=4)
        print(
            f"{name:<28}{rate:7.0f} k records/s   ratio to identity {middle:5.3f} ({low:5.3f} to {high:5.3f})"
        )


def _seconds(pipeline: Pipeline, value: bytes) -> float:
    form = JsonlFormat(OutputFields())
    records = [Record(offset, None, value, 86_400_000, []) for offset in range(_RECORDS)]
    given = RecordBatch.of(TopicPartition("bench", 0), records)
    # As a task has it: what neither pipeline nor sink looks at is not read, headers above all.
    columns = {name: getattr(given, name) for name in {"offsets", "values", *pipeline.columns}}
    batch = RecordBatch(given.topic_partition, columns, given.next_offset)
    started = time.thread_time()
    for _ in range(_BATCHES):
        for put in pipeline.apply(batch).batches:
            form.encode(put)
    return time.thread_time() - started


if __name__ == "__main__":
    main(sys.argv[1:])
