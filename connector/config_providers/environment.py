"""``${env:NAME}``: a variable of the worker's environment."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from connector.config.option import STRING, Importance, defaulted
from connector.config.schema import Config
from connector.config_providers.base import ConfigProvider, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping


def _regex(value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"Invalid regex: {error}") from None


class EnvVarConfig(Config):
    allowlist_pattern = defaulted(
        "allowlist.pattern",
        STRING,
        ".*",
        "A regular expression that is searched for in names of variables; those without it are refused. As"
        " in Kafka a part of the name is enough, so begin with ^ and end with $ to mean all of it.",
        validate=_regex,
        importance=Importance.HIGH,
    )


class EnvVarConfigProvider(ConfigProvider):
    """Kafka's EnvVarConfigProvider; there is no path."""

    config_class = EnvVarConfig

    def __init__(self, config: Any, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(config)
        self._environ = environ
        self._allowed = re.compile(config.allowlist_pattern)

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        if path:
            raise UnavailableError("variables have no path: write ${provider:NAME}")
        if refused := sorted(key for key in keys if not self._allowed.search(key)):
            raise UnavailableError(
                f"allowlist.pattern does not allow {', '.join(refused)}: let it match, or name another"
            )
        return {key: self._environ[key] for key in keys if key in self._environ}
