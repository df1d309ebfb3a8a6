"""A queue: how users name it, and what the service tells about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from connector.aws.partition import region_of_endpoint
from connector.sinks.messaging.expression import Expression

FIFO_SUFFIX = ".fifo"
MOST_BYTES = 1_048_576
"""Of a request and of a message, unless the queue allows less (API reference, SendMessageBatch)."""

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>.+)"
)
# CreateQueue: up to 80 letters, digits, - and _; the suffix counts.
_NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]+(\.fifo)?")
_ACCOUNT = re.compile(r"\d{12}")
_ANY_TOPIC = "T"
"""Legal in the name of a queue, and in no other part of an ARN."""
_OLD_HOST = "queue.amazonaws.com"
_OLD_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class QueueReference:
    """What a URL, a name or an ARN tells; None is what it does not."""

    name: str
    account: str | None = None
    region: str | None = None
    url: str | None = None
    endpoint: str | None = None
    """Where requests go, if the URL is not that of AWS's own endpoint of a region."""

    @classmethod
    def of(cls, text: str) -> QueueReference:
        """Of what the user wrote, once the topic is in its place; raises ValueError."""
        if text.startswith("arn:"):
            found = _ARN.fullmatch(text)
            if found is None:
                raise ValueError("not the ARN of a queue; expected arn:aws:sqs:<region>:<account>:<name>")
            return cls(_legal_name(found["name"]), found["account"], found["region"])
        if "://" in text:
            return cls._of_url(text)
        return cls(_legal_name(text))

    @classmethod
    def _of_url(cls, text: str) -> QueueReference:
        parts = urlsplit(text)
        *path, name = parts.path.split("/")
        if parts.scheme not in {"http", "https"} or not parts.hostname or not any(path) or parts.query:
            raise ValueError(
                "not the URL of a queue; expected for example"
                " https://sqs.eu-north-1.amazonaws.com/123456789012/orders"
            )
        region = _OLD_REGION if parts.hostname == _OLD_HOST else region_of_endpoint(text)
        is_own = region is None or ".vpce." in parts.hostname
        return cls(
            _legal_name(name),
            path[-1] if _ACCOUNT.fullmatch(path[-1]) else None,
            region,
            text,
            f"{parts.scheme}://{parts.netloc}" if is_own else None,
        )


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that was found.

    Attributes:
        url: By which requests name it.
        arn: For messages.
        is_fifo: Of the kind FIFO.
        most_bytes: Of one message.
        deduplicates_content: A message without a deduplication id gets the hash of its body as one; None
            if nobody may tell us.
        kms_key: The customer's key that encrypts it.
        is_known: The service told all this; else it is what names and defaults tell.
    """

    url: str
    arn: str
    is_fifo: bool
    most_bytes: int = MOST_BYTES
    deduplicates_content: bool | None = None
    kms_key: str | None = None
    is_known: bool = True


def reference_of_any_topic(text: str) -> QueueReference:
    """Of a template, whose topic may be anything; raises ValueError."""
    expression = Expression(text)
    if not expression.is_of_topic:
        raise ValueError("may hold no variable but {{topic}}")
    if "://" in text and "{{" in urlsplit(text).netloc:
        raise ValueError("may hold {{topic}} in the name of the queue only")
    return QueueReference.of(expression.of_topic(_ANY_TOPIC))


def legal_queue(text: str) -> None:
    """A validator of options; raises ValueError."""
    reference_of_any_topic(text)


def is_fifo_by_name(text: str) -> bool | None:
    """A queue is FIFO if and only if its name ends so; None if that depends on the topic."""
    return None if text.endswith("}}") else text.endswith(FIFO_SUFFIX)


def _legal_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a queue: up to 80 letters, digits, - and _, at the end .fifo or not"
        )
    return name
