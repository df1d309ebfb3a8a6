"""``connector migrate``: what is printed is a legal config of ours, and every key is accounted for."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.migration import rewritten
from connector.runtime.blueprint import draw
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

SETTINGS = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
CAMEL = "org.apache.camel.kafkaconnector."
KEYS = {"accessKey": "AKIAEXAMPLE", "secretKey": "s3cr3t+word", "region": "eu-north-1"}
CONFLUENT = {
    "name": "c",
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "topics": "orders",
    "s3.bucket.name": "shop",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "1000",
}
AIVEN = {
    "name": "c",
    "connector.class": "io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector",
    "topics": "orders",
    "aws_s3_bucket": "shop",
}


def camel(java: str, prefix: str, **options: str) -> dict[str, str]:
    below = {f"{prefix}.{name}": value for name, value in {**KEYS, **options}.items()}
    return {"name": "c", "connector.class": CAMEL + java, "topics": "orders", **below}


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "camel s3": (
        camel("awss3sink.CamelAwss3sinkSinkConnector", "camel.kamelet.aws-s3-sink", bucketNameOrArn="shop"),
        {
            "connector.class": "s3",
            "aws.s3.bucket.name": "shop",
            "aws.s3.region": "eu-north-1",
            "format.output.type": "raw",
            "file.max.records": "1",
            "file.compression.type": "none",
        },
    ),
    "camel s3 streams": (
        camel(
            "awss3streaminguploadsink.CamelAwss3streaminguploadsinkSinkConnector",
            "camel.kamelet.aws-s3-streaming-upload-sink",
            bucketNameOrArn="arn:aws:s3:::shop",
            keyName="in/all.txt",
            batchMessageNumber="20",
            streamingUploadTimeout="5000",
            restartingPolicy="lastPart",
        ),
        {
            "aws.s3.bucket.name": "shop",
            "file.name.template": "in/all-{{topic}}-{{partition}}-{{start_offset}}.txt",
            "file.max.records": "20",
            "file.max.uncompressed.bytes": "1000000",
            "file.max.age.ms": "5000",
            "file.rotate.on.commit": "false",
        },
    ),
    "camel sqs, before kamelets": (
        {
            "name": "c",
            "connector.class": f"{CAMEL}aws2sqs.CamelAws2sqsSinkConnector",
            "topics": "orders",
            "camel.sink.path.queueNameOrArn": "q.fifo",
            "camel.sink.endpoint.contentBasedDeduplication": "true",
            "camel.component.aws2-sqs.configuration.access-key": "AKIAEXAMPLE",
            "camel.component.aws2-sqs.configuration.secret-key": "s",
            "camel.component.aws2-sqs.configuration.region": "eu-north-1",
        },
        {
            "connector.class": "sqs",
            "aws.sqs.queue": "q.fifo",
            "aws.region": "eu-north-1",
            "aws.access.key.id": "AKIAEXAMPLE",
            "aws.secret.access.key": "s",
            "aws.sqs.message.deduplication.id": "content",
        },
    ),
    "camel by uri": (
        {
            "name": "c",
            "connector.class": f"{CAMEL}aws2s3.CamelAws2s3SinkConnector",
            "topics": "orders",
            "camel.sink.url": "aws2-s3://shop?accessKey=AKIAEXAMPLE&secretKey=RAW(s+/=)&region=eu-north-1",
        },
        {"aws.s3.bucket.name": "shop", "aws.secret.access.key": "s+/=", "aws.s3.region": "eu-north-1"},
    ),
    "camel sns": (
        camel(
            "awssnssink.CamelAwssnssinkSinkConnector",
            "camel.kamelet.aws-sns-sink",
            topicNameOrArn="arn:aws:sns:eu-north-1:123456789012:t",
        ),
        {"connector.class": "sns", "aws.sns.topic.arn": "arn:aws:sns:eu-north-1:123456789012:t"},
    ),
    "camel kinesis": (
        camel(
            "awskinesissink.CamelAwskinesissinkSinkConnector", "camel.kamelet.aws-kinesis-sink", stream="s"
        ),
        {"connector.class": "kinesis", "aws.kinesis.stream": "s", "aws.kinesis.region": "eu-north-1"},
    ),
    "camel eventbridge": (
        camel(
            "awseventbridgesink.CamelAwseventbridgesinkSinkConnector",
            "camel.kamelet.aws-eventbridge-sink",
            eventbusNameOrArn="bus",
            eventSource="shop",
            eventSourcePrefix="acme.",
            detailType="order",
            uriEndpointOverride="http://stand-in:1",
            overrideEndpoint="true",
        ),
        {
            "connector.class": "eventbridge",
            "aws.eventbridge.bus": "bus",
            "aws.eventbridge.source": "acme.shop",
            "aws.eventbridge.endpoint": "http://stand-in:1",
            "aws.eventbridge.detail": "value",
        },
    ),
    "aiven, old names": (
        {**AIVEN, "aws_s3_prefix": "in/{{utc_date}}/", "timestamp.source": "event", "output_fields": "value"},
        {
            "connector.class": "s3",
            "aws.s3.bucket.name": "shop",
            "format.output.fields": "value",
            "file.name.timestamp.source": "event",
            "file.name.template": "in/{{timestamp:unit=yyyy}}-{{timestamp:unit=MM}}-{{timestamp:unit=dd}}/"
            "{{topic}}-{{partition}}-{{start_offset:padding=true}}.gz",
        },
    ),
    "aiven, flush.size": (
        {**AIVEN, "flush.size": "5"},
        {"file.max.records": "5", "file.rotate.on.commit": "false"},
    ),
    "confluent": (CONFLUENT, {"connector.class": "s3", "file.max.records": "1000"}),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES)
def test_the_result_is_a_legal_config_and_no_key_is_left_out(
    raw: dict[str, str], expected: dict[str, str]
) -> None:
    found = rewritten(raw)
    assert found.problems == []
    assert found.config == {**found.config, **expected}
    assert draw(found.config, SETTINGS).unknown == {}
    assert [line.key for line in found.lines] == list(raw)
    for line in found.lines:
        assert all(key in found.config for key in line.becomes)


def test_what_confluents_config_would_do_its_rewritten_form_does() -> None:
    raw = {**CONFLUENT, "partitioner.class": "x.FieldPartitioner", "partition.field.name": "a"}
    before = draw(raw, SETTINGS).make_sink().config
    after = draw(rewritten(raw).config, SETTINGS).make_sink().config
    assert before.rotation() == after.rotation()
    assert before.create_template().text == after.create_template().text
    assert before.fingerprint == after.fingerprint


def run(tmp_path: Path, document: object, *options: str) -> Result:
    file = tmp_path / "connector.json"
    file.write_text(json.dumps(document))
    return CliRunner().invoke(app, ["migrate", str(file), *options])


def test_the_config_goes_to_stdout_and_each_key_to_stderr(tmp_path: Path) -> None:
    result = run(tmp_path, CONFLUENT)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["aws.s3.bucket.name"] == "shop"
    assert "renamed   s3.bucket.name -> aws.s3.bucket.name\n" in result.stderr
    assert "kept      topics\n" in result.stderr


def test_a_request_stays_a_request(tmp_path: Path) -> None:
    config = {key: value for key, value in CONFLUENT.items() if key != "name"}
    document = {"name": "c", "initial_state": "STOPPED", "config": {**config, "flush.size": 1000}}
    found = json.loads(run(tmp_path, document).stdout)
    assert (found["name"], found["initial_state"]) == ("c", "STOPPED")
    assert found["config"]["file.max.records"] == "1000"
    assert "name" not in found["config"]


def test_a_request_from_a_pipe_stays_a_request_too() -> None:
    config = {key: value for key, value in CONFLUENT.items() if key != "name"}
    pipe, end = os.pipe()
    try:
        os.write(end, json.dumps({"name": "c", "config": config}).encode())
        os.close(end)
        result = CliRunner().invoke(app, ["migrate", f"/dev/fd/{pipe}"])
    finally:
        os.close(pipe)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["config"]["aws.s3.bucket.name"] == "shop"


def test_what_needs_attention_is_told_by_the_exit_code(tmp_path: Path) -> None:
    result = run(tmp_path, {**CONFLUENT, "schema.compatibility": "FULL"})
    assert result.exit_code == 1
    assert "attention schema.compatibility: records are not changed" in result.stderr


def test_what_has_no_counterpart_is_refused_all_at_once(tmp_path: Path) -> None:
    result = run(tmp_path, {**CONFLUENT, "store.kafka.keys": "true", "s3.wan.mode": "true"})
    assert result.exit_code == 3
    assert "error: store.kafka.keys: objects of keys cannot be had" in result.stderr
    assert "error: s3.wan.mode: transfer acceleration cannot be had" in result.stderr


def test_a_result_that_is_not_legal_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, {**AIVEN, "aws_s3_bucket": "Shop"})
    assert result.exit_code == 3
    assert "error: aws.s3.bucket.name: " in result.stderr


@pytest.mark.parametrize("java", ["", "com.acme.Sink", f"{CAMEL}CamelAwskinesisfirehosesinkSinkConnector"])
def test_a_connector_that_is_not_known_is_refused(tmp_path: Path, java: str) -> None:
    result = run(tmp_path, {"name": "c", "connector.class": java, "topics": "t"})
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "is no connector that can be rewritten" in result.stderr


def test_the_table_has_every_key_and_no_value(tmp_path: Path) -> None:
    raw = {**CONFLUENT, "aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cr3t"}
    result = run(tmp_path, raw, "--explain")
    assert all(f"| `{key}` |" in result.stdout for key in raw)
    assert "s3cr3t" not in result.output


def test_what_nobody_reads_is_to_be_looked_at(tmp_path: Path) -> None:
    result = run(tmp_path, {**CONFLUENT, "file.max.idel.ms": "1", "x.y": "1"})
    assert result.exit_code == 1
    assert "attention file.max.idel.ms: nothing reads it; did you mean file.max.idle.ms?\n" in result.stderr
    assert "attention x.y: nothing reads it\n" in result.stderr


def test_what_is_for_confluents_licence_is_dropped(tmp_path: Path) -> None:
    licence = {
        "confluent.license": "",
        "confluent.topic.bootstrap.servers": "b:1",
        "reporter.result.topic.name": "r",
    }
    result = run(tmp_path, {**CONFLUENT, **licence})
    assert result.exit_code == 0
    assert not licence.keys() & json.loads(result.stdout).keys()
    assert (
        "dropped   confluent.topic.bootstrap.servers: no licence of Confluent's is needed\n" in result.stderr
    )
    assert draw({**CONFLUENT, **licence}, SETTINGS).unknown == {}


S3_SINK = "awss3sink.CamelAwss3sinkSinkConnector"


@pytest.mark.parametrize(
    ("key_name", "template"),
    [
        ("in/file.txt", "in/file-{{topic}}-{{partition}}-{{start_offset}}.txt"),
        (
            "${date:now:yyyyMMdd-HHmmssSSS}-${exchangeId}",
            "{{timestamp:format=yyyyMMdd-HHmmssSSS}}-{{topic}}-{{partition}}-{{start_offset}}",
        ),
        (
            "in/${date:now:yyyy.MM}/${exchangeId}.json",
            "in/{{timestamp:format=yyyy.MM}}/{{topic}}-{{partition}}-{{start_offset}}.json",
        ),
    ],
)
def test_names_of_camels_objects_keep_their_dates_and_get_offsets(key_name: str, template: str) -> None:
    raw = camel(S3_SINK, "camel.kamelet.aws-s3-sink", bucketNameOrArn="shop", keyName=key_name)
    found = rewritten(raw)
    assert found.problems == []
    assert found.config["file.name.template"] == template
    assert draw(found.config, SETTINGS).unknown == {}


def test_an_expression_of_camels_that_cannot_be_had_is_refused_by_its_own_key(tmp_path: Path) -> None:
    raw = camel(S3_SINK, "camel.kamelet.aws-s3-sink", bucketNameOrArn="shop", keyName="${header.file}.txt")
    result = run(tmp_path, raw)
    assert result.exit_code == 3
    assert "error: camel.kamelet.aws-s3-sink.keyName: ${header.file} cannot be had" in result.stderr
