"""What the config providers that ask AWS have in common: whom they ask as, on which thread, for how long.

Providers are asked on threads, and AWS on an event loop, so there is one loop for them all, on a thread
of its own: a role is then assumed once and refreshed, not anew with every look.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

import orjson
from botocore import UNSIGNED

from connector.aws.connection import AwsConfig
from connector.aws.credentials import signing_fault, signing_session
from connector.aws.identity import Anonymous
from connector.aws.refresh import elapsed
from connector.aws.transport import client_settings
from connector.config.option import LONG, STRING, Importance, at_least, defaulted, optional
from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.errors import ConfigError, ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from aiobotocore.session import AioSession

    from connector.aws.identity import Identity
    from connector.config_providers.base import ConnectionOptions

_GET_SECONDS = 20.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5
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
        self._signer: tuple[Identity, AioSession] | None = None

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
            return _on_loop(self._ask(config, names))
        except concurrent.futures.TimeoutError:
            raise UnavailableError(f"{self.service} did not answer within {_GET_SECONDS:g} s") from None
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

    async def _ask(self, config: SecretStoreConfig, names: frozenset[str]) -> Mapping[str, str]:
        identity = config.identity("config-provider")
        options = {"signature_version": UNSIGNED} if isinstance(identity.base, Anonymous) else {}
        if self._signer is None or self._signer[0] != identity:
            self._signer = identity, signing_session(identity)
        session = self._signer[1]
        async with session.create_client(
            self.service,
            region_name=identity.region,
            endpoint_url=config.service_endpoint(self.service),
            **client_settings(identity.transport, **options),
        ) as client:
            return await self._repeated(session, lambda: self.ask(client, names))

    async def _repeated(
        self, session: AioSession, attempt: Callable[[], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]:
        for number in range(1, _ATTEMPTS + 1):
            since = elapsed()
            try:
                return await attempt()
            except ConnectorError:
                raise
            except Exception as error:
                fault = await signing_fault(session, error, "reading", f"a {self.noun}", since=since)
                if fault is None:
                    raise
                if not isinstance(fault, RetriableError) or number == _ATTEMPTS:
                    raise fault from error
            await asyncio.sleep(_PAUSE_SECONDS * number)
        raise AssertionError("unreachable: the last attempt returns or raises")


def is_absent(error: Exception, *codes: str) -> bool:
    """Whether an error of botocore says that there is no such thing."""
    response = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code") in codes


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


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="secret-stores", daemon=True).start()
    return loop


def _on_loop(work: Coroutine[Any, Any, Mapping[str, str]]) -> Mapping[str, str]:
    running = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return running.result(_GET_SECONDS)
    except concurrent.futures.TimeoutError:
        running.cancel()
        raise
