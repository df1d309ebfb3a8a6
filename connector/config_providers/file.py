"""``${file:/path:key}``: a property of a properties file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.config_providers.place import PlaceConfig, read_secret
from connector.errors import ConfigError
from connector.properties import parse_properties

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileConfigProvider(ConfigProvider):
    """Kafka's FileConfigProvider; the path is a file in the form of Java properties."""

    config_class = PlaceConfig

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        if not path:
            raise UnavailableError("there is no path in it: write ${provider:/path/of/file:key}")
        text = read_secret(Path(path), self.config)
        try:
            found = parse_properties(text, source=path)
        except ConfigError as error:
            raise UnavailableError(f"{path} cannot be read: {error.problems[0].message}") from None
        return {key: found[key] for key in keys if key in found}
