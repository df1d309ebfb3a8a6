"""An event bus with a queue behind it, so that a test can see what was delivered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer

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
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=43_200
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages
