"""``python -m benchmarks.wire``: requests of the lean path beside those of aiobotocore alone.

Both send the same batches to the same stand-in for AWS, in turns; what counts is their ratio. Three ways:
aiobotocore from Python values to Python values; the lean path with a body encoded once; and the lean path
that encodes every batch and reads every answer, as a sink does.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import urlencode

import orjson
import uvloop
from pydantic import SecretStr

from benchmarks.messaging_server import ACCOUNT, REGION, MessagingServer
from connector.aws.identity import Identity, StaticKeys
from connector.aws.wire import WireClient
from connector.retry import Backoff
from connector.runtime.context import TaskContext

_IN_FLIGHT = 8
_QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bench"
_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:bench"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
Send = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """A batch of one service.

    Attributes:
        service: botocore's name of it.
        operation: The API operation.
        method: aiobotocore's method.
        records: How many one request takes.
        content_type: Of the request.
        target: ``X-Amz-Target``.
        parameters: The request as aiobotocore takes it, of values of this many bytes.
        encode: The request as it is sent, of these parameters.
    """

    service: str
    operation: str
    method: str
    records: int
    content_type: str
    target: str | None
    parameters: Callable[[int, int], dict[str, Any]]
    encode: Callable[[dict[str, Any]], bytes]


def _kinesis_body(request: dict[str, Any]) -> bytes:
    records = [
        {"Data": base64.b64encode(record["Data"]).decode(), "PartitionKey": record["PartitionKey"]}
        for record in request["Records"]
    ]
    return orjson.dumps({"StreamName": request["StreamName"], "Records": records})


def _sns_body(request: dict[str, Any]) -> bytes:
    form = {"Action": "PublishBatch", "Version": "2010-03-31", "TopicArn": request["TopicArn"]}
    for number, entry in enumerate(request["PublishBatchRequestEntries"], 1):
        form |= {f"PublishBatchRequestEntries.member.{number}.{name}": entry[name] for name in entry}
    return urlencode(form).encode()


CASES = (
    Case(
        "sqs",
        "SendMessageBatch",
        "send_message_batch",
        10,
        "application/x-amz-json-1.0",
        "AmazonSQS.SendMessageBatch",
        lambda count, size: {
            "QueueUrl": _QUEUE,
            "Entries": [{"Id": str(number), "MessageBody": "x" * size} for number in range(count)],
        },
        orjson.dumps,
    ),
    Case(
        "sns",
        "PublishBatch",
        "publish_batch",
        10,
        _FORM,
        None,
        lambda count, size: {
            "TopicArn": _TOPIC,
            "PublishBatchRequestEntries": [
                {"Id": str(number), "Message": "x" * size} for number in range(count)
            ],
        },
        _sns_body,
    ),
    Case(
        "kinesis",
        "PutRecords",
        "put_records",
        500,
        "application/x-amz-json-1.1",
        "Kinesis_20131202.PutRecords",
        lambda count, size: {
            "StreamName": "bench",
            "Records": [{"Data": b"x" * size, "PartitionKey": str(number)} for number in range(count)],
        },
        _kinesis_body,
    ),
    Case(
        "events",
        "PutEvents",
        "put_events",
        10,
        "application/x-amz-json-1.1",
        "AWSEvents.PutEvents",
        lambda count, size: {
            "Entries": [{"Source": "bench", "DetailType": "bench", "Detail": f'{{"x":"{"x" * (size - 8)}"}}'}]
            * count
        },
        orjson.dumps,
    ),
)


@dataclass(frozen=True)
class Measurement:
    """Of a thousand requests, in this process; the stand-in for AWS has a process of its own."""

    seconds: float
    cpu_seconds: float


async def _measure_all(url: str, options: argparse.Namespace) -> None:
    identity = Identity(StaticKeys("AKIAIOSFODNN7EXAMPLE", SecretStr("secret"), SecretStr("t" * 400)))
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("bench", 0, executor)
        for case in CASES:
            async with WireClient(
                case.service, identity, context, endpoint=url, max_connections=_IN_FLIGHT, backoff=Backoff()
            ) as wire:
                for size in (1000, 100):
                    await _measure(case, size, wire, options)


async def _measure(case: Case, size: int, wire: WireClient, options: argparse.Namespace) -> None:
    ways = _ways(case, size, wire)
    found: dict[str, list[Measurement]] = {way: [] for way in ways}
    requests = options.requests // (10 if case.records > 10 else 1)
    for send in ways.values():
        await _run(send, _IN_FLIGHT * 10)  # connections, caches
    for _ in range(options.rounds):
        for way, send in ways.items():
            found[way].append(await _run(send, requests))
    print(f"{case.service}, {case.records} records of {size} bytes a request")
    base = [one.cpu_seconds for one in found["aiobotocore"]]
    for way, measured in found.items():
        rate = 1000 / median(one.seconds for one in measured)
        ratios = sorted(theirs / one.cpu_seconds for theirs, one in zip(base, measured, strict=True))
        print(
            f"  {way:<22} {rate:7,.0f} requests/s {rate * case.records / 1000:7,.0f} k records/s"
            f"   {median(one.cpu_seconds for one in measured):6.3f} CPU-s per 1,000 requests"
            f"   {median(ratios):5.2f} times less CPU ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            flush=True,
        )


def _ways(case: Case, size: int, wire: WireClient) -> dict[str, Send]:
    request = case.parameters(case.records, size)
    body = case.encode(request)

    def post(body: bytes) -> Awaitable[bytes]:
        return wire.post(
            operation=case.operation,
            body=body,
            content_type=case.content_type,
            target=case.target,
            resource="bench",
        )

    async def aiobotocore() -> None:
        await getattr(wire._client, case.method)(**request)  # noqa: SLF001 - the same connections for both

    async def as_a_sink() -> None:
        answer = await post(case.encode(request))
        if case.target is not None:
            orjson.loads(answer)

    return {"aiobotocore": aiobotocore, "lean": lambda: post(body), "lean, with encoding": as_a_sink}


async def requests_per_second(case: Case, size: int, client: WireClient, requests: int) -> float:
    """Of aiobotocore alone, with values of ``size`` bytes."""
    send = _ways(case, size, client)["aiobotocore"]
    await _run(send, _IN_FLIGHT * 10)
    return 1000 / (await _run(send, requests)).seconds


async def _run(send: Send, requests: int) -> Measurement:
    left = requests

    async def one_after_the_other() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await send()

    gc.collect()
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one_after_the_other() for _ in range(_IN_FLIGHT)))
    thousands = requests / 1000
    return Measurement((time.perf_counter() - started) / thousands, (time.process_time() - cpu) / thousands)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wire", description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="of ten records; of Kinesis a tenth")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that AWS takes for an answer")
    options = parser.parse_args()
    gc.freeze()
    with MessagingServer(options.delay) as server:
        uvloop.run(_measure_all(server.url, options))


if __name__ == "__main__":
    main()
