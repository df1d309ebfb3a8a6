"""Configurations as users of Aiven's connector have them run as they are: validated, and delivered to moto.

Between them the cases hold every key of that connector, in its versions 2.15 to 3.4.
"""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from pyarrow import parquet

from connector.cluster.plan import plan
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.record import Record, RecordBatch, TopicPartition
from connector.settings import WorkerSettings
from connector.sinks.s3.config import S3Config
from connector.testing.sink import running, stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer

PARTITION = TopicPartition("logs", 2)
VALUES: list[Any] = [{"name": f"user-{number}"} for number in range(3)]
JAVA = "io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector"
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"

Case = tuple[dict[str, str], str, "Callable[[bytes], Any]", Any]
LINES = b"\n".join(json.dumps(value).encode() for value in VALUES)


def _rows(data: bytes) -> Any:
    rows: Any = fastavro.reader(io.BytesIO(data))
    return [row["value"]["name"] for row in rows]


def _columns(data: bytes) -> Any:
    return [row["value"]["name"] for row in parquet.read_table(io.BytesIO(data)).to_pylist()]


NAMES = ["user-0", "user-1", "user-2"]
CASES: dict[str, Case] = {
    "csv, static keys, retries": (
        {
            "key.converter": BYTES,
            "value.converter": BYTES,
            "header.converter": BYTES,
            "file.compression.type": "gzip",
            "file.max.records": "1000",
            "file.name.template": "dir/{{topic}}/{{partition:padding=true}}-{{start_offset:padding=true}}.gz",
            "format.output.type": "csv",
            "format.output.fields": "value",
            "format.output.fields.value.encoding": "none",
            "aws.s3.part.size.bytes": "5242880",
            "aws.s3.backoff.delay.ms": "200",
            "aws.s3.backoff.max.delay.ms": "10000",
            "aws.s3.backoff.max.retries": "5",
            "kafka.retry.backoff.ms": "5000",
            "aws.s3.fetch.page.size": "10",
            "aws.s3.fetch.buffer.size": "1000",
            "file.prefix.template": "unused/",
            "errors.tolerance": "none",
        },
        "dir/logs/0000000002-00000000000000000040.gz",
        gzip.decompress,
        LINES,
    ),
    "jsonl by time, encrypted": (
        {
            "key.converter": BYTES,
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "file.compression.type": "none",
            "file.name.template": "{{topic}}/{{timestamp:unit=YYYY}}/{{timestamp:unit=MM}}"
            "/{{partition}}-{{start_offset}}.jsonl",
            "file.name.timestamp.timezone": "Europe/Berlin",
            "file.name.timestamp.source": "event",
            "format.output.type": "jsonl",
            "format.output.envelope": "false",
            "format.output.fields": "value",
            "aws.s3.sse.algorithm": "AES256",
            "aws.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
        },
        "logs/1970/01/2-40.jsonl",
        lambda data: [json.loads(line) for line in data.splitlines()],
        VALUES,
    ),
    "json with the envelope": (
        {
            "file.compression.type": "none",
            "format.output.type": "json",
            "format.output.fields": "value,offset",
        },
        "logs-2-40",
        lambda data: [row["value"] for row in json.loads(data)],
        VALUES,
    ),
    "avro": (
        {
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "file.compression.type": "none",
            "avro.codec": "snappy",
            "enhanced.avro.schema.support": "true",
            "connect.meta.data": "false",
            "schemas.cache.config": "100",
            "format.output.type": "avro",
        },
        "logs-2-40.avro",
        _rows,
        NAMES,
    ),
    "parquet": (
        {
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "file.compression.type": "zstd",
            "connect.parquet.block.size": "1048576",
            "connect.parquet.validation": "true",
            "format.output.type": "PARQUET",
            "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}.parquet",
        },
        "logs-2-40.parquet",
        _columns,
        NAMES,
    ),
    "csv under a prefix": (
        {
            "format.output.fields.value.encoding": "none",
            "aws.s3.prefix": "in/{{topic}}/{{timestamp:unit=yyyy}}/",
            "timestamp.timezone": "Z",
            "timestamp.source": "event",
        },
        "in/logs/1970/logs-2-00000000000000000040.gz",
        gzip.decompress,
        LINES,
    ),
    "as 3.2 and later name objects": (
        {"format.output.fields.value.encoding": "none", "file.name.compatibility": "3.x"},
        "logs-2-40",
        gzip.decompress,
        LINES,
    ),
    "as 2.15 names objects": (
        {"format.output.fields.value.encoding": "none"},
        "logs-2-40.gz",
        gzip.decompress,
        LINES,
    ),
}


def settings() -> WorkerSettings:
    return WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "localhost:9092"})


def batch(raw: dict[str, str]) -> RecordBatch:
    """As a bytes converter or a schemaless JSON converter leaves it."""
    texts = [json.dumps(value).encode() for value in VALUES]
    records = [Record(40 + index, b"key", text, 1000) for index, text in enumerate(texts)]
    found = RecordBatch.of(PARTITION, records)
    if raw.get("format.output.type", "csv").lower() == "csv":
        return found
    converter = JsonConverter(JsonConverterConfig.parse({"schemas.enable": "false"}))
    return found.with_columns(values=converter.convert_column(texts))


async def deliver(raw: dict[str, str], notes: list[str] | None = None) -> None:
    """Through the validation of a connector, and through its sink."""
    (blueprint,) = plan([raw], settings())
    assert blueprint.unknown == {}
    if notes is not None:
        notes += blueprint.notes
    async with running(blueprint.make_sink(), [PARTITION]) as sink:
        await sink.put(batch(raw))
        assert await stored(sink, [PARTITION]) == {PARTITION: 43}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_config_of_aivens_connector_runs_as_it_is(aws: AwsServer, bucket: str, case: Case) -> None:
    options, name, read, expected = case
    await deliver({**common(aws, bucket), **options})
    objects = aws.objects(bucket)
    assert list(objects) == [name]
    assert read(objects[name]) == expected


def common(aws: AwsServer, bucket: str) -> dict[str, str]:
    return {
        "name": "logs-to-s3",
        "connector.class": JAVA,
        "tasks.max": "1",
        "topics": "logs,more",
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "aws.s3.region": "us-east-1",
        "aws.s3.endpoint": aws.url,
    }


async def test_the_names_with_underscores_are_taken_with_a_note(aws: AwsServer, bucket: str) -> None:
    notes: list[str] = []
    old = {
        "aws_access_key_id": aws.access_key_id,
        "aws_secret_access_key": aws.secret_access_key,
        "aws_s3_bucket": bucket,
        "aws_s3_endpoint": aws.url,
        "aws_s3_region": "us-east-1",
        "output_fields": "value,offset",
        "output_compression": "none",
        "aws_s3_prefix": "old/",
    }
    fixed = {"name": "old", "connector.class": JAVA, "topics": "logs"}
    await deliver({**fixed, **old, "format.output.fields.value.encoding": "none"}, notes)
    assert aws.objects(bucket) == {
        "old/logs-2-00000000000000000040": b"\n".join(
            b'{"name": "user-%d"},%d' % (n, 40 + n) for n in range(3)
        )
    }
    for name in old:
        assert any(note.startswith(f"{name} is an old name of") for note in notes)


def test_of_both_names_the_one_with_dots_wins() -> None:
    config = S3Config.parse({"aws.s3.bucket.name": "new", "aws_s3_bucket": "old-one"})
    assert config.bucket == "new"
    assert any("aws_s3_bucket is left out" in note for note in config.notes())


def test_a_role_with_keys_of_an_sts_config_is_validated(aws: AwsServer) -> None:
    raw = {
        **common(aws, "shop"),
        "aws.sts.role.arn": "arn:aws:iam::123456789012:role/r",
        "aws.sts.role.session.name": "session",
        "aws.sts.role.session.duration": "900",
        "aws.sts.role.external.id": "tenant",
        "aws.sts.config.endpoint": "https://sts.us-east-1.amazonaws.com",
    }
    (blueprint,) = plan([raw], settings())
    assert blueprint.unknown == {}
