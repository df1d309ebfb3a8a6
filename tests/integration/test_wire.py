"""Requests that the caller has encoded: on moto, which checks signatures, behind the fault proxy."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.serialize import create_serializer
from pydantic import SecretStr

from connector import metrics
from connector.aws.faults import code_of
from connector.aws.identity import Anonymous, Identity, StaticKeys, Transport
from connector.aws.partition import of_region
from connector.aws.wire import WireClient
from connector.errors import AccessError, RetriableError
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.testing.certificate import certificate
from connector.testing.client import REGION
from connector.testing.proxy import Answer, FaultProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest

ODD = "a & b = 'ü' \"\\\n\t😀%+"


class Encoded(NamedTuple):
    operation: str
    body: bytes
    content_type: str
    target: str | None

    async def post(self, wire: WireClient) -> bytes:
        return await wire.post(**self._asdict(), resource="the resource")


def encoded(service: str, operation: str, **parameters: Any) -> Encoded:
    """As botocore's own serializer has it."""
    model = botocore.session.get_session().get_service_model(service)
    serializer = create_serializer(model.resolved_protocol)
    request = serializer.serialize_to_request(parameters, model.operation_model(operation))
    body, headers = request["body"], request["headers"]
    body = urlencode(body, doseq=True).encode() if isinstance(body, dict) else body
    return Encoded(operation, body, headers["Content-Type"], headers.get("X-Amz-Target"))


SENDS = {
    "sqs": encoded("sqs", "SendMessageBatch", QueueUrl="q", Entries=[{"Id": "0", "MessageBody": ODD}]),
    "sns": encoded(
        "sns", "PublishBatch", TopicArn="t", PublishBatchRequestEntries=[{"Id": "0", "Message": ODD}]
    ),
    "kinesis": encoded(
        "kinesis", "PutRecords", StreamName="s", Records=[{"Data": ODD.encode(), "PartitionKey": ODD}]
    ),
    "events": encoded("events", "PutEvents", Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}]),
}


@asynccontextmanager
async def wire_to(service: str, url: str | None, identity: Identity) -> AsyncIterator[WireClient]:
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("wire", 0, executor)
        async with WireClient(
            service, identity, context, endpoint=url, max_connections=2, backoff=Backoff(0.01, 0.05)
        ) as wire:
            yield wire


def administrator(aws: AwsServer, **transport: Any) -> Identity:
    keys = StaticKeys(aws.access_key_id, SecretStr(aws.secret_access_key))
    return Identity(keys, region=REGION, transport=Transport(**transport))


@pytest.fixture
def queue(aws: AwsServer) -> str:
    return str(aws.client("sqs").create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"])


def arn_of(aws: AwsServer, queue: str) -> str:
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return str(attributes["Attributes"]["QueueArn"])


def bodies(aws: AwsServer, queue: str) -> list[str]:
    found = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


# ---- what arrives, with signatures checked ----


async def test_messages_arrive_in_a_queue(strict_aws: AwsServer, queue: str) -> None:
    attributes = {"of": {"DataType": "String", "StringValue": ODD}}
    entries = [{"Id": "0", "MessageBody": ODD, "MessageAttributes": attributes}]
    async with wire_to("sqs", strict_aws.url, administrator(strict_aws)) as wire:
        answer = await encoded("sqs", "SendMessageBatch", QueueUrl=queue, Entries=entries).post(wire)
    assert [entry["Id"] for entry in json.loads(answer)["Successful"]] == ["0"]
    assert bodies(strict_aws, queue) == [ODD]


async def test_messages_arrive_through_a_topic(strict_aws: AwsServer, queue: str) -> None:
    sns = strict_aws.client("sns")
    topic = sns.create_topic(Name=uuid.uuid4().hex)["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(strict_aws, queue), Attributes=raw)
    entries = [{"Id": "0", "Message": ODD}]
    async with wire_to("sns", strict_aws.url, administrator(strict_aws)) as wire:
        answer = await encoded(
            "sns", "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries
        ).post(wire)
    assert b"<Successful>" in answer
    assert bodies(strict_aws, queue) == [ODD]


async def test_records_arrive_in_a_stream(strict_aws: AwsServer) -> None:
    kinesis, stream = strict_aws.client("kinesis"), uuid.uuid4().hex
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    # More than what is hashed in a thread, and than aiohttp takes in one piece.
    records = [{"Data": bytes([number]) * 300_000, "PartitionKey": "ü"} for number in range(4)]
    async with wire_to("kinesis", strict_aws.url, administrator(strict_aws)) as wire:
        answer = await encoded("kinesis", "PutRecords", StreamName=stream, Records=records).post(wire)
        summary = await wire.call(
            "DescribeStreamSummary", "describe_stream_summary", stream, StreamName=stream
        )
    assert json.loads(answer)["FailedRecordCount"] == 0
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [record["Data"] for record in found] == [record["Data"] for record in records]
    assert summary["StreamDescriptionSummary"]["StreamName"] == stream


async def test_events_arrive_on_a_bus(strict_aws: AwsServer, queue: str) -> None:
    events, bus = strict_aws.client("events"), uuid.uuid4().hex
    events.create_event_bus(Name=bus)
    events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["orders"]}')
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn_of(strict_aws, queue)}])
    detail = json.dumps({"of": ODD})
    # moto 5.2.5 does not escape a quote in the type, and then answers 500.
    entries = [{"Source": "orders", "DetailType": "ü & b", "Detail": detail, "EventBusName": bus}]
    async with wire_to("events", strict_aws.url, administrator(strict_aws)) as wire:
        answer = await encoded("events", "PutEvents", Entries=entries).post(wire)
    assert json.loads(answer)["FailedEntryCount"] == 0
    [event] = [json.loads(body) for body in bodies(strict_aws, queue)]
    assert (event["detail-type"], event["detail"]) == ("ü & b", {"of": ODD})


@pytest.mark.parametrize("service", SENDS)
async def test_a_wrong_secret_is_refused(strict_aws: AwsServer, service: str) -> None:
    identity = Identity(StaticKeys(strict_aws.access_key_id, SecretStr("wrong")), region=REGION)
    async with wire_to(service, strict_aws.url, identity) as wire:
        # moto answers JSON protocols with XML here, of which only the status is understood.
        with pytest.raises(AccessError, match=r"refused with (403|SignatureDoesNotMatch)"):
            await SENDS[service].post(wire)


# ---- what botocore would have sent ----


class Captured(Exception):  # noqa: N818 - no error: it carries the request out of botocore
    pass


@pytest.mark.parametrize("service", [*SENDS, "kinesis by ARN"])
@pytest.mark.parametrize(
    ("region", "url", "environment"),
    [
        ("eu-north-1", None, {}),
        ("cn-north-1", None, {}),
        ("us-gov-west-1", None, {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("eu-west-1", None, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("eu-west-1", None, {"AWS_ENDPOINT_URL": "https://vpce-1.example.com:8443/prefix"}),
        ("eu-west-1", "http://localhost:4566", {}),
    ],
)
async def test_each_request_goes_where_botocore_sends_it(
    service: str, region: str, url: str | None, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    service, by_arn, _ = service.partition(" by ARN")
    send = SENDS[service]
    stream = f"arn:{of_region(region)}:kinesis:{region}:123456789012:stream/s"
    named = {"StreamARN": stream} if by_arn else {}
    identity = Identity(StaticKeys("AKIA", SecretStr("secret"), SecretStr("token")), region=region)
    async with wire_to(service, url, identity) as wire:
        theirs = await botocores_request(wire, send, named)
        route = await wire._find_route(send.operation, send.content_type, send.target, named)
    assert route.signer is not None
    ours = route.headers | route.signer.sign(ReadOnlyCredentials("AKIA", "secret", "token", None), "", 0)
    assert str(route.url) == theirs.url
    assert _signed_for(ours["Authorization"]) == _signed_for(theirs.headers["Authorization"].decode())
    for name in ("Content-Type", "X-Amz-Target", "X-Amzn-Query-Mode", "X-Amz-Security-Token"):
        assert ours.get(name) == _text(theirs.headers.get(name)), name
    assert "aiobotocore/" in ours["User-Agent"] or "Botocore/" in ours["User-Agent"]


async def botocores_request(wire: WireClient, send: Encoded, named: dict[str, str]) -> Any:
    def capture(request: Any, **_more: Any) -> None:
        raise Captured(request)

    client = wire._client
    client.meta.events.register("before-send", capture)
    sends: dict[str, Any] = {
        "SendMessageBatch": lambda: client.send_message_batch(QueueUrl="q", Entries=[]),
        "PublishBatch": lambda: client.publish_batch(TopicArn="t", PublishBatchRequestEntries=[]),
        "PutRecords": lambda: client.put_records(
            Records=[{"Data": b"", "PartitionKey": "k"}], **(named or {"StreamName": "s"})
        ),
        "PutEvents": lambda: client.put_events(Entries=[{"Source": "s"}]),
    }
    with pytest.raises(Captured) as captured:
        await sends[send.operation]()
    client.meta.events.unregister("before-send", capture)
    return captured.value.args[0]


def _signed_for(authorization: str) -> tuple[str, str]:
    """Region and service of the credential scope."""
    _, _, region, service, _ = authorization.split("Credential=")[1].split(",", maxsplit=1)[0].split("/")
    return region, service


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value


async def test_anonymous_requests_are_not_signed(aws: AwsServer, proxy: FaultProxy) -> None:
    seen: list[ApiRequest] = []
    proxy.on("SendMessageBatch", seen.append)
    proxy.fail("SendMessageBatch")
    async with wire_to("sqs", proxy.url, Identity(Anonymous(), region=REGION)) as wire:
        with pytest.raises(RetriableError):
            await SENDS["sqs"].post(wire)
    assert seen[0].body == SENDS["sqs"].body
    assert not {"authorization", "x-amz-date", "x-amz-security-token"} & set(seen[0].headers)


async def test_a_proxy_that_refuses_is_named_without_its_password(aws: AwsServer) -> None:
    seen = asyncio.Queue[bytes]()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        identity = administrator(aws, proxy=SecretStr(f"http://user:canary@127.0.0.1:{port}"))
        async with wire_to("sqs", "https://sqs.example.com", identity) as wire:
            with pytest.raises(RetriableError, match="407") as caught:
                await SENDS["sqs"].post(wire)
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:canary") in await seen.get()
    assert "canary" not in "".join(traceback.format_exception(caught.value))


async def test_requests_go_through_the_proxy_that_is_configured(aws: AwsServer, queue: str) -> None:
    send = encoded("sqs", "SendMessageBatch", QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "m"}])
    seen = asyncio.Queue[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        identity = administrator(aws, proxy=SecretStr(f"http://user:canary@127.0.0.1:{port}"))
        async with wire_to("sqs", "http://sqs.example.com", identity) as wire:
            assert await send.post(wire) == b"{}"
    head = await seen.get()
    assert head.startswith(b"POST http://sqs.example.com/ HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:canary") in head


async def test_over_tls_the_bundle_that_is_configured_is_trusted_and_nothing_else(
    aws: AwsServer, tmp_path: Path
) -> None:
    send, pem = SENDS["kinesis"], certificate(tmp_path, "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(send.body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        async with wire_to("kinesis", url, administrator(aws, ca_bundle=str(pem))) as wire:
            assert await send.post(wire) == b"{}"
        async with wire_to("kinesis", url, administrator(aws)) as wire:
            with pytest.raises(RetriableError, match="certificate verify failed"):
                await send.post(wire)


# ---- what goes wrong ----


def failed_requests(operation: str) -> float:
    labels = {"operation": operation, "outcome": "failed"}
    return metrics.REGISTRY.get_sample_value("connector_aws_request_seconds_count", labels) or 0.0


@pytest.mark.parametrize("service", SENDS)
async def test_a_throttled_request_may_be_sent_again(aws: AwsServer, proxy: FaultProxy, service: str) -> None:
    send = SENDS[service]
    proxy.fail(send.operation, status=400, code="ThrottlingException")
    before = failed_requests(send.operation)
    async with wire_to(service, proxy.url, administrator(aws)) as wire:
        with pytest.raises(
            RetriableError, match="the resource was refused with ThrottlingException"
        ) as caught:
            await send.post(wire)
    assert code_of(caught.value) == "ThrottlingException"
    assert failed_requests(send.operation) == before + 1


@pytest.mark.parametrize("service", SENDS)
async def test_a_denied_request_names_the_action(aws: AwsServer, proxy: FaultProxy, service: str) -> None:
    proxy.fail(SENDS[service].operation, status=403, code="AccessDeniedException")
    async with wire_to(service, proxy.url, administrator(aws)) as wire:
        with pytest.raises(AccessError, match="grant"):
            await SENDS[service].post(wire)


async def test_expired_credentials_are_replaced_before_the_next_attempt(
    aws: AwsServer, proxy: FaultProxy, queue: str
) -> None:
    send = encoded("sqs", "SendMessageBatch", QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "m"}])
    proxy.fail("SendMessageBatch", status=403, code="ExpiredToken")
    identity = Identity(
        StaticKeys(aws.access_key_id, SecretStr(aws.secret_access_key)),
        role_arn=aws.create_role(uuid.uuid4().hex, "id"),
        external_id="id",
        region=REGION,
        transport=Transport(sts_endpoint=proxy.url),
    )
    async with wire_to("sqs", proxy.url, identity) as wire:
        with pytest.raises(RetriableError, match="ExpiredToken"):
            await send.post(wire)
        await send.post(wire)
    assert proxy.counts["AssumeRole"] == 2
    assert bodies(aws, queue) == ["m"]


async def test_a_request_that_is_cut_is_sent_once(aws: AwsServer, proxy: FaultProxy, queue: str) -> None:
    send = encoded("sqs", "SendMessageBatch", QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "m"}])
    async with wire_to("sqs", proxy.url, administrator(aws)) as wire:
        await send.post(wire)  # so that the connection that is cut is one that was kept
        proxy.cut("SendMessageBatch", when="after")
        with pytest.raises(RetriableError, match="got no answer"):
            await send.post(wire)
    assert bodies(aws, queue) == ["m", "m"]


async def test_an_answer_that_does_not_come_is_given_up(aws: AwsServer, proxy: FaultProxy) -> None:
    proxy.delay("PutRecords", 600)
    async with wire_to("kinesis", proxy.url, administrator(aws, read_seconds=0.2)) as wire:
        with pytest.raises(RetriableError, match="got no answer"):
            await SENDS["kinesis"].post(wire)


async def test_nobody_there_may_pass(aws: AwsServer) -> None:
    async with wire_to("sns", "http://127.0.0.1:9", administrator(aws)) as wire:
        with pytest.raises(RetriableError, match="got no answer"):
            await SENDS["sns"].post(wire)


async def test_a_redirect_is_not_followed(aws: AwsServer, proxy: FaultProxy) -> None:
    elsewhere = Answer(301, b"{}", {"Location": "http://127.0.0.1:9/"})
    proxy.on("PutEvents", lambda _request: elsewhere)
    async with wire_to("events", proxy.url, administrator(aws)) as wire:
        with pytest.raises(AccessError, match="refused with 301"):
            await SENDS["events"].post(wire)
    assert proxy.counts["PutEvents"] == 1


async def test_no_more_connections_than_allowed_are_opened(aws: AwsServer) -> None:
    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(len(SENDS["sqs"].body))
                await asyncio.sleep(0.02)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with wire_to("sqs", url, administrator(aws)) as wire:
            await asyncio.gather(*(SENDS["sqs"].post(wire) for _ in range(20)))
    assert opened == 2
