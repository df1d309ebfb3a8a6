"""The worker that commands check configs with, which connects to nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connector.environment import connect_variables, property_name
from connector.properties import read_properties
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

_OF_CONNECTORS = ("aws.connections.directory", "worker.roles", "config.providers")


def offline_settings(worker: Path | None = None) -> WorkerSettings:
    """Kafka Connect's defaults, and what connectors refer to: named connections and config providers.

    Args:
        worker: The worker's properties; the environment overrules them, as it does for the worker.

    Raises:
        ConfigError: The file cannot be read, or these properties are at fault.
    """
    written = read_properties(worker) if worker else {}
    properties = {
        name: value
        for name, value in written.items()
        if name in _OF_CONNECTORS or name.startswith("config.providers.")
    }
    environ = {
        variable: value
        for variable, value in connect_variables(os.environ).items()
        if property_name(variable).startswith(_OF_CONNECTORS)
    }
    source = str(worker) if worker else "the environment"
    return WorkerSettings.of({"bootstrap.servers": "localhost:9092", **properties}, environ, source=source)
