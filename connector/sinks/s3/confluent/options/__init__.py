"""The options of Confluent's S3 sink, with its names and defaults, and the options here that they become."""

from connector.sinks.s3.confluent.options.bucket import BucketOptions
from connector.sinks.s3.confluent.options.formats import FormatOptions
from connector.sinks.s3.confluent.options.idle import IdleOptions
from connector.sinks.s3.confluent.options.names import NameOptions
from connector.sinks.s3.confluent.options.rotation import RotationOptions

__all__ = ["ConfluentOptions"]


class ConfluentOptions(IdleOptions, BucketOptions, NameOptions, FormatOptions, RotationOptions):
    """All of them."""
