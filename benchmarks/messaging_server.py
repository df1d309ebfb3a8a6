"""A fast local stand-in for SQS, SNS, Kinesis, EventBridge and STS: it counts entries and takes them all.

It checks no signature and keeps nothing. A sink under measure shares the machine with it, so a request
costs one search through its bytes and one prepared answer. ``tests/integration/test_messaging_server.py``
proves the answers with botocore's own parsers. What the real services also send and nobody here reads is
left out: the digests of SQS are made up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Self, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
REGION = "us-east-1"

_JSON = b"application/x-amz-json-1.1"
_XML = b"text/xml"
_UUID = "8d1d3c0a-5f0e-5e2c-9b7b-62f2b0a3c1de"
_DIGEST = "d41d8cd98f00b204e9800998ecf8427e"
_SEQUENCE_NUMBER = "49543463076548007577105092703039560359975228518395012686"

# Quotes within a JSON string are escaped, and a form escapes "=", so these only match what they name.
_SQS_ID = re.compile(rb'"Id":\s*"([^"]*)"')
_SNS_ID = re.compile(rb"\.member\.\d+\.Id=([^&]*)")
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *\w+\.(\w+)", re.IGNORECASE)
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


class MessagingServer:
    """The server in a process of its own; use as a context manager.

    Attributes:
        url: Where it listens, for every service.
    """

    def __init__(self, delay_seconds: float = 0.0) -> None:
        """Args: ``delay_seconds`` pass before each answer, as over a network."""
        self._delay_seconds = delay_seconds

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.messaging_server", "--delay", str(self._delay_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise RuntimeError("the messaging server did not start")
        self.url = f"http://127.0.0.1:{int(line)}"
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def counts(self) -> Counter[str]:
        """How often each operation was asked for, and under ``<operation> entries`` how many it took."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=10) as answer:
            return Counter(json.load(answer))


# ---- answers ----


def _send_message_batch(body: bytearray) -> tuple[int, bytes]:
    ids = _SQS_ID.findall(body)
    return len(ids), b'{"Successful":[%s]}' % b",".join([_SQS_ENTRY % entry for entry in ids])


_SQS_ENTRY = b'{"Id":"%%s","MessageId":"%s","MD5OfMessageBody":"%s"}' % (_UUID.encode(), _DIGEST.encode())


def _publish_batch(body: bytearray) -> tuple[int, bytes]:
    ids = _SNS_ID.findall(body)
    entries = b"".join([_SNS_ENTRY % entry for entry in ids])
    return len(ids), _xml("PublishBatch", b"<Failed/><Successful>%s</Successful>" % entries)


_SNS_ENTRY = b"<member><Id>%%s</Id><MessageId>%s</MessageId></member>" % _UUID.encode()


def _put_records(body: bytearray) -> tuple[int, bytes]:
    count = body.count(b'"PartitionKey":')
    return count, _records(count)


@lru_cache(maxsize=512)
def _records(count: int) -> bytes:
    entry = {"SequenceNumber": _SEQUENCE_NUMBER, "ShardId": "shardId-000000000000"}
    return _json({"FailedRecordCount": 0, "Records": [entry] * count})


def _put_events(body: bytearray) -> tuple[int, bytes]:
    count = body.count(b'"DetailType":')
    return count, _events(count)


@lru_cache(maxsize=512)
def _events(count: int) -> bytes:
    return _json({"FailedEntryCount": 0, "Entries": [{"EventId": _UUID}] * count})


def _json(answer: object) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()


def _xml(operation: str, result: bytes, space: str = "http://sns.amazonaws.com/doc/2010-03-31/") -> bytes:
    return (
        b'<%(name)sResponse xmlns="%(space)s"><%(name)sResult>%(result)s</%(name)sResult><ResponseMetadata>'
        b"<RequestId>%(id)s</RequestId></ResponseMetadata></%(name)sResponse>"
    ) % {
        b"name": operation.encode(),
        b"space": space.encode(),
        b"result": result,
        b"id": _UUID.encode(),
    }


def _sts(operation: str, result: str) -> bytes:
    return _xml(operation, result.encode(), "https://sts.amazonaws.com/doc/2011-06-15/")


def _attributes(values: dict[str, str]) -> bytes:
    entries = [f"<entry><key>{name}</key><value>{value}</value></entry>" for name, value in values.items()]
    return f"<Attributes>{''.join(entries)}</Attributes>".encode()


def _constant(answer: bytes) -> Callable[[bytearray], tuple[int, bytes]]:
    return lambda _body: (0, answer)


_ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/bench/connect"
_CREDENTIALS = (
    "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
    "<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
)
_STREAM = {
    "StreamName": "bench",
    "StreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/bench",
    "StreamStatus": "ACTIVE",
    "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
    "RetentionPeriodHours": 24,
    "StreamCreationTimestamp": 1700000000,
    "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
    "EncryptionType": "NONE",
    "OpenShardCount": 4,
    "ConsumerCount": 0,
}
_QUEUE = {
    "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:bench",
    "MaximumMessageSize": "1048576",
    "DelaySeconds": "0",
}
_TOPIC = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:bench", "Owner": ACCOUNT}
_BUS = {"Name": "bench", "Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/bench"}

_OPERATIONS: dict[bytes, Callable[[bytearray], tuple[int, bytes]]] = {
    b"SendMessageBatch": _send_message_batch,
    b"PublishBatch": _publish_batch,
    b"PutRecords": _put_records,
    b"PutEvents": _put_events,
    b"GetQueueUrl": _constant(_json({"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/bench"})),
    b"GetQueueAttributes": _constant(_json({"Attributes": _QUEUE})),
    b"DescribeStreamSummary": _constant(_json({"StreamDescriptionSummary": _STREAM})),
    b"DescribeEventBus": _constant(_json(_BUS)),
    b"GetTopicAttributes": _constant(_xml("GetTopicAttributes", _attributes(_TOPIC))),
    b"GetCallerIdentity": _constant(
        _sts(
            "GetCallerIdentity",
            f"<Arn>{_ROLE}</Arn><UserId>AROA:connect</UserId><Account>{ACCOUNT}</Account>",
        )
    ),
    b"AssumeRole": _constant(
        _sts(
            "AssumeRole",
            f"{_CREDENTIALS}<AssumedRoleUser><Arn>{_ROLE}</Arn><AssumedRoleId>AROA:connect</AssumedRoleId>"
            "</AssumedRoleUser>",
        )
    ),
}


# ---- HTTP ----


class _Connection(asyncio.Protocol):
    """Requests of one connection, one after the other."""

    def __init__(self, delay_seconds: float, counts: Counter[str]) -> None:
        self._delay_seconds = delay_seconds
        self._counts = counts
        self._head = b""
        self._body = bytearray()
        self._missing = -1  # -1: the head is not complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._body += data
        if self._missing < 0:
            end = self._body.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._body[:end])
            del self._body[: end + 4]
            length = _CONTENT_LENGTH.search(self._head)
            self._missing = int(length[1]) if length else 0
        if len(self._body) >= self._missing:
            self._missing = -1
            self._answer(self._body)
            self._body.clear()

    def _answer(self, body: bytearray) -> None:
        if self._head.startswith(b"GET "):
            self._write(b"200 OK", b"application/json", _json(self._counts))
            return
        target = _TARGET.search(self._head)
        found = target or _ACTION.search(body)
        name = found[1] if found else b""
        operation = _OPERATIONS.get(name)
        if operation is None:
            self._write(b"400 Bad Request", _JSON, _json({"__type": "UnknownOperationException"}))
            return
        entries, answer = operation(body)
        self._counts[name.decode()] += 1
        if entries:
            self._counts[f"{name.decode()} entries"] += entries
        self._write(b"200 OK", _JSON if target else _XML, answer)

    def _write(self, status: bytes, content_type: bytes, body: bytes) -> None:
        answer = (
            b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nx-amzn-RequestId: %s\r\n\r\n%s"
            % (
                status,
                content_type,
                len(body),
                _UUID.encode(),
                body,
            )
        )
        if self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def _serve(delay_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    counts: Counter[str] = Counter()
    server = await loop.create_server(lambda: _Connection(delay_seconds, counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # It ends with the process that started it, however that ends, since its standard input does.
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    uvloop.run(_serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
