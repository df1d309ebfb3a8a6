"""The worker that commands check configs with, which connects to nothing."""

from __future__ import annotations

import os

from connector.settings import WorkerSettings

_FROM_ENVIRONMENT = ("CONNECT_AWS_CONNECTIONS_DIRECTORY", "CONNECT_WORKER_ROLES")


def offline_settings() -> WorkerSettings:
    """Kafka Connect's defaults, and from the environment where named connections are."""
    environ = {name: os.environ[name] for name in _FROM_ENVIRONMENT if name in os.environ}
    return WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "localhost:9092", **environ})
