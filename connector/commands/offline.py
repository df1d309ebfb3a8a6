"""The worker that commands check configs with, which connects to nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connector.environment import connect_variables, property_name
from connector.properties import read_properties
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

_OF_CONNECTORS = (
    "aws.connections.directory",
    "config.providers",
    "connector.client.config.override.",
    "connectors.allowed.",
    "header.converter",
    "key.converter",
    "value.converter",
    "worker.roles",
)
"""How properties begin by which a worker takes a connector or refuses it."""


def offline_settings(worker: Path | None = None) -> WorkerSettings:
    """Kafka Connect's defaults, and what decides over connectors: converters, connections, providers, bounds.

    Args:
        worker: The worker's properties; the environment overrules them, as it does for the worker.

    Raises:
        ConfigError: The file cannot be read, or these properties are at fault.
    """
    written = read_properties(worker) if worker else {}
    properties = {name: value for name, value in written.items() if name.startswith(_OF_CONNECTORS)}
    environ = {
        variable: value
        for variable, value in connect_variables(os.environ).items()
        if property_name(variable).startswith(_OF_CONNECTORS)
    }
    source = str(worker) if worker else "the environment"
    return WorkerSettings.of({"bootstrap.servers": "localhost:9092", **properties}, environ, source=source)
