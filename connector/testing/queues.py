"""What was delivered to a queue of a test's SQS, read as a consumer reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    class Server(Protocol):
        """An AWS of tests."""

        def client(self, service: str) -> Any: ...


_AT_ONCE = 10


class QueueReader:
    """Receives and deletes, and remembers.

    Attributes:
        messages: All so far, in the order that the queue gave them.
    """

    def __init__(self, aws: Server, url: str) -> None:
        self._sqs = aws.client("sqs")
        self._url = url
        self.messages: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """All messages that were ever in the queue."""
        while messages := self._receive():
            self.messages += messages
            entries = [
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return self.messages

    def size(self) -> int:
        """How many messages wait; unlike ``read`` it leaves moto their deduplication ids."""
        answer = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_AT_ONCE,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))
