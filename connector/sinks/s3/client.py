"""The client and the bucket that the sink's options ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.bucket import Bucket
from connector.aws.clients import AwsClient
from connector.aws.partition import partition
from connector.sinks.s3.checksum import OWN

if TYPE_CHECKING:
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config


def s3_client(config: S3Config, context: SinkContext) -> AwsClient:
    """A client as the sink's options ask for; to be used as a context manager, once."""
    s3: dict[str, Any] = {"addressing_style": config.addressing_style}
    if config.attributes().checksum in OWN and (config.endpoint_url or "https:").startswith("https:"):
        # A checksum that we bring does not keep botocore from hashing the body for the signature, on the
        # event loop; one of its own does, over TLS.
        s3["payload_signing_enabled"] = False
    return AwsClient(
        "s3",
        config.identity(context.connector, context.task),
        context,
        endpoint=config.endpoint_url,
        max_connections=config.upload_concurrency,
        backoff=config.backoff,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3=s3,
    )


def bucket_of(config: S3Config) -> Bucket:
    """The bucket as the options name it, for whoever asks whether it is there."""
    arn = f"arn:{partition(config, config.endpoint_url)}:s3:::{config.bucket}"
    return Bucket(
        config.bucket,
        config.region,
        arn,
        "aws.s3.bucket.name",
        config.endpoint_url,
        owner=config.attributes().owner(),
    )
