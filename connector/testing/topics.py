"""An SNS topic for a test, with a queue that has subscribed: SNS itself shows nobody its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer

_FIFO = ".fifo"
_AT_ONCE = 10


class SubscribedTopic:
    """A topic, FIFO if its name says so, and a queue of the same kind and name.

    Attributes:
        arn: Of the topic.
        queue_url: Of the queue.
    """

    def __init__(self, aws: AwsServer, name: str, *, is_raw: bool = True, **attributes: str) -> None:
        """Args: ``is_raw`` delivers bodies and attributes as they are, else in SNS's envelope."""
        fifo = {"FifoTopic": "true"} if name.endswith(_FIFO) else {}
        topic = aws.client("sns").create_topic(Name=name, Attributes={**fifo, **attributes})
        self.arn: str = topic["TopicArn"]
        fifo = {"FifoQueue": "true"} if name.endswith(_FIFO) else {}
        queue = aws.client("sqs").create_queue(QueueName=name, Attributes=fifo)
        self.queue_url: str = queue["QueueUrl"]
        aws.client("sns").subscribe(
            TopicArn=self.arn,
            Protocol="sqs",
            Endpoint=self.arn.replace(":sns:", ":sqs:"),
            Attributes={"RawMessageDelivery": "true"} if is_raw else {},
        )
        self._sqs = aws.client("sqs")
        self._read: list[dict[str, Any]] = []

    def messages(self) -> list[dict[str, Any]]:
        """All that the queue ever got, in its order, each as SQS shows it.

        They are deleted, since the next of a group come only then. moto forgets deduplication ids with
        their messages, where AWS remembers: a test of these reads once, at the end.
        """
        while found := self._receive():
            self._read += found
            entries = [
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in enumerate(found)
            ]
            self._sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return self._read

    def bodies(self) -> list[str]:
        return [message["Body"] for message in self.messages()]

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=_AT_ONCE,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found
