"""What a named connection is put through before it is READY, and what asks AWS about it.

Nothing is written anywhere, and no service but STS is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.aws.caller import caller
from connector.aws.check import IdentityCheck
from connector.aws.connection import AwsConfig
from connector.aws.identity import Anonymous
from connector.aws.overlay import overlay
from connector.check import Checklist
from connector.config.bounds import Bounds
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.aws.identity import Identity
    from connector.aws.named import NamedConnection
    from connector.config_providers.resolver import Resolver


def config_of(connection: NamedConnection, resolver: Resolver, bounds: Bounds = Bounds()) -> AwsConfig:  # noqa: B008 - it is frozen
    """What a connector has that adds nothing of its own; blocks while references are read.

    Raises:
        ConfigError: The connection is not complete, or holds what cannot be resolved here.
    """
    both = overlay(connection, {})
    resolution = resolver.resolve(both.options)
    config = AwsConfig(resolution.values)
    names = {alias: option.name for option in AwsConfig.options().values() for alias in option.aliases}
    if problems := list(
        resolution.concealed([*both.problems, *config.problems(), *bounds.problems(config)], names)
    ):
        raise ConfigError(problems)
    return config


def identity_of(connection: NamedConnection, resolver: Resolver, bounds: Bounds = Bounds()) -> Identity:  # noqa: B008 - likewise
    """Who signs for such a connector; raises as :func:`config_of`."""
    return config_of(connection, resolver, bounds).identity(connection.name)


async def principal_of(identity: Identity) -> str | None:
    """The ARN of the base identity, which a role's trust policy has to name; None if it is anonymous.

    Raises:
        AccessError: There are no credentials, or AWS refuses them.
        RetriableError: AWS does not answer now.
    """
    if isinstance(identity.base, Anonymous):
        return None
    return await caller(identity)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The checks of one connection.

    Attributes:
        checklist: What is found out; done once.
        principal: Who the worker is, as far as the checks have found out by then.
    """

    checklist: Checklist
    principal: Callable[[], str | None]


def inspect(identity: Identity, asks_sts: bool) -> Inspection:
    """The very checks that begin ``connector aws check``."""
    found = IdentityCheck(identity, sts_matters=asks_sts)
    return Inspection(Checklist(found.checks(), found.hide), lambda: found.caller)


@dataclass(frozen=True, slots=True)
class Examination:
    """What asks AWS about a connection; tests put something else in its place.

    Attributes:
        principal: Tells who the worker is, for the trust policy of a connection that was never validated.
        inspect: Makes the checks for an identity, and for whether STS is part of the connection.
    """

    principal: Callable[[Identity], Awaitable[str | None]] = principal_of
    inspect: Callable[[Identity, bool], Inspection] = inspect
