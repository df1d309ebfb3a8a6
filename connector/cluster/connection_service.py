"""The operations on named connections, the same for REST and the command line."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from connector import logs
from connector.aws.connection import AwsConfig
from connector.aws.definition import Definition
from connector.aws.named import NamedConnection, Status
from connector.aws.policy import PLACEHOLDER, trust_policy
from connector.aws.policy import principal as trusted_principal
from connector.aws.validation import Examination, identity_of
from connector.cluster.refusal import (
    ConnectionExistsError,
    ConnectionInUseError,
    ConnectionsTimedOutError,
)
from connector.cluster.validations import GIVE_UP_SECONDS, Validations
from connector.config.bounds import Bounds
from connector.config_providers.resolver import Resolver
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.check import Step
    from connector.cluster.connections import ConnectionStore, Listing

T = TypeVar("T")
P = ParamSpec("P")
log = logs.get(__name__)

WAIT_SECONDS = 10.0
"""For how long a call waits for a validation, which then goes on without it."""
STORE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ConnectionUser:
    """A connector that uses a connection.

    Attributes:
        connector: Its name.
        tasks: The numbers of its tasks.
        version: Of the connection, which it runs with; it lags behind while an update is picked up.
    """

    connector: str
    tasks: tuple[int, ...]
    version: int


class ConnectionUsers(Protocol):
    """The connectors of this worker, as far as their connections go."""

    def users(self, name: str) -> list[ConnectionUser]: ...

    async def check_fit(self, connection: NamedConnection) -> None:
        """Raises ConfigError if a connector that uses the connection could not go on with this version."""
        ...

    async def pick_up(self, connector: str) -> None:
        """Stop the connector gracefully and start it with the connections as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which connections are listed; all that is given must hold."""

    name: str = ""
    """A part of the name, in any case."""
    status: Status | None = None
    tags: Sequence[str] = ()
    """Each ``key`` or ``key=value``."""
    match_criteria: Sequence[str] = ()

    def passes(self, connection: NamedConnection) -> bool:
        definition = connection.definition
        return (
            self.name.lower() in connection.name.lower()
            and self.status in {None, connection.status}
            and all(_has_tag(definition.tags, tag) for tag in self.tags)
            and set(self.match_criteria) <= set(definition.match_criteria)
        )


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Who may assume the role of a connection, for its owner to paste."""

    role_arn: str | None
    principal: str | None
    external_id: str
    document: dict[str, Any]


class ConnectionService:
    """All operations; writes come one after the other.

    Every operation raises ConnectionsTimedOutError if the store does not answer, and ConnectionStoreError
    if it is damaged.
    """

    def __init__(
        self,
        store: ConnectionStore,
        users: ConnectionUsers,
        *,
        resolver: Resolver = Resolver(),  # noqa: B008 - it knows no provider
        bounds: Bounds = Bounds(),  # noqa: B008 - it is frozen
        examination: Examination = Examination(),  # noqa: B008 - it has no state
        wait_seconds: float = WAIT_SECONDS,
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> None:
        self._store = store
        self._users = users
        self._resolver = resolver
        self._bounds = bounds
        self._examination = examination
        self._wait_seconds = wait_seconds
        self._validations = Validations(
            store,
            self._pick_up_soon,
            resolver=resolver,
            bounds=bounds,
            examination=examination,
            give_up_seconds=give_up_seconds,
        )
        self._writing = asyncio.Lock()
        self._picking_up = asyncio.Lock()
        self._pick_ups: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self) -> None:
        """Go on with validations that the last end of the worker cut short."""
        for connection in (await self._stored(self._store.all)).connections:
            if connection.status is Status.IN_PROGRESS:
                self._validations.start(connection)

    async def stop(self) -> None:
        self._is_stopping = True
        await self._validations.stop()
        await asyncio.gather(*self._pick_ups, return_exceptions=True)

    # ---- operations ----

    async def create(
        self, document: Any, *, if_not_exists: bool = False, validate: bool = True
    ) -> tuple[NamedConnection, bool]:
        """Keep a new connection.

        Args:
            document: As :meth:`Definition.parse` takes it.
            if_not_exists: An existing connection of this name is no fault, and stays as it is.
            validate: Ask AWS; the answer may come after this call.

        Returns:
            The connection, and whether it is new.

        Raises:
            ConfigError: The document is at fault.
            ConnectionExistsError: The name is taken.
            ConnectionLimitError: There are too many.
        """
        definition = Definition.parse(document)
        self._check_bounds(definition)
        status = Status.IN_PROGRESS if validate else Status.READY
        connection = NamedConnection.new(definition, dt.datetime.now(dt.UTC), status)
        async with self._writing:
            try:
                await self._stored(self._store.create, connection)
            except ConnectionExistsError:
                if not if_not_exists:
                    raise
                return await self.show(definition.name), False
        log.info("connection created", connection=connection.name)
        return await self._validated(connection), True

    async def listing(self, only: Filter) -> Listing:
        listing = await self._stored(self._store.all)
        found = tuple(connection for connection in listing.connections if only.passes(connection))
        return type(listing)(found, listing.damaged)

    async def show(self, name: str) -> NamedConnection:
        """Raises UnknownConnectionError."""
        return await self._stored(self._store.read, name)

    def checks(self, connection: NamedConnection) -> Sequence[Step]:
        """What its last validation by this worker found out, as far as it is; empty if there was none."""
        return self._validations.steps(connection)

    async def update(self, name: str, document: Any, *, validate: bool = True) -> NamedConnection:
        """Give a connection another definition; those who use it pick it up once it is READY.

        Secrets that the document shows as ``[hidden]`` stay as they are.

        Raises:
            ConfigError: The document is at fault, or does not fit a connector that uses the connection.
            UnknownConnectionError: There is none of this name.
        """
        async with self._writing:
            former = await self.show(name)
            definition = Definition.parse(document, name=name, stored=former.definition.options)
            self._check_bounds(definition)
            status = Status.IN_PROGRESS if validate else Status.READY
            connection = former.redefined(definition, dt.datetime.now(dt.UTC), status)
            await self._users.check_fit(connection)
            self._validations.cancel(name)
            await self._stored(self._store.replace, connection, former.version)
        log.info("connection updated", connection=name, version=connection.version)
        if not validate:
            self._pick_up_soon(connection)
        return await self._validated(connection)

    async def delete(self, name: str) -> None:
        """Raises ConnectionInUseError, which says by whom, or UnknownConnectionError."""
        async with self._writing:
            if users := self._users.users(name):
                by = ", ".join(f"{user.connector} ({_count(user.tasks)})" for user in users)
                raise ConnectionInUseError(
                    f"Connection {name} is in use by {by}: change or remove these connectors first"
                )
            self._validations.cancel(name)
            await self._stored(self._store.delete, name)
        log.info("connection deleted", connection=name)

    async def validate(self, name: str) -> NamedConnection:
        """Ask AWS anew; the answer may come after this call. Raises UnknownConnectionError."""
        async with self._writing:
            found = await self.show(name)
            connection = found.to_be_validated()
            await self._stored(self._store.replace, connection, found.version)
        return await self._validated(connection)

    async def usage(self, name: str) -> list[ConnectionUser]:
        """Who uses it on this worker; raises UnknownConnectionError."""
        await self.show(name)
        return self._users.users(name)

    async def policy(self, name: str) -> TrustPolicy:
        """The trust policy that the connection's role needs; raises UnknownConnectionError."""
        connection = await self.show(name)
        principal = connection.principal or await self._principal(connection)
        config = AwsConfig(connection.definition.options)
        document = trust_policy(
            _trusted(principal),
            connection.external_id,
            has_session_tags=bool(config.sts_role_session_tags),
            source_identity=config.sts_role_source_identity,
        )
        return TrustPolicy(connection.role_arn, principal, connection.external_id, document)

    # ---- what they are made of ----

    def _check_bounds(self, definition: Definition) -> None:
        """Of what is written; what references stand for is looked at where they are read."""
        if problems := list(self._bounds.problems(AwsConfig(dict(definition.options)))):
            raise ConfigError(problems)

    async def _validated(self, connection: NamedConnection) -> NamedConnection:
        """The connection after its validation, or as it is when the wait is over."""
        if connection.status is not Status.IN_PROGRESS:
            return connection
        await asyncio.wait({self._validations.start(connection)}, timeout=self._wait_seconds)
        return await self.show(connection.name)

    async def _principal(self, connection: NamedConnection) -> str | None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                identity = await asyncio.to_thread(identity_of, connection, self._resolver, self._bounds)
                return await self._examination.principal(identity)
        except (ConnectorError, TimeoutError) as error:
            reason = connection.without_secrets(str(error))
            log.warning("principal is not known", connection=connection.name, reason=reason)
            return None

    def _pick_up_soon(self, connection: NamedConnection) -> None:
        """Connectors that run with an older version are started anew, one after the other."""
        if self._is_stopping:
            return
        task = asyncio.create_task(self._pick_up(connection))
        self._pick_ups.add(task)
        task.add_done_callback(self._pick_ups.discard)

    async def _pick_up(self, connection: NamedConnection) -> None:
        for user in self._users.users(connection.name):
            async with self._picking_up:
                await self._pick_up_one(connection, user.connector)

    async def _pick_up_one(self, connection: NamedConnection, connector: str) -> None:
        users = self._users.users(connection.name)
        behind = any(user.connector == connector and user.version < connection.version for user in users)
        if not behind or self._is_stopping:
            return
        try:
            await self._users.pick_up(connector)
        except ConnectorError as error:
            log.warning(
                "connector goes on with its former connection",
                connector=connector,
                connection=connection.name,
                reason=connection.without_secrets(str(error)),
            )

    async def _stored(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A call of the store on a thread; one that hangs is left behind."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await asyncio.to_thread(operation, *args, **kwargs)
        except TimeoutError:
            raise ConnectionsTimedOutError(
                f"The store of connections did not answer within {STORE_SECONDS:g} s: look at its disk, then"
                " repeat"
            ) from None


def _trusted(principal: str | None) -> str:
    """What the trust policy names for the principal: the role, where that is a session of one."""
    if principal is None:
        return PLACEHOLDER
    try:
        return trusted_principal(principal)
    except ValueError:
        return principal


def _has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    """Tag keys may hold = as well, so every split is tried."""
    return wanted in tags or any(f"{key}={value}" == wanted for key, value in tags.items())


def _count(tasks: Sequence[int]) -> str:
    return f"{len(tasks)} task" if len(tasks) == 1 else f"{len(tasks)} tasks"
