"""What the config providers that ask AWS have in common: whom they ask as, on which thread, for how long.

Values are kept for a while; who is asked, and on which thread, is :mod:`connector.aws.blocking`'s matter.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

import orjson

from connector.aws.blocking import DEADLINE_SECONDS, BlockingClient
from connector.aws.connection import AwsConfig
from connector.config.option import LONG, STRING, Importance, at_least, defaulted, optional
from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config_providers.base import ConnectionOptions

_MOST_KEPT = 1000


class SecretStoreConfig(AwsConfig):
    """The parameters of a provider: a connection, named or inline, and how long a value holds."""

    services: ClassVar[frozenset[str]] = frozenset()

    connection = optional(
        "aws.connection",
        STRING,
        "A named connection of this worker; its options hold wherever no aws.* parameter is given.",
        group="AWS",
    )
    own_region = optional("region", STRING, "As aws.region, which wins over it.", group="AWS")
    hold_ms = defaulted(
        "cache.ms",
        LONG,
        60_000,
        "For how many milliseconds a value is kept before it is asked for again; a rotation is noticed that"
        " much later, and AWS charges by requests.",
        validate=at_least(0),
        importance=Importance.LOW,
        group="AWS",
    )

    @property
    def region(self) -> str:
        given: str | None = self.general_region or self.own_region
        return given or super().region


class SecretStoreProvider(ConfigProvider):
    """Asks one service for texts by name, and takes keys out of texts that are JSON objects."""

    config_class = SecretStoreConfig
    service: ClassVar[str]
    noun: ClassVar[str]

    def __init__(self, config: SecretStoreConfig) -> None:
        super().__init__(config)
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str]] = {}
        self._connection_options: ConnectionOptions | None = None
        self._asking = threading.local()
        self._client = BlockingClient(self.service, self.noun)

    def use_connections(self, options: ConnectionOptions) -> None:
        self._connection_options = options

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        """Without a path keys are names, and values whole texts; else they are fields of a JSON object."""
        if not path:
            return self._texts(keys)
        name = unquote(path)
        if name not in (found := self._texts(frozenset({name}))):
            raise UnavailableError(f"there is no {self.noun} {name}: create it, or correct the reference")
        return _fields(found[name], keys, self.noun, name)

    @abstractmethod
    async def ask(self, client: Any, names: frozenset[str]) -> Mapping[str, str]:
        """The texts of those names that there are; raises what the client raises."""

    def _texts(self, names: frozenset[str]) -> dict[str, str]:
        now = time.monotonic()
        with self._lock:
            held = {name: text for name, (until, text) in self._kept.items() if until > now}
        missing = names - held.keys()
        found = dict(self._asked(missing)) if missing else {}
        with self._lock:
            until = time.monotonic() + self.config.hold_ms / 1000
            self._kept = {name: kept for name, kept in self._kept.items() if kept[0] > now}
            if len(self._kept) < _MOST_KEPT:
                self._kept |= {name: (until, text) for name, text in found.items()}
        return {name: held[name] for name in names & held.keys()} | found

    def _asked(self, names: frozenset[str]) -> Mapping[str, str]:
        if getattr(self._asking, "is_asking", False):
            raise UnavailableError("the connection that it is asked with refers to it: write one of both out")
        self._asking.is_asking = True
        try:
            config = self._effective()
            identity, endpoint = config.identity("config-provider"), config.service_endpoint(self.service)
            return self._client.ask(identity, endpoint, lambda client: self.ask(client, names))
        except TimeoutError:
            raise UnavailableError(f"{self.service} did not answer within {DEADLINE_SECONDS:g} s") from None
        except ConfigError as error:
            raise UnavailableError("; ".join(map(str, error.problems))) from None
        except ConnectorError as error:
            raise UnavailableError(str(error)) from None
        finally:
            self._asking.is_asking = False

    def _effective(self) -> SecretStoreConfig:
        config: SecretStoreConfig = self.config
        if config.connection is None:
            return config
        if self._connection_options is None:
            raise UnavailableError("named connections are not known here: give the aws.* parameters instead")
        own = {key: value for key, value in config.raw.items() if value is not None}
        return SecretStoreConfig.parse(self._connection_options(config.connection, own))


def _fields(text: str, keys: frozenset[str], noun: str, name: str) -> dict[str, str]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UnavailableError(
            f"the {noun} {name} is no JSON object, so it has no keys: refer to the whole without a key"
        )
    return {
        key: value if isinstance(value := found[key], str) else orjson.dumps(value).decode()
        for key in keys
        if found.get(key) is not None
    }
