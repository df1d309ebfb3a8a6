"""`python -m connector.testing.kafka fetch` gets the large jars ahead of the tests, whose time is bounded."""

from __future__ import annotations

import shutil
import sys

from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.jars import ensure_jars, folder_of, glue_jars


def fetch() -> str:
    """Fetches what it can; what it cannot is said, not raised: tests have other Kafkas to fall back on."""
    try:
        version = ensure_jars()
    except KafkaUnavailableError as error:
        return f"Apache Kafka could not be fetched ({error}). Tests that need it will be skipped, by name."
    ready = f"Apache Kafka {version} is in {folder_of(version)}."
    if not shutil.which("java"):
        ready += " It cannot run: there is no java on the PATH (Java 17 or newer is needed)."
    try:
        glue_jars()
    except KafkaUnavailableError as error:
        ready += f" AWS's serialisers for Glue could not be fetched ({error}); their test will be skipped."
    return ready


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit("usage: python -m connector.testing.kafka fetch")
    sys.stdout.write(fetch() + "\n")
