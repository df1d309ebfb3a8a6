"""Whether AWS takes an identity: credentials are obtained, and AWS is asked whose they are.

Nothing is written anywhere, and no service but STS is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.aws.caller import caller
from connector.aws.connection import AwsConfig
from connector.aws.credentials import obtain, signing_session
from connector.aws.faults import translate
from connector.aws.identity import Anonymous
from connector.aws.overlay import overlay
from connector.aws.transport import client_settings
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiobotocore.session import AioSession

    from connector.aws.identity import Identity
    from connector.aws.named import NamedConnection
    from connector.config_providers.resolver import Resolver


def identity_of(connection: NamedConnection, resolver: Resolver) -> Identity:
    """Who signs for a connector that adds nothing of its own; blocks while references are read.

    Raises:
        ConfigError: The connection is not complete, or holds what cannot be resolved here.
    """
    both = overlay(connection, {})
    resolution = resolver.resolve(both.options)
    config = AwsConfig(resolution.values)
    names = {alias: option.name for option in AwsConfig.options().values() for alias in option.aliases}
    if problems := list(resolution.concealed([*both.problems, *config.problems()], names)):
        raise ConfigError(problems)
    return config.identity(connection.name)


async def principal_of(identity: Identity) -> str | None:
    """The ARN of the base identity, which a role's trust policy has to name; None if it is anonymous.

    Raises:
        AccessError: There are no credentials, or AWS refuses them.
        RetriableError: AWS does not answer now.
    """
    if isinstance(identity.base, Anonymous):
        return None
    return await caller(identity)


async def check_signer(identity: Identity) -> None:
    """See to it that the identity can sign, with its role if it has one; raises as :func:`principal_of`."""
    if identity.role_arn is None:
        return
    session = signing_session(identity)
    await obtain(session)
    await _caller(session, identity)


@dataclass(frozen=True, slots=True)
class Examination:
    """What a connection is put through; more thorough checks take the place of ``check``.

    Attributes:
        principal: Tells who the worker is; known even if the check fails, since the role has to trust it.
        check: Raises AccessError for what the user must change, RetriableError for what may pass.
    """

    principal: Callable[[Identity], Awaitable[str | None]] = principal_of
    check: Callable[[Identity], Awaitable[None]] = check_signer


async def _caller(session: AioSession, identity: Identity) -> str:
    transport = identity.transport
    operation, resource = "GetCallerIdentity", identity.role_arn or "the identity"
    try:
        async with session.create_client(
            "sts",
            region_name=identity.sts_region,
            endpoint_url=transport.sts_endpoint,
            **client_settings(transport),
        ) as sts:
            arn: str = (await sts.get_caller_identity())["Arn"]
    except ConnectorError:
        raise
    except Exception as error:
        translated = translate(error, operation, resource)
        if translated is None:
            raise
        raise translated from error
    return arn
