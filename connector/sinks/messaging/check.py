"""The check of the bucket for bodies that are too large, which all messaging sinks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.check import Check, ok, skipped
from connector.sinks.messaging.config import S3
from connector.sinks.messaging.store import BodyStore

if TYPE_CHECKING:
    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.messaging.config import MessagingConfig

BUCKET = "Bucket for large bodies"


def bucket_checks(config: MessagingConfig, context: SinkContext) -> list[Check]:
    """None unless the config names a bucket."""

    async def find() -> Finding:
        async with BodyStore(config, context) as store:
            if await store.find():
                return ok(f"{config.oversize_bucket} is there")
        return skipped(f"cannot tell without s3:ListBucket whether {config.oversize_bucket} is there")

    return [Check(BUCKET, find)] if config.oversize_policy == S3 else []
