"""The page that people try first: its files and its commands, in its order, on real Kafka."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.testing.kafka.broker import free_ports
from connector.testing.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import KafkaBroker
    from connector.testing.kafka.client import CreateTopic, Produce

PAGE = (Path(__file__).parents[2] / "docs" / "quick-start.md").read_text()
BLOCKS = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line.strip() for language, text in BLOCKS if not language for line in text.splitlines()]
RUN = "connector standalone worker.properties orders.json"
WORKER = "http://127.0.0.1:8083"


def file(language: str) -> str:
    (text,) = [str(text) for found, text in BLOCKS if found == language]
    return text


@pytest.fixture
def environ(aws: AwsServer) -> dict[str, str]:
    """Where the page's account is, and a port that is free."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.secret_access_key,
        "CONNECT_LISTENERS": f"http://127.0.0.1:{free_ports(1)[0]}",
    }


@pytest.fixture
def my_orders(aws: AwsServer) -> Iterator[str]:
    """The bucket of the page, empty."""
    s3 = aws.client("s3")
    if "my-orders" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket="my-orders", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    yield "my-orders"
    for found in s3.list_objects_v2(Bucket="my-orders").get("Contents", []):
        s3.delete_object(Bucket="my-orders", Key=found["Key"])


def ready(ask: Callable[[], str], what: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if found := ask():
                return found
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(what)


def test_the_page_leads_to_objects(
    kafka: KafkaBroker,
    aws: AwsServer,
    environ: dict[str, str],
    my_orders: str,
    topic: CreateTopic,
    produce: Produce,
    tmp_path: Path,
) -> None:
    orders = topic(2)
    (tmp_path / "worker.properties").write_text(
        file("properties").replace("broker-1:9092", kafka.bootstrap_servers)
    )
    (tmp_path / "orders.json").write_text(file("json").replace('"topics": "orders"', f'"topics": "{orders}"'))
    produce(orders, [f'{{"order": {number}}}'.encode() for number in range(100)])

    before = COMMANDS[: COMMANDS.index(RUN)]
    checked = [shlex.split(command)[1:] for command in before if command.startswith("connector ")]
    assert [words[-2] for words in checked] == ["policy", "validate", "check"]
    for words in checked:
        done = subprocess.run(
            [sys.executable, "-m", "connector", *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    words = shlex.split(RUN)[1:]
    worker = ChildProcess(
        [sys.executable, "-m", "connector", *words], folder=tmp_path, log=tmp_path / "log", environ=environ
    )
    try:
        stored = ready(lambda: content(aws, my_orders, 100), "100 records are stored")
        assert sorted(json.loads(line)["value"]["order"] for line in stored.splitlines()) == [*range(100)]
        asked = [shlex.split(command)[-1] for command in COMMANDS if command.startswith(f"curl {WORKER}")]
        status, metrics = (get(url.replace(WORKER, environ["CONNECT_LISTENERS"])) for url in asked)
        assert {task["state"] for task in json.loads(status)["tasks"]} == {"RUNNING"}
        assert "connector_records_delivered_total" in metrics
    finally:
        worker.kill()


def content(aws: AwsServer, bucket: str, count: int) -> str:
    """The lines of all objects, once there are so many."""
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found]
    lines = "\n".join(gzip.decompress(body).decode() for body in bodies)
    return lines if len(lines.splitlines()) >= count else ""


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: bytes = answer.read()
    return text.decode()
