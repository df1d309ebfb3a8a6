"""Whether an answer shows the secrets of a config, and which options of a connector are secrets."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from connector.config.masking import HIDDEN, masked
from connector.errors import ConfigError
from connector.plugins import PluginKind, find, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config.info import SubmittedConfig
    from connector.config.schema import Config, RawConfig


class Secrets(StrEnum):
    """The worker's ``rest.config.secrets``."""

    MASKED = "masked"
    RAW = "raw"
    """Kafka Connect's own way: a config comes back exactly as it was sent."""

    def shown(self, config: RawConfig) -> RawConfig:
        """What an answer may show of ``config``."""
        return config if self is Secrets.RAW else masked(config, secret_options(config))

    def restored(self, submitted: SubmittedConfig, stored: RawConfig) -> SubmittedConfig:
        """``submitted`` with the stored secrets in the place of those that an answer had hidden."""
        if self is Secrets.RAW:
            return submitted
        hidden = {key: value for key, value in self.shown(stored).items() if value == HIDDEN}
        return {
            key: stored[key] if value == HIDDEN and key in hidden else value
            for key, value in submitted.items()
        }


def secret_options(config: Mapping[str, str]) -> frozenset[str]:
    """The options that the connector's sink declares as passwords; none if there is no such sink."""
    name = config.get("connector.class", "")
    if not is_known(PluginKind.SINK, name):
        return frozenset()
    try:
        sink = find(PluginKind.SINK, name, "connector.class")
    except ConfigError:
        return frozenset()
    return _secret_options(sink.config_class)


@cache  # a list of connectors asks for every one of them
def _secret_options(config_class: type[Config]) -> frozenset[str]:
    secrets = [option for option in config_class.options().values() if option.is_secret]
    return frozenset(name for option in secrets for name in (option.name, *option.aliases))
