"""Whether an answer shows the secrets of a config, and which options of a connector are secrets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from connector.config.masking import HIDDEN, masked
from connector.errors import ConfigError
from connector.plugins import PluginKind, find

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


def secret_options(config: Mapping[str, str]) -> set[str]:
    """The options that the connector's sink declares as passwords; none if there is no such sink."""
    try:
        sink = find(PluginKind.SINK, config.get("connector.class", ""), "connector.class")
    except ConfigError:
        return set()
    config_class: type[Config] = sink.config_class
    secrets = [option for option in config_class.options().values() if option.is_secret]
    return {name for option in secrets for name in (option.name, *option.aliases)}
