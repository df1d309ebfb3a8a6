"""A worker sends its traces where OpenTelemetry's variables say, and no secret with them."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce

EXTERNAL_ID = "tenant-4711"


class Receiver:
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] else body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def spans(self) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = {}
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found.setdefault(span.name, []).append(span)
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.kafka
def test_a_batch_is_traced_from_the_poll_to_the_upload(
    kafka: KafkaBroker, aws: AwsServer, bucket: str, topic: CreateTopic, produce: Produce, receiver: Receiver
) -> None:
    orders = topic()
    worker = WorkerProcess(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "offset.flush.interval.ms": "300",
            "tracing.enable": "true",
        },
        {
            "name": "orders-to-s3",
            "connector.class": "s3",
            "topics": orders,
            "aws.access.key.id": aws.access_key_id,
            "aws.secret.access.key": aws.secret_access_key,
            "aws.sts.role.arn": aws.create_role("traced", EXTERNAL_ID),
            "aws.sts.role.external.id": EXTERNAL_ID,
            "aws.sts.config.endpoint": aws.url,
            "aws.s3.region": "eu-north-1",
            "format.output.type": "jsonl",
            "aws.s3.bucket.name": bucket,
            "aws.s3.endpoint": aws.url,
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "transforms": "header",
            "transforms.header.type": "org.apache.kafka.connect.transforms.InsertHeader",
            "transforms.header.header": "by",
            "transforms.header.value.literal": "us",
        },
        {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "200"},
    )
    with worker:
        worker.wait_for_state("RUNNING")
        produce(orders, [b"card 4000-1234"] * 100)
        worker.wait_for_delivery(100)
        worker.terminate()
    spans = receiver.spans
    assert {"batch", "convert", "transform", "put", "flush", "commit", "aws AssumeRole"} <= spans.keys()
    assert {"aws UploadPart", "aws PutObject"} & spans.keys()
    names = {span.span_id: name for name, of_name in spans.items() for span in of_name}
    above = {
        name: {names.get(span.parent_span_id, "") for span in of_name} for name, of_name in spans.items()
    }
    assert (above["convert"], above["transform"], above["put"]) == ({"batch"}, {"convert"}, {"batch"})
    assert "GET /connectors/{name}/status" in spans
    secrets = [EXTERNAL_ID, aws.secret_access_key, aws.access_key_id, "4000-1234", bucket, orders]
    assert [secret for secret in secrets if any(secret.encode() in body for body in receiver.bodies)] == []


@pytest.mark.kafka
def test_a_collector_that_is_away_holds_nothing_up(kafka: KafkaBroker) -> None:
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "tracing.enable": "true"}
    with WorkerProcess(settings, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}) as worker:
        worker.wait_until(lambda: worker.get("/health"), "healthy")
        assert worker.terminate(15) == 0
