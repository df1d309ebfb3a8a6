"""The rig itself: what it promises to tests, shown against its real servers and real clients."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from connector.testing.kafka import (
    Committed,
    DockerKafka,
    KafkaClient,
    KafkaUnavailableError,
    MavenKafka,
    Message,
    MockKafka,
    start_kafka,
)
from connector.testing.kafka.broker import free_ports
from connector.testing.kinesis import create_stream, stored_records
from connector.testing.proxy import Answer, ApiRequest, FaultProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.kafka.link import KafkaLink

PART = b"x" * (5 << 20)


def consume(broker: KafkaBroker, topic: str, count: int, partition: int = 0) -> list[Any]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": uuid.uuid4().hex})
    consumer.assign([TopicPartition(topic, partition, 0)])
    messages: list[Any] = []
    deadline = time.monotonic() + 60
    while len(messages) < count and time.monotonic() < deadline:
        messages += consumer.consume(count - len(messages), timeout=0.5)
    consumer.close()
    return messages


# ---- Kafka


@pytest.mark.kafka
def test_produced_records_are_read_back_in_order(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(2)
    produce(name, (b"%d" % number for number in range(1000)), partition=1)
    assert [message.value() for message in consume(kafka, name, 1000, partition=1)] == [
        b"%d" % number for number in range(1000)
    ]


@pytest.mark.kafka
def test_record_keeps_key_headers_and_timestamp(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    name = topic()
    produce(name, [Message(None, b"key", [("h", b"1"), ("h", b"2")], timestamp_ms=1_700_000_000_123)], 0)
    (message,) = consume(kafka, name, 1)
    assert (message.key(), message.value()) == (b"key", None)
    assert message.headers() == [("h", b"1"), ("h", b"2")]
    assert message.timestamp()[1] == 1_700_000_000_123


@pytest.mark.kafka
def test_committed_offsets_come_with_their_metadata(
    kafka: KafkaBroker, topic: CreateTopic, committed: ReadCommitted
) -> None:
    name, group = topic(2), uuid.uuid4().hex
    assert committed(group, name) == {}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    consumer.commit(offsets=[TopicPartition(name, 1, 7, metadata='{"k":9}')], asynchronous=False)
    consumer.close()
    assert committed(group, name) == {1: Committed(7, '{"k":9}')}


@pytest.mark.real_kafka
def test_topic_has_as_many_partitions_as_asked_for(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(7)
    produce(name, [b"last"], partition=6)
    assert len(consume(kafka, name, 1, partition=6)) == 1


@pytest.mark.real_kafka
def test_misspelled_topic_is_not_created(kafka: KafkaBroker) -> None:
    if not isinstance(kafka, MavenKafka | DockerKafka):
        pytest.skip(f"another's broker decides for itself: {kafka.description}")
    asked = Producer({"bootstrap.servers": kafka.bootstrap_servers}).list_topics("misspelled", timeout=10)
    assert asked.topics["misspelled"].error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


@pytest.fixture
def own_kafka(kafka: KafkaBroker) -> Iterator[MavenKafka]:
    if not isinstance(kafka, MavenKafka):
        pytest.skip(f"only a broker of our own may be killed, and this is {kafka.description}")
    broker = MavenKafka.launch()
    yield broker
    broker.stop()


@pytest.mark.real_kafka
def test_killed_broker_comes_back_at_the_same_address_with_its_data(own_kafka: MavenKafka) -> None:
    client, address = KafkaClient(own_kafka), own_kafka.bootstrap_servers
    name = client.create_topic()
    client.produce(name, [b"before"])
    own_kafka.kill()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
    own_kafka.start()
    client.produce(name, [b"after"])
    assert own_kafka.bootstrap_servers == address
    assert [message.value() for message in consume(own_kafka, name, 2)] == [b"before", b"after"]


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    "withhold",
    [
        pytest.param(lambda link: link.withhold_answers("linked.", 4), id="from a client"),
        pytest.param(lambda link: link.break_process(os.getpid(), 4), id="from a process"),
    ],
)
def test_commit_lands_whose_answer_the_link_withholds(
    own_kafka: MavenKafka, withhold: Callable[[KafkaLink], None]
) -> None:
    client = KafkaClient(own_kafka)
    topic = client.create_topic(1)
    client.produce(topic, [b"v"], partition=0)
    with own_kafka.link() as link:
        consumer = Consumer(
            {
                "bootstrap.servers": link.bootstrap_servers,
                "group.id": topic,
                "client.id": "linked.0.",
                "socket.timeout.ms": 1500,
                "log_level": 0,
            }
        )
        consumer.assign([TopicPartition(topic, 0, 0)])
        assert consumer.consume(1, 60)
        consumer.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
        withhold(link)
        consumer.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=True)
        _wait_until(lambda: client.committed(topic, topic) == {0: Committed(1, "")})
        link.cut("linked.")
        consumer.close()
    client.close()


@pytest.mark.real_kafka
def test_broker_that_already_has_the_port_is_not_taken_for_ours(
    kafka: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(kafka, MavenKafka):
        pytest.skip(f"needs a broker of our own, not {kafka.description}")
    taken = int(kafka.bootstrap_servers.rpartition(":")[2])
    offers = [[taken, *free_ports(3)], free_ports(4)]
    monkeypatch.setattr("connector.testing.kafka.maven.free_ports", lambda _count: offers.pop(0))
    broker = MavenKafka.launch()
    broker.stop()
    assert broker.bootstrap_servers != kafka.bootstrap_servers


@pytest.mark.real_kafka
def test_broker_dies_with_a_process_that_was_killed(own_kafka: MavenKafka, tmp_path: Path) -> None:
    script = (
        "import sys; from connector.testing.kafka import MavenKafka; "
        "print(MavenKafka.launch().bootstrap_servers, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A killed process leaves its folder behind.
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline().rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
        os.kill(parent.pid, signal.SIGKILL)
    _wait_until(lambda: not _listens(port))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_no_port_is_given_twice_to_this_process_or_to_another() -> None:
    script = (
        "import sys; from connector.testing.kafka.broker import free_ports; "
        "print(*free_ports(1000), flush=True); sys.stdin.read()"
    )

    @contextmanager
    def process() -> Iterator[set[int]]:
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            given = running.stdout.readline().split()
            assert len(set(given)) == 1000
            yield set(map(int, given))

    with process() as first, process() as second:
        assert not first & second
    with process() as third:
        assert third & (first | second), "what an ended process had is free again"


def test_mock_cluster_is_the_last_resort_and_says_why(no_real_kafka: None) -> None:
    broker = start_kafka()
    assert isinstance(broker, MockKafka)
    assert not broker.is_real
    assert [reason.partition(":")[0] for reason in broker.passed_over] == [
        "ExternalKafka",
        "DockerKafka",
        "MavenKafka",
    ]
    broker.stop()


def test_ci_refuses_the_mock_cluster(no_real_kafka: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(KafkaUnavailableError, match=r"(?s)KAFKA_BOOTSTRAP_SERVERS.*engine.*java"):
        start_kafka()


def test_kafka_that_was_asked_for_but_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr("connector.testing.kafka.external._ANSWER_TIMEOUT_SECONDS", 1)
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:1"):
        start_kafka()


@pytest.fixture
def no_real_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_engine() -> None:
        raise KafkaUnavailableError("no container engine answers")

    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("connector.testing.kafka.container._require_engine", no_engine)


# ---- AWS and the proxy


@asynccontextmanager
async def client(aws: AwsServer, url: str, service: str = "s3", **overrides: Any) -> AsyncIterator[Any]:
    """A client without retries of its own, so that each fault is seen as it is."""
    keys = {"aws_access_key_id": aws.access_key_id, "aws_secret_access_key": aws.secret_access_key}
    config = AioConfig(retries={"total_max_attempts": 1}, read_timeout=60)
    async with get_session().create_client(
        service, endpoint_url=url, region_name="us-east-1", config=config, **{**keys, **overrides}
    ) as made:
        yield made


@pytest.fixture
async def s3(aws: AwsServer, proxy: FaultProxy) -> AsyncIterator[Any]:
    async with client(aws, proxy.url) as made:
        yield made


async def upload(s3: Any, bucket: str, key: str, parts: int = 1) -> tuple[str, dict[str, Any]]:
    upload_id = (await s3.create_multipart_upload(Bucket=bucket, Key=key))["UploadId"]
    done = [
        await s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=PART)
        for number in range(1, parts + 1)
    ]
    listed = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate(done, 1)]
    return upload_id, {"Parts": listed}


async def test_multipart_upload_passes_through_and_is_counted(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    upload_id, parts = await upload(s3, bucket, "a b/é+%.gz", parts=2)
    assert aws.incomplete_uploads(bucket) == [("a b/é+%.gz", upload_id)]
    await s3.complete_multipart_upload(
        Bucket=bucket, Key="a b/é+%.gz", UploadId=upload_id, MultipartUpload=parts
    )
    assert aws.objects(bucket) == {"a b/é+%.gz": PART * 2}
    assert aws.incomplete_uploads(bucket) == []
    assert proxy.counts == {"CreateMultipartUpload": 1, "UploadPart": 2, "CompleteMultipartUpload": 1}
    assert [exchange.status for exchange in proxy.requests] == [200] * 4


async def test_body_with_a_content_encoding_is_stored_and_read_as_it_is(
    aws: AwsServer, bucket: str, s3: Any
) -> None:
    await s3.put_object(Bucket=bucket, Key="k", Body=b"\x1f\x8bno gzip", ContentEncoding="gzip")
    answer = await s3.get_object(Bucket=bucket, Key="k")
    assert await answer["Body"].read() == b"\x1f\x8bno gzip" == aws.objects(bucket)["k"]


async def test_failed_requests_carry_status_and_code_and_store_nothing(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.fail("PutObject", times=2, status=503, code="SlowDown")
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            await s3.put_object(Bucket=bucket, Key="k", Body=PART)
        assert caught.value.response["Error"]["Code"] == "SlowDown"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert aws.objects(bucket) == {}
    await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert aws.objects(bucket) == {"k": PART}


async def test_failing_request_is_read_to_its_end_first(bucket: str, proxy: FaultProxy, s3: Any) -> None:
    proxy.throttle(10 << 20)
    proxy.fail("PutObject")
    started = time.monotonic()
    with pytest.raises(ClientError, match="SlowDown"):
        await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert time.monotonic() - started >= 0.45


def test_path_and_query_are_forwarded_as_they_were_sent() -> None:
    line = b"GET /b/it%27s%7E/../k?x=a%2Fb+c HTTP/1.1\r\nHost: a.signed.host\r\n"
    with (
        socket.create_server(("127.0.0.1", 0)) as upstream,
        FaultProxy(f"http://127.0.0.1:{upstream.getsockname()[1]}") as proxy,
        socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), timeout=60) as sender,
    ):
        sender.sendall(line + b"\r\n")
        upstream.settimeout(60)
        with upstream.accept()[0] as receiver:
            assert receiver.recv(1000).startswith(line)


async def test_request_that_fails_after_it_was_carried_out_has_stored(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.fail("PutObject", when="after", status=500, code="InternalError")
    with pytest.raises(ClientError, match="InternalError"):
        await s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert aws.objects(bucket) == {"k": b"v"}


async def test_connection_cut_before_forwarding_stores_nothing(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.cut("PutObject", times=2, when="before")
    with pytest.raises(BotoCoreError, match="Connection was closed"):
        await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert aws.objects(bucket) == {}
    assert [exchange.status for exchange in proxy.requests] == [None, None]


async def test_connection_cut_after_forwarding_has_stored(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.cut("PutObject", times=2, when="after")
    with pytest.raises(BotoCoreError, match="Connection was closed"):
        await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert aws.objects(bucket) == {"k": PART}
    assert proxy.counts["PutObject"] == 2


async def test_client_resends_an_idempotent_request_unseen_after_one_cut(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.cut("PutObject", when="after")
    await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert [exchange.status for exchange in proxy.requests] == [None, 200]


async def test_completion_cut_after_forwarding_fails_at_once_and_has_completed(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.cut("CompleteMultipartUpload", when="after")
    upload_id, parts = await upload(s3, bucket, "k")
    with pytest.raises(BotoCoreError, match="Connection was closed"):
        await s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload_id, MultipartUpload=parts)
    assert aws.objects(bucket) == {"k": PART}


async def test_delay_holds_a_request_back(bucket: str, proxy: FaultProxy, s3: Any) -> None:
    proxy.delay("PutObject", 0.5, times=1)
    started = time.monotonic()
    await s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert time.monotonic() - started >= 0.5


async def test_delay_holds_as_many_requests_back_as_told(bucket: str, proxy: FaultProxy, s3: Any) -> None:
    proxy.delay("PutObject", 600, times=1)
    slow = asyncio.create_task(s3.put_object(Bucket=bucket, Key="slow", Body=b"v"))
    async with asyncio.timeout(60):
        while not proxy.counts["PutObject"]:
            await asyncio.sleep(0.01)
        await s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])


def test_held_request_reaches_the_server_after_its_client_died(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    proxy.hold("PutObject", 600)
    body = b"late" * 50_000
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as client:
        head = f"PUT /{bucket}/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        _wait_until(lambda: proxy.held == 1)
    assert aws.objects(bucket) == {}
    proxy.release()
    _wait_until(lambda: proxy.holding == 0)
    _wait_until(lambda: aws.objects(bucket) == {"k": body})


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("when", "stored"), [("before", False), ("after", True)])
async def test_completion_may_answer_200_with_an_error(
    when: Any, stored: bool, aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    proxy.complete_with_error_body(when=when)
    upload_id, parts = await upload(s3, bucket, "k")
    with pytest.raises(ClientError) as caught:
        await s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload_id, MultipartUpload=parts)
    assert caught.value.response["Error"]["Code"] == "InternalError"
    assert proxy.requests[-1].status == 200
    assert ("k" in aws.objects(bucket)) is stored


async def test_throttle_limits_all_uploads_together(bucket: str, proxy: FaultProxy, s3: Any) -> None:
    proxy.throttle(10 << 20)
    started = time.monotonic()
    await asyncio.gather(*[s3.put_object(Bucket=bucket, Key=key, Body=PART) for key in "ab"])
    assert time.monotonic() - started >= 0.95


async def test_throttle_lifted_no_longer_slows(bucket: str, proxy: FaultProxy, s3: Any) -> None:
    proxy.throttle(1)
    proxy.clear()
    started = time.monotonic()
    await s3.put_object(Bucket=bucket, Key="k", Body=PART)
    assert time.monotonic() - started < 60


async def test_hook_sees_the_request_and_may_answer_it(
    aws: AwsServer, bucket: str, proxy: FaultProxy, s3: Any
) -> None:
    seen: list[tuple[str, str]] = []

    async def answer(request: ApiRequest) -> Answer | None:
        await asyncio.sleep(0)
        seen.append((request.bucket, request.key))
        return Answer(200, headers={"ETag": '"made up"'}) if request.key == "made up" else None

    proxy.on("PutObject", answer)
    await s3.put_object(Bucket=bucket, Key="real", Body=b"v")
    made_up = await s3.put_object(Bucket=bucket, Key="made up", Body=b"v")
    assert made_up["ETag"] == '"made up"'
    assert seen == [(bucket, "real"), (bucket, "made up")]
    assert aws.objects(bucket) == {"real": b"v"}


async def test_throttled_sts_is_seen_with_its_code(aws: AwsServer, proxy: FaultProxy) -> None:
    proxy.fail("GetCallerIdentity", status=400, code="Throttling")
    async with client(aws, proxy.url, "sts") as sts:
        with pytest.raises(ClientError) as caught:
            await sts.get_caller_identity()
        assert caught.value.response["Error"]["Code"] == "Throttling"
        assert (await sts.get_caller_identity())["Account"]


async def test_throttled_json_service_is_seen_with_its_code(aws: AwsServer, proxy: FaultProxy) -> None:
    proxy.fail("ListStreams", status=400, code="LimitExceededException")
    async with client(aws, proxy.url, "kinesis") as kinesis:
        with pytest.raises(ClientError) as caught:
            await kinesis.list_streams()
        assert caught.value.response["Error"]["Code"] == "LimitExceededException"
        assert "StreamNames" in await kinesis.list_streams()


def test_client_that_expects_a_continue_gets_one(aws: AwsServer, bucket: str, proxy: FaultProxy) -> None:
    port = int(proxy.url.rpartition(":")[2])
    head = f"PUT /{bucket}/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"v")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert aws.objects(bucket) == {"k": b"v"}


def test_client_that_dies_while_sending_stores_nothing(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    port = int(proxy.url.rpartition(":")[2])
    head = f"PUT /{bucket}/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode() + b"v" * 1000)
        _wait_until(lambda: proxy.counts["PutObject"] == 1)
    _wait_until(lambda: bool(proxy.requests))
    assert proxy.requests[-1].status is None
    time.sleep(0.2)
    assert aws.objects(bucket) == {}


async def test_signatures_are_checked_through_the_proxy(
    strict_aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    async with client(strict_aws, proxy.url) as s3:
        await s3.put_object(Bucket=bucket, Key="it's a (1)/é+%!", Body=b"v")
    async with client(strict_aws, proxy.url, aws_secret_access_key="wrong") as s3:
        with pytest.raises(ClientError) as caught:
            await s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert list(strict_aws.objects(bucket)) == ["it's a (1)/é+%!"]


async def test_role_is_assumed_with_its_external_id_only(
    strict_aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    arn = strict_aws.create_role(f"role-{uuid.uuid4().hex[:8]}", "right")
    async with client(strict_aws, proxy.url, "sts") as sts:
        with pytest.raises(ClientError) as caught:
            await sts.assume_role(RoleArn=arn, RoleSessionName="session", ExternalId="wrong")
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
        keys = (await sts.assume_role(RoleArn=arn, RoleSessionName="session", ExternalId="right"))[
            "Credentials"
        ]
    async with client(
        strict_aws,
        proxy.url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ) as s3:
        await s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert strict_aws.objects(bucket) == {"k": b"v"}
    assert proxy.counts["AssumeRole"] == 2


def test_reset_forgets_buckets_and_strictness(aws: AwsServer) -> None:
    aws.create_bucket("forgotten")
    aws.enforce_auth()
    aws.reset()
    assert aws.client("s3").list_buckets()["Buckets"] == []
    aws.enforce_auth()
    assert json.dumps(aws.client("sts").get_caller_identity()["Arn"]).endswith('user/administrator"')
    aws.accept_anyone()


def test_stream_keeps_what_several_clients_put_at_once(aws: AwsServer) -> None:
    name = f"stream-{uuid.uuid4().hex[:12]}"
    create_stream(aws, name)
    kinesis = aws.client("kinesis")

    def put(client: int) -> None:
        records = [{"Data": f"{client}-{number}".encode(), "PartitionKey": "one"} for number in range(200)]
        kinesis.put_records(StreamName=name, Records=records)

    with ThreadPoolExecutor(8) as clients:
        list(clients.map(put, range(32)))
    (records,) = stored_records(aws, name).values()
    assert len({record.data for record in records}) == 32 * 200


def test_of_several_who_complete_an_object_only_if_there_is_none_one_succeeds(
    aws: AwsServer, bucket: str
) -> None:
    """On what else does exactly once rest, if two workers believe that a partition is theirs?"""
    s3, uploads = aws.client("s3"), []
    for _ in range(4):
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        asked = {"Bucket": bucket, "Key": "k", "UploadId": upload}
        part = s3.upload_part(**asked, PartNumber=1, Body=PART)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        uploads.append({**asked, "MultipartUpload": parts, "IfNoneMatch": "*"})

    def answer(request: dict[str, Any]) -> str:
        try:
            s3.complete_multipart_upload(**request)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(len(uploads)) as clients:
        assert sorted(clients.map(answer, uploads)) == ["PreconditionFailed"] * 3 + ["done"]
