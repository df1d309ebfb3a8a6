"""Configs of Confluent's S3 sink, taken as they are: their options become those of the S3 sink.

``options/`` declares them, ``translation.py`` says what each becomes; objects, rotation and exactly once
are the S3 sink's own.
"""

from connector.sinks.s3.confluent.config import ConfluentS3Config, ConfluentS3Sink
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.translation import translate

__all__ = ["ConfluentOptions", "ConfluentS3Config", "ConfluentS3Sink", "translate"]
