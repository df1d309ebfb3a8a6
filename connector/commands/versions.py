"""The versions that a report of a fault should name."""

from __future__ import annotations

import platform
from importlib.metadata import version

from confluent_kafka import libversion

_STANDS_ON = ("confluent-kafka", "aiobotocore", "botocore", "pyarrow")


def versions() -> dict[str, str]:
    """By name: ours first, then what it stands on."""
    found = libversion()  # a pair, or before 2.13 the text alone
    return {
        "kafka-aws-connector": version("kafka-aws-connector"),
        "librdkafka": found if isinstance(found, str) else found[0],
        **{name: version(name) for name in _STANDS_ON},
        "Python": platform.python_version(),
        "platform": platform.platform(),
    }
