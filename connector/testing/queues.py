"""What is in a queue of a test's SQS, read as a consumer reads it, and left there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer

_AT_ONCE = 10


def received(aws: AwsServer, url: str) -> list[dict[str, Any]]:
    """Every message, in the order that a consumer gets them; afterwards all are visible again."""
    sqs = aws.client("sqs")
    found: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=600,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        if not (messages := answer.get("Messages")):
            break
        found += messages
    for start in range(0, len(found), _AT_ONCE):
        sqs.change_message_visibility_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for position, message in enumerate(found[start : start + _AT_ONCE])
            ],
        )
    return found
