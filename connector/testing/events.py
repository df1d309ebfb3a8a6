"""An event bus with a queue behind it, so that a test sees what was delivered; and entries that fail."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import aiohttp

from connector.testing.proxy import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest

_ALL = {"account": [{"exists": True}]}


class BusWithQueue:
    """A classic bus whose every event goes to a queue.

    Attributes:
        name: Of the bus; the queue has it, too.
        arn: Of the bus.
    """

    def __init__(self, aws: AwsServer, name: str) -> None:
        self.name = name
        self._sqs = aws.client("sqs")
        events = aws.client("events")
        self.arn = str(events.create_event_bus(Name=name)["EventBusArn"])
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        wanted = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        events.put_rule(Name="all", EventBusName=name, EventPattern=json.dumps(_ALL))
        target = {"Id": "queue", "Arn": wanted["Attributes"]["QueueArn"]}
        events.put_targets(Rule="all", EventBusName=name, Targets=[target])
        self._received: list[dict[str, Any]] = []

    def events(self) -> list[dict[str, Any]]:
        """Every event that was delivered so far, in the order that the queue got them."""
        while messages := self._receive():
            self._received += [json.loads(message["Body"]) for message in messages]
        return self._received

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        if messages:  # moto looks through all that it still has at each request
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return messages


class EventLog:
    """A log group behind an existing bus: read at once where moto's queue takes a minute; in no order."""

    def __init__(self, aws: AwsServer, bus: str) -> None:
        self._logs = aws.client("logs")
        self._group = f"/aws/events/{bus}"
        self._logs.create_log_group(logGroupName=self._group)
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{self._group}"
        events = aws.client("events")
        events.put_rule(Name="log", EventBusName=bus, EventPattern=json.dumps(_ALL))
        events.put_targets(Rule="log", EventBusName=bus, Targets=[{"Id": "log", "Arn": arn}])

    def events(self) -> list[dict[str, Any]]:
        """Every event that was delivered so far."""
        found = self._logs.filter_log_events(logGroupName=self._group, limit=10_000)
        return [json.loads(event["message"]) for event in found["events"]]


class FailingEntries:
    """A hook of the fault proxy that fails single entries of PutEvents, which the server then never sees.

    Args:
        url: Of the server behind the proxy.
        codes: The error codes to draw from.
        probability: How likely an entry fails.
        seed: Of the dice.

    Attributes:
        failed: How many entries failed so far.
    """

    def __init__(self, url: str, codes: Sequence[str], *, probability: float = 1.0, seed: int = 0) -> None:
        self._url = url
        self._codes = codes
        self._probability = probability
        self._chance = random.Random(seed)  # noqa: S311 - for tests
        self.failed = 0

    async def __call__(self, request: ApiRequest) -> Answer | None:
        """The answer in place of the server's own; None if no entry fails."""
        entries = json.loads(request.body)["Entries"]
        fates = [self._draw() for _ in entries]
        if not any(fates):
            return None
        left = [entry for entry, fate in zip(entries, fates, strict=True) if fate is None]
        taken = iter(await self._forward(request, left) if left else [])
        results = [
            next(taken) if fate is None else {"ErrorCode": fate, "ErrorMessage": "Injected by the test."}
            for fate in fates
        ]
        self.failed += len(entries) - len(left)
        failed = sum("ErrorCode" in result for result in results)
        body = json.dumps({"FailedEntryCount": failed, "Entries": results}).encode()
        return Answer(200, body, {"Content-Type": request.headers["content-type"]})

    def _draw(self) -> str | None:
        return self._chance.choice(self._codes) if self._chance.random() < self._probability else None

    async def _forward(self, request: ApiRequest, entries: list[Any]) -> list[dict[str, Any]]:
        # The body is not the one that was signed: only for a server that checks no signatures.
        headers = {name: request.headers[name] for name in ("content-type", "x-amz-target", "authorization")}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._url, data=json.dumps({"Entries": entries}), headers=headers) as response,
        ):
            answer = await response.json(content_type=None)
        results: list[dict[str, Any]] = answer["Entries"]
        return results
