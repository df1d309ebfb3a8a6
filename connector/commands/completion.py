"""What the shell offers while a command is typed; it may be slow or wrong, but never fail."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from connector.errors import ConnectorError

_SECONDS = 1.0
"""Longer than that nobody waits for a Tab."""


def plugin_names(incomplete: str) -> list[tuple[str, str]]:
    """Plug-ins by their short names, each with what kind it is."""
    from connector import plugins
    from connector.plugins import PluginKind

    found = {
        name: kind.value.removeprefix("connector.").removesuffix("s").replace("_", " ")
        for kind in reversed(PluginKind)
        if kind is not PluginKind.FORMAT  # their options are those of sinks
        for name in plugins.names(kind)
    }
    return [(name, kind) for name, kind in sorted(found.items()) if name.startswith(incomplete)]


def connector_names(incomplete: str) -> list[str]:
    """Those of the cluster that CONNECTOR_URL names, or of the worker of this machine."""
    return [name for name in _asked("connectors") if name.startswith(incomplete)]


def connection_names(incomplete: str) -> list[str]:
    """The named AWS connections of the same."""
    found = _asked("aws", "connections")
    listed = found.get("connections", []) if isinstance(found, dict) else []
    return [each["name"] for each in listed if each["name"].startswith(incomplete)]


def _asked(*path: str) -> Any:
    from connector.commands.worker_client import WorkerClient

    with suppress(ConnectorError, KeyError, TypeError, AttributeError):
        client = WorkerClient(os.environ.get("CONNECTOR_URL", ""), seconds=_SECONDS)
        return client.ask("GET", path)
    return []
