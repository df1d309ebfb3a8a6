"""Large bodies by reference: the body is an object in S3, the message names it (claim check).

The format is that of Amazon's extended client libraries for SQS and SNS, so that their consumers fetch the
body by themselves: a JSON array of the pointer's class name and its fields, and the attribute
``ExtendedPayloadSize``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.record import TopicPartition

SIZE_ATTRIBUTE = "ExtendedPayloadSize"
_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"


def pointer(bucket: str, object_key: str) -> str:
    """The message body in place of the real one."""
    fields = {"s3BucketName": bucket, "s3Key": object_key}
    return json.dumps([_CLASS, fields], separators=(",", ":"), ensure_ascii=False)


def object_key(prefix: str, partition: TopicPartition, offset: int) -> str:
    """The same whenever the record is sent again, so that nothing is stored twice."""
    return f"{prefix}{partition.topic}/{partition.partition}/{offset:020}"
