"""Checks the configs that a worker is given at its start, all of them before any runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cluster.defaults import Defaults, connection_store
from connector.errors import ConfigError
from connector.runtime.blueprint import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings


def plan(raw_configs: Sequence[RawConfig], settings: WorkerSettings) -> list[Blueprint]:
    """Check all configs before any runs.

    Raises:
        ConfigError: Of the first config at fault, with all its faults; or a name that is given twice.
    """
    blueprints: dict[str, Blueprint] = {}
    worker = Defaults(settings, connection_store(settings))
    for raw in raw_configs:
        blueprint = _drawn(raw, worker)
        if blueprint.name in blueprints:
            raise ConfigError.of("name", f"Connector {blueprint.name} already exists: give each its own name")
        blueprints[blueprint.name] = blueprint
    return list(blueprints.values())


def _drawn(raw: RawConfig, worker: Defaults) -> Blueprint:
    try:
        return draw(raw, worker)
    except ConfigError as error:
        name = raw.get("name", "")
        raise ConfigError(error.problems, source=f"connector {name}" if name else "") from error
